"""Points that run out: what becomes of lots when points come, go, come back, and when nobody looks."""

from datetime import UTC, datetime

from sqlmodel import select

from app.db.tables import PointsLotUseRow
from app.domain.expiry_policy import ExpiryPolicy, PolicyKind
from app.ledger.customer_moves import move_balance
from app.providers.embedded import EmbeddedProvider
from tests.clock import START
from tests.test_points.ledger_calls import ADA, BOB
from tests.test_points.lot_calls import (
    at,
    available,
    books,
    bring,
    give_back,
    lots,
    ran_out,
    run_daily,
    set_policy,
    spend,
)
from tests.test_points.moves import stored_move

MONTHLY = ExpiryPolicy(PolicyKind.ROLLING, months=1)
INACTIVE = ExpiryPolicy(PolicyKind.INACTIVE, months=1)
# Points of the 4th of May last until the end of the 4th of June.
FIRST_END = datetime(2026, 6, 5, tzinfo=UTC)


def test_points_from_before_any_policy_never_run_out(provider: EmbeddedProvider) -> None:
    bring(provider, 100)
    set_policy(provider, MONTHLY, 1)
    bring(provider, 40, 2)

    assert available(provider, 33) == 140
    assert available(provider, 400) == 100
    assert ran_out(provider.database) == []


def test_what_ran_out_is_written_before_the_next_entry_at_its_own_moment(provider: EmbeddedProvider) -> None:
    set_policy(provider, MONTHLY)
    bring(provider, 100)
    bring(provider, 30, 1)

    bring(provider, 5, 60)

    assert ran_out(provider.database) == [(FIRST_END, 100), (datetime(2026, 6, 6, tzinfo=UTC), 30)]
    assert available(provider, 60) == 5


def test_the_daily_run_writes_what_a_look_up_only_tells(provider: EmbeddedProvider) -> None:
    set_policy(provider, MONTHLY)
    bring(provider, 100)

    told = available(provider, 40)
    assert ran_out(provider.database) == []
    run_daily(provider, 50)

    assert (told, available(provider, 50)) == (0, 0)
    assert ran_out(provider.database) == [(FIRST_END, 100)]


def test_a_spend_takes_the_soonest_ending_points_first_and_those_without_a_day_last(provider: EmbeddedProvider) -> None:
    bring(provider, 10)
    set_policy(provider, MONTHLY)
    bring(provider, 60, 1)
    bring(provider, 60, 2)

    spend(provider, 75, 3)

    assert [left for _, left in lots(provider.database)] == [45]
    assert available(provider, 3) == 55


def test_points_pay_a_debt_first(provider: EmbeddedProvider) -> None:
    set_policy(provider, MONTHLY)
    bring(provider, -30)

    bring(provider, 100, 1)

    assert [left for _, left in lots(provider.database)] == [70]


def test_an_orders_refund_takes_from_its_own_lot_first(provider: EmbeddedProvider) -> None:
    set_policy(provider, MONTHLY)
    bring(provider, 60)
    own = bring(provider, 60, 1)

    bring(provider, -50, 2, undoes=own)

    assert [left for _, left in lots(provider.database)] == [60, 10]


def test_a_refund_that_fails_returns_points_to_the_lot_they_came_from(provider: EmbeddedProvider) -> None:
    set_policy(provider, MONTHLY)
    own = bring(provider, 60)
    debit = bring(provider, -50, 2, undoes=own)

    bring(provider, 20, 3, undoes=debit)
    bring(provider, 30, 4, undoes=debit)

    assert lots(provider.database) == [(FIRST_END, 60)]


def test_what_is_given_back_returns_to_the_latest_ending_lot_first(provider: EmbeddedProvider) -> None:
    bring(provider, 10)
    set_policy(provider, MONTHLY)
    bring(provider, 60, 1)
    bring(provider, 60, 2)
    spent = spend(provider, 130, 3)
    assert spent is not None

    give_back(provider, spent, 50, 4)
    after_first = [left for _, left in lots(provider.database)]
    give_back(provider, spent, 50, 5)

    assert after_first == [40]
    assert [left for _, left in lots(provider.database)] == [30, 60]


def test_what_is_given_back_after_its_day_can_be_used_for_a_grace(provider: EmbeddedProvider) -> None:
    set_policy(provider, MONTHLY)
    bring(provider, 100)
    spent = spend(provider, 80, 1)
    assert spent is not None

    give_back(provider, spent, 80, 40)

    assert available(provider, 40) == 80
    # The 13th of June, and 14 days.
    assert lots(provider.database) == [(datetime(2026, 6, 28, tzinfo=UTC), 80)]
    assert available(provider, 55) == 0


def test_a_change_of_policy_touches_no_older_points(provider: EmbeddedProvider) -> None:
    set_policy(provider, MONTHLY)
    bring(provider, 100)
    set_policy(provider, ExpiryPolicy(), 1)
    bring(provider, 50, 2)

    assert available(provider, 400) == 50


def test_inactive_points_last_while_the_customer_earns_or_spends(provider: EmbeddedProvider) -> None:
    set_policy(provider, INACTIVE)
    bring(provider, 100)
    spend(provider, 10, 25)

    bring(provider, 5, 50)

    assert available(provider, 80) == 95
    assert available(provider, 82) == 0


def test_an_abandoned_spend_is_no_activity(provider: EmbeddedProvider) -> None:
    set_policy(provider, INACTIVE)
    bring(provider, 100)
    spent = spend(provider, 10, 30)
    assert spent is not None

    give_back(provider, spent, 10, 33)

    # What was not spent ran out, and what was has a grace.
    assert ran_out(provider.database) == [(at(33), 90)]
    assert available(provider, 33) == 10
    assert available(provider, 48) == 0


def test_an_import_can_say_the_day(provider: EmbeddedProvider) -> None:
    bring(provider, 100, ends=datetime(2026, 7, 1, tzinfo=UTC))

    assert available(provider, 57) == 100
    assert available(provider, 58) == 0


def test_a_moved_customers_lots_keep_their_days(provider: EmbeddedProvider) -> None:
    bring(provider, 7)
    set_policy(provider, MONTHLY)
    bring(provider, 60)
    bring(provider, 30, 1)
    bring(provider, -20, 1, email=BOB)

    with provider.database.writing() as session:
        move_id = stored_move(session, provider.store_id, at(2))
        move_balance(session, provider.store_id, ADA, BOB, BOB, move_id=move_id, now=at(2))

    assert lots(provider.database) == []
    assert [left for _, left in lots(provider.database, BOB)] == [40, 30]
    assert available(provider, 32, BOB) == 37
    assert available(provider, 60, BOB) == 7


def test_a_store_without_a_policy_has_no_lots(provider: EmbeddedProvider) -> None:
    bring(provider, 100)
    spent = spend(provider, 40, 1)
    assert spent is not None
    give_back(provider, spent, 40, 2)

    entries, stored_lots, _, [customer] = books(provider.database)

    assert len(entries) == 3
    assert stored_lots == []
    assert (customer["ends_next"], customer["active_at"]) == (None, None)
    with provider.database.reading() as session:
        assert session.exec(select(PointsLotUseRow)).all() == []
    assert at(0) == START
