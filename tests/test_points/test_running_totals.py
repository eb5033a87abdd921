"""Running totals: right after whatever moves points, whoever writes it, and folded without anybody waiting."""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from app.db.engine import Database
from app.db.migrations import MIGRATIONS, migrate
from app.db.tables import OrderRow, RunningTotalRow, TotalChangeRow
from app.db.tables.points_entry import EntryKind
from app.db.totals import Totals, fold_changes, orders_by_problem, totals_of
from app.ledger import entries as ledger
from app.providers.embedded import EmbeddedProvider
from app.usecases.operating.total_audits import differing_totals
from tests.clock import START, MovableClock
from tests.test_points.conftest import new_provider, new_store
from tests.test_points.ledger_calls import BOB, all_at_once, change, claims_of, new_claim, post, take
from tests.test_points.test_ledger_upgrade import go_back_to_the_first_version

DAY = timedelta(days=1)
# The revision before the totals.
BEFORE = "0017"
# What keeps the totals; SQLite drops the triggers of a table that a migration builds anew.
TRIGGERS = {
    "points_entry_is_totalled",
    "points_claim_is_totalled",
    "points_claim_change_is_totalled",
    "points_claim_end_is_totalled",
    "order_is_totalled",
    "order_change_is_totalled",
    "order_end_is_totalled",
}


def totals(provider: EmbeddedProvider, days: int = 0) -> Totals:
    with provider.database.reading() as session:
        return totals_of(session, provider.store_id, START + days * DAY)


def points(provider: EmbeddedProvider, days: int = 0) -> tuple[int, int]:
    found = totals(provider, days)
    return found.balances, found.claimable_points


def fold(provider: EmbeddedProvider, limit: int = 5000) -> int:
    with provider.database.writing() as session:
        return fold_changes(session, limit=limit)


def differences(provider: EmbeddedProvider) -> list[str]:
    with provider.database.reading() as session:
        return differing_totals(session, provider.store_id)[1]


def kept(provider: EmbeddedProvider) -> dict[tuple[str, str], int]:
    with provider.database.reading() as session:
        return {(row.kind, row.part): row.amount for row in session.exec(select(RunningTotalRow))}


def changes_left(provider: EmbeddedProvider) -> int:
    with provider.database.reading() as session:
        return len(session.exec(select(TotalChangeRow.id)).all())


def execute(provider: EmbeddedProvider, *statements: str) -> None:
    """Write as a version does that knows nothing of totals."""
    with provider.database.writing() as session:
        for statement in statements:
            session.connection().execute(text(statement))


def have_a_life(provider: EmbeddedProvider) -> None:
    """Leave 12 points with Ada, -3 with Bob, and two claims to be taken: 5 without an end, and 8 until the fourth day."""
    post(provider, 5, -2)
    post(provider, -3, email=BOB, may_go_below_zero=True)
    new_claim(provider, 5)
    take(provider, new_claim(provider, 9))
    change(provider, new_claim(provider, 20, expires_days=3), 8)
    change(provider, new_claim(provider, 30, expires_days=3), 0)
    new_claim(provider, 40, expires_days=1)
    with provider.database.writing() as session:
        found = ledger.claims_past_their_time(session, START + 2 * DAY, limit=9)
        ledger.expire(session, [claim_id for claim_id, _ in found], START + 2 * DAY)


def test_totals_follow_all_that_moves_points(provider: EmbeddedProvider) -> None:
    have_a_life(provider)

    assert points(provider) == (9, 13)
    assert differences(provider) == []


@pytest.mark.parametrize("limit", [1, 2, 5000])
def test_folding_changes_no_total_at_any_moment(provider: EmbeddedProvider, limit: int) -> None:
    have_a_life(provider)

    while fold(provider, limit):
        assert points(provider) == (9, 13)
        assert differences(provider) == []

    assert changes_left(provider) == 0
    assert sum(kept(provider).values()) == 9 + 13


def test_a_claim_counts_no_more_once_its_time_is_over_marked_or_not(provider: EmbeddedProvider) -> None:
    new_claim(provider, 5)
    new_claim(provider, 8, expires_days=3)
    before = [points(provider, days) for days in (0, 3, 4)]
    fold(provider)

    assert before == [points(provider, days) for days in (0, 3, 4)] == [(0, 13), (0, 13), (0, 5)]


def test_a_day_whose_claims_are_all_gone_is_kept_no_more(provider: EmbeddedProvider) -> None:
    claims = [new_claim(provider, 8, expires_days=days) for days in (3, 4)]
    fold(provider)
    assert len(kept(provider)) == 2

    change(provider, claims[0], 0)
    fold(provider)

    assert list(kept(provider).values()) == [8]


def test_orders_are_counted_by_their_problem(provider: EmbeddedProvider) -> None:
    with provider.database.writing() as session:
        for number, code in enumerate(("no_email", "no_email", "unknown", None)):
            session.add(OrderRow(store_id=provider.store_id, saleor_order_id=str(number), problem_code=code, created_at=START))
    fold(provider)
    execute(
        provider,
        """UPDATE "order" SET problem_code = 'gone' WHERE saleor_order_id = '0'""",
        """UPDATE "order" SET problem_code = NULL WHERE saleor_order_id = '2'""",
        """UPDATE "order" SET problem_code = problem_code, failures = 1""",
    )

    found = totals(provider)
    assert found.orders_by_problem == {"no_email": 1, "gone": 1}
    assert found.orders_for_people == 2
    with provider.database.reading() as session:
        assert orders_by_problem(session) == {provider.store_id: {"no_email": 1, "gone": 1}}
    execute(provider, """DELETE FROM "order" WHERE problem_code = 'gone'""")
    assert totals(provider).orders_by_problem == {"no_email": 1}
    assert differences(provider) == []


