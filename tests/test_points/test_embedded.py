"""The embedded provider: claims that can be changed and seen, and balances that hold what was put there."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.db.tables.points_claim import PointsClaimState
from app.domain.bounds import CUSTOMER_TYPE_LENGTH_MAX, EXPIRES_DAYS_MAX, POINTS_MAX
from app.domain.claim import Balance, ClaimState
from app.domain.days import end_of_nth_day
from app.providers.embedded import ARRAY_MAX, EmbeddedProvider
from app.providers.protocol import INSUFFICIENT, Accepted, Ask, AskKind, Overtaken, Rejected
from tests.clock import START, MovableClock
from tests.test_points.conftest import BASE_URL, new_provider, new_store
from tests.test_points.ledger_calls import (
    ADA,
    BOB,
    asked,
    balance,
    change,
    claims_of,
    customers_of,
    entries_of,
    instant,
    mark_of,
    new_claim,
    take,
)

A_MICROSECOND = timedelta(microseconds=1)
TOO_LONG_FOLDED = "ß" * 100 + "@" + "ß" * 100


def test_a_claims_link_leads_to_this_app(provider: EmbeddedProvider) -> None:
    claim = new_claim(provider, 5)

    assert claim.claim_url == f"{BASE_URL}/claim/points/{claim.claim_token}"


def test_a_token_stands_in_the_database_only_sealed_and_as_a_mark(provider: EmbeddedProvider) -> None:
    claim = new_claim(provider, 5)
    assert claim.claim_token is not None

    with provider.database.reading() as session:
        dump = " ".join(str(row) for row in session.connection().execute(text("SELECT * FROM points_claim")))

    assert mark_of(claim) in dump
    assert claim.claim_token not in dump
    assert provider.sealer.open(claims_of(provider.database)[0].token_sealed) == claim.claim_token


# Amounts and customers that the tables cannot hold.


@pytest.mark.parametrize("points", [0, -1, -POINTS_MAX, POINTS_MAX + 1, 2**63, 10**30])
def test_a_claim_of_an_amount_out_of_bounds_is_rejected_and_its_neighbours_go_through(
    provider: EmbeddedProvider, points: int
) -> None:
    outcomes = asked(provider, AskKind.CLAIM, [Ask(uuid4(), 5, ADA), Ask(uuid4(), points, ADA), Ask(uuid4(), 6, ADA)])

    assert [type(outcome) for outcome in outcomes] == [Accepted, Rejected, Accepted]
    assert [claim.amount for claim in claims_of(provider.database)] == [5, 6]


@pytest.mark.parametrize("points", [0, POINTS_MAX + 1, -POINTS_MAX - 1, 10**30, -(10**30)])
def test_an_instant_of_an_amount_out_of_bounds_is_rejected_and_its_neighbours_go_through(
    provider: EmbeddedProvider, points: int
) -> None:
    asks = [Ask(uuid4(), amount, ADA, may_go_below_zero=True) for amount in (5, points, 6)]

    outcomes = asked(provider, AskKind.INSTANT, asks)

    assert [type(outcome) for outcome in outcomes] == [Accepted, Rejected, Accepted]
    assert balance(provider) == Balance(11, 0)


@pytest.mark.parametrize("points", [1, POINTS_MAX])
def test_the_least_and_the_greatest_amount_go_through(provider: EmbeddedProvider, points: int) -> None:
    assert take(provider, new_claim(provider, points))
    assert instant(provider, points) == Accepted()
    assert instant(provider, -points) == Accepted()

    assert balance(provider) == Balance(points, 0)


@pytest.mark.parametrize("email", ["", "  ", "a" * 321, "ada\x00@example.com", "ada\ud800@example.com", TOO_LONG_FOLDED])
def test_an_instant_for_nobody_or_for_what_is_no_text_is_rejected_alone(provider: EmbeddedProvider, email: str) -> None:
    outcomes = asked(provider, AskKind.INSTANT, [Ask(uuid4(), 5, ADA), Ask(uuid4(), 5, email)])

    assert [type(outcome) for outcome in outcomes] == [Accepted, Rejected]
    assert [customer.email for customer in customers_of(provider.database)] == [ADA]


@pytest.mark.parametrize(
    "bad",
    [
        Ask(uuid4(), 5, "a" * 321),
        Ask(uuid4(), 5, "ada\x00@example.com"),
        Ask(uuid4(), 5, TOO_LONG_FOLDED),
        Ask(uuid4(), 5, ADA, customer_type="x" * (CUSTOMER_TYPE_LENGTH_MAX + 1)),
        Ask(uuid4(), 5, ADA, customer_type="In\x00ternal"),
        Ask(uuid4(), 5, ADA, expires_days=-1),
        Ask(uuid4(), 5, ADA, expires_days=EXPIRES_DAYS_MAX + 1),
        Ask(uuid4(), 5, ADA, expires_days=10**12),
    ],
)
def test_a_claim_that_the_tables_cannot_hold_is_rejected_alone(provider: EmbeddedProvider, bad: Ask) -> None:
    outcomes = asked(provider, AskKind.CLAIM, [Ask(uuid4(), 5, ADA), bad])

    assert [type(outcome) for outcome in outcomes] == [Accepted, Rejected]


def test_a_claim_may_last_a_hundred_years(provider: EmbeddedProvider) -> None:
    assert new_claim(provider, 5, expires_days=EXPIRES_DAYS_MAX).expires_on is not None


def test_the_longest_array_has_a_bound(provider: EmbeddedProvider) -> None:
    assert {provider.array_max(kind) for kind in AskKind} == {ARRAY_MAX}


# Balances.


def test_a_debit_below_zero_is_refused_with_its_code_and_takes_nothing(provider: EmbeddedProvider) -> None:
    instant(provider, 10)

    outcome = instant(provider, -11)

    assert isinstance(outcome, Rejected)
    assert outcome.code == INSUFFICIENT
    assert balance(provider) == Balance(10, 0)


def test_a_debit_of_all_there_is_leaves_nothing(provider: EmbeddedProvider) -> None:
    instant(provider, 10)

    assert instant(provider, -10) == Accepted()
    assert balance(provider) == Balance(0, 0)


def test_a_debit_may_leave_a_debt_where_that_is_allowed_and_later_points_pay_it(provider: EmbeddedProvider) -> None:
    assert instant(provider, -10, may_go_below_zero=True) == Accepted()
    assert balance(provider) == Balance(-10, 0)

    take(provider, new_claim(provider, 25))

    assert balance(provider) == Balance(15, 0)


def test_a_credit_goes_through_however_deep_the_debt(provider: EmbeddedProvider) -> None:
    instant(provider, -10, may_go_below_zero=True)

    assert instant(provider, 3) == Accepted()


def test_debits_of_one_array_see_what_those_before_them_left(provider: EmbeddedProvider) -> None:
    asks = [Ask(uuid4(), points, ADA) for points in (10, -7, -7, -3, -1)]

    outcomes = asked(provider, AskKind.INSTANT, asks)

    assert [type(outcome) for outcome in outcomes] == [Accepted, Accepted, Rejected, Accepted, Rejected]
    assert balance(provider) == Balance(0, 0)


def test_a_refused_debit_may_be_asked_for_again_under_its_id_once_points_are_there(provider: EmbeddedProvider) -> None:
    debit = Ask(uuid4(), -5, ADA)
    [refused] = asked(provider, AskKind.INSTANT, [debit])
    instant(provider, 5)

    [accepted] = asked(provider, AskKind.INSTANT, [debit])

    assert isinstance(refused, Rejected)
    assert accepted == Accepted()
    assert balance(provider) == Balance(0, 0)


def test_an_instant_asked_for_twice_is_done_once_even_in_one_array(provider: EmbeddedProvider) -> None:
    credit = Ask(uuid4(), 5, ADA)

    outcomes = [*asked(provider, AskKind.INSTANT, [credit, credit]), *asked(provider, AskKind.INSTANT, [credit])]

    assert outcomes == [Accepted()] * 3
    assert len(entries_of(provider.database)) == 1


def test_a_debit_that_was_done_stands_when_it_is_asked_for_again_with_nothing_left(provider: EmbeddedProvider) -> None:
    instant(provider, 5)
    debit = Ask(uuid4(), -5, ADA)

    outcomes = [asked(provider, AskKind.INSTANT, [debit]) for _ in range(2)]

    assert outcomes == [(Accepted(),), (Accepted(),)]
    assert balance(provider) == Balance(0, 0)


def test_stores_keep_their_customers_apart(provider: EmbeddedProvider, clock: MovableClock) -> None:
    other = new_provider(provider.database, new_store(provider.database, clock, "other"))

    instant(provider, 5)
    instant(other, 7)

    assert (balance(provider), balance(other)) == (Balance(5, 0), Balance(7, 0))


# Claims that change.


def test_a_claim_asked_for_twice_is_one_claim_with_one_link(provider: EmbeddedProvider) -> None:
    ask = Ask(uuid4(), 5, ADA, expires_days=3)

    [first], [again] = (asked(provider, AskKind.CLAIM, [ask], now) for now in (START, START + timedelta(days=1)))

    assert isinstance(first, Accepted)
    assert again == first
    assert first.claim_token == again.claim_token
    assert len(claims_of(provider.database)) == 1


@pytest.mark.parametrize("points", [1, 3, 8, POINTS_MAX])
def test_an_open_claim_grows_and_shrinks_in_place(provider: EmbeddedProvider, points: int) -> None:
    claim = new_claim(provider, 5)

    assert change(provider, claim, points) == Accepted()
    assert take(provider, claim)

    assert balance(provider) == Balance(points, 0)


def test_a_void_claim_cannot_be_taken(provider: EmbeddedProvider) -> None:
    claim = new_claim(provider, 5)

    assert change(provider, claim, 0) == Accepted()
    assert not take(provider, claim)

    assert provider.seen_claims([mark_of(claim)], now=START)[mark_of(claim)].state is ClaimState.VOID
    assert balance(provider) == Balance(0, 0)


def test_a_claim_voided_twice_is_void(provider: EmbeddedProvider) -> None:
    claim = new_claim(provider, 5)

    assert [change(provider, claim, 0), change(provider, claim, 0)] == [Accepted(), Accepted()]


def test_a_change_asked_for_twice_is_done_once_and_accepted_although_the_claim_was_taken_since(
    provider: EmbeddedProvider,
) -> None:
    claim = new_claim(provider, 5)
    change(provider, claim, 8)
    take(provider, claim)

    assert change(provider, claim, 8) == Accepted()
    assert balance(provider) == Balance(8, 0)


@pytest.mark.parametrize("points", [0, 3, 8])
def test_a_change_is_overtaken_by_the_shopper_who_takes_first(provider: EmbeddedProvider, points: int) -> None:
    claim = new_claim(provider, 5)
    take(provider, claim)

    assert change(provider, claim, points) == Overtaken()

    assert (balance(provider), claims_of(provider.database)[0].amount) == (Balance(5, 0), 5)


def test_a_claim_past_its_time_can_be_voided_and_shrunk_but_not_grown(provider: EmbeddedProvider) -> None:
    claim = new_claim(provider, 5, expires_days=1)
    later = START + timedelta(days=3)

    grown, shrunk, voided = (change(provider, claim, points, later) for points in (8, 3, 0))

    assert isinstance(grown, Overtaken)
    assert (shrunk, voided) == (Accepted(), Accepted())


def test_a_void_claim_does_not_come_back(provider: EmbeddedProvider) -> None:
    claim = new_claim(provider, 5)
    change(provider, claim, 0)

    assert isinstance(change(provider, claim, 5), Overtaken)
    assert claims_of(provider.database)[0].state == PointsClaimState.VOID


@pytest.mark.parametrize("points", [-1, POINTS_MAX + 1, 10**30])
def test_a_change_to_an_amount_out_of_bounds_is_rejected(provider: EmbeddedProvider, points: int) -> None:
    claim = new_claim(provider, 5)

    assert isinstance(change(provider, claim, points), Rejected)
    assert claims_of(provider.database)[0].amount == 5


@pytest.mark.parametrize("mark", [None, "", "0" * 64])
def test_a_change_of_a_claim_that_nobody_knows_is_rejected(provider: EmbeddedProvider, mark: str | None) -> None:
    [outcome] = asked(provider, AskKind.CHANGE, [Ask(uuid4(), 5, token_mark=mark)])

    assert isinstance(outcome, Rejected)


def test_changes_of_several_claims_are_answered_in_order(provider: EmbeddedProvider) -> None:
    first, second, third = (new_claim(provider, 5) for _ in range(3))
    take(provider, second)

    outcomes = asked(
        provider,
        AskKind.CHANGE,
        [Ask(uuid4(), points, token_mark=mark_of(claim)) for claim, points in ((third, 9), (second, 0), (first, 0))],
    )

    assert outcomes == (Accepted(), Overtaken(), Accepted())
    assert [claim.amount for claim in claims_of(provider.database)] == [0, 5, 9]


# Claims that are seen.


def test_a_claim_is_seen_with_its_state_amount_and_taker(provider: EmbeddedProvider) -> None:
    unbound, bound, void = new_claim(provider, 5, ""), new_claim(provider, 6, ADA, expires_days=1), new_claim(provider, 7)
    take(provider, unbound, f" {BOB.upper()}")
    change(provider, void, 0)

    seen = provider.seen_claims([mark_of(claim) for claim in (unbound, bound, void)] + ["0" * 64], now=START)

    assert {mark: (claim.state, claim.points, claim.taken_by) for mark, claim in seen.items()} == {
        mark_of(unbound): (ClaimState.TAKEN, 5, BOB.upper()),
        mark_of(bound): (ClaimState.OPEN, 6, None),
        mark_of(void): (ClaimState.VOID, 0, None),
    }
    assert seen[mark_of(unbound)].taken_at == START


def test_a_taken_claim_stays_taken_after_its_time(provider: EmbeddedProvider) -> None:
    claim = new_claim(provider, 5, expires_days=1)
    take(provider, claim)

    seen = provider.seen_claims([mark_of(claim)], now=START + timedelta(days=99))

    assert seen[mark_of(claim)].state is ClaimState.TAKEN


# Days.


@pytest.mark.parametrize("zone", ["Europe/Warsaw", "America/New_York"])
def test_a_claim_can_be_taken_to_the_last_moment_of_its_last_day_and_no_later(provider: EmbeddedProvider, zone: str) -> None:
    local = new_provider(provider.database, provider.store_id, zone)
    in_time, late = (new_claim(local, 5, expires_days=2) for _ in range(2))
    ends = end_of_nth_day(START, 2, zone)

    assert take(local, in_time, now=ends - A_MICROSECOND)
    assert not take(local, late, now=ends)

    states = [claim.state for claim in local.seen_claims([mark_of(in_time), mark_of(late)], now=ends).values()]
    assert sorted(states) == [ClaimState.EXPIRED, ClaimState.TAKEN]


def test_the_last_day_told_is_the_stores_and_not_that_of_utc(provider: EmbeddedProvider) -> None:
    midnight = datetime(2026, 5, 4, 23, 30, tzinfo=UTC)
    warsaw, new_york = (
        new_claim(new_provider(provider.database, provider.store_id, zone), 5, expires_days=1, now=midnight).expires_on
        for zone in ("Europe/Warsaw", "America/New_York")
    )

    assert (str(warsaw), str(new_york)) == ("2026-05-06", "2026-05-05")