def test_each_store_has_totals_of_its_own(provider: EmbeddedProvider, clock: MovableClock) -> None:
    other = new_provider(provider.database, new_store(provider.database, clock, "other"))
    post(provider, 5)
    post(other, 7)
    new_claim(other, 3)

    assert (points(provider), points(other)) == ((5, 0), (7, 3))


def test_a_version_that_knows_no_totals_keeps_them_right(provider: EmbeddedProvider) -> None:
    """It writes the tables only: several claims in one statement, other days for claims that wait, and deletes."""
    for days in (1, 2, 3):
        new_claim(provider, 10, expires_days=days)
    first, second, third = (claim.id for claim in claims_of(provider.database))

    execute(provider, f"UPDATE points_claim SET amount = amount + 1, state = 'void' WHERE id IN ({first}, {second})")
    assert points(provider) == (0, 10)
    execute(provider, f"UPDATE points_claim SET state = 'open' WHERE id IN ({first}, {second})")
    execute(provider, f"UPDATE points_claim SET expires_at = NULL WHERE id = {third}")
    assert points(provider, 9) == (0, 10)
    assert points(provider) == (0, 32)
    execute(provider, f"DELETE FROM points_claim WHERE id IN ({first}, {third})")

    assert points(provider) == (0, 11)
    assert differences(provider) == []


def test_a_failed_transaction_changes_no_total(provider: EmbeddedProvider) -> None:
    post(provider, 5)

    entries = [ledger.Entry(BOB, 7, EntryKind.INSTANT), ledger.Entry(BOB, 1, EntryKind.INSTANT, used=1)]
    with pytest.raises(IntegrityError), provider.database.writing() as session:
        ledger.post(session, provider.store_id, entries, START)

    assert points(provider) == (5, 0)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO running_total (store_id, kind, part, amount) SELECT id, 'open_claims', '', -1 FROM store",
        "INSERT INTO running_total (store_id, kind, part, amount) SELECT id, 'problems', 'gone', -1 FROM store",
        "INSERT INTO running_total (store_id, kind, part, amount) SELECT id, 'others', '', 1 FROM store",
        "INSERT INTO total_change (store_id, kind, part, amount) SELECT id, 'balances', '', 0 FROM store",
    ],
)
def test_the_database_refuses_totals_that_cannot_be(provider: EmbeddedProvider, statement: str) -> None:
    with pytest.raises(IntegrityError):
        execute(provider, statement)


def test_workers_that_fold_at_once_add_each_change_once(provider: EmbeddedProvider) -> None:
    for number in range(40):
        post(provider, 1, email=f"customer{number}@example.com")
        new_claim(provider, 2, expires_days=number % 5)

    def fold_all() -> int:
        folded = 0
        while more := fold(provider, 7):
            folded += more
        return folded

    folded = all_at_once([fold_all, fold_all, fold_all, lambda: len(post(provider, *[1] * 20))])

    fold_all()
    assert sum(folded) >= 80
    assert points(provider) == (60, 80)
    assert differences(provider) == []


def test_who_moves_points_waits_for_nobody_who_folds(fresh_postgresql: Callable[[], str], clock: MovableClock) -> None:
    with closing(Database(fresh_postgresql())) as database:
        provider = new_provider(database, new_store(database, clock))
        post(provider, 5)
        with database.writing() as session:
            assert fold_changes(session) == 1
            session.connection().execute(text("SET LOCAL lock_timeout = '1ms'"))
            # Other transactions go on while this one holds its totals; on SQLite there is one writer at a time.
            post(provider, 7, email=BOB)
            assert points(provider) == (12, 0)

        assert points(provider) == (12, 0)


def _go_back(database: Database, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def test_a_store_of_the_version_before_begins_with_its_totals(provider: EmbeddedProvider) -> None:
    have_a_life(provider)
    with provider.database.writing() as session:
        session.add(OrderRow(store_id=provider.store_id, saleor_order_id="1", problem_code="gone", created_at=START))
    _go_back(provider.database, BEFORE)

    migrate(provider.database)

    assert changes_left(provider) == 0
    assert points(provider) == (9, 13)
    assert totals(provider).orders_by_problem == {"gone": 1}
    assert differences(provider) == []
    take(provider, new_claim(provider, 6))
    assert points(provider) == (15, 13)


@pytest.mark.parametrize("is_upgraded", [True, False])
def test_no_migration_leaves_out_a_trigger(database: Database, *, is_upgraded: bool) -> None:
    if is_upgraded:
        go_back_to_the_first_version(database)
        migrate(database)
    names = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if database.is_sqlite
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    )

    with database.engine.connect() as connection:
        assert set(connection.execute(text(names)).scalars()) >= TRIGGERS
