"""What can be concluded about a claim that an account does not show."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.claim import Balance, ClaimState, runs_out_at, surely_over_at, taken_since_shown

POINTS = st.integers(0, 10_000)


def is_taken(points: int, shown: Balance, now: Balance, *, own: int = 0, others: int = 0) -> bool:
    return taken_since_shown(points, shown=shown, now=now, own_movements=own, other_claims=others)


@pytest.mark.parametrize(("available", "expected"), [(149, False), (150, True), (151, True)])
def test_a_claim_counts_as_taken_once_the_balance_rose_by_its_amount(available: int, expected: bool) -> None:
    assert is_taken(50, Balance(100, 0), Balance(available, 0)) is expected


def test_points_that_were_taken_and_spent_are_seen_all_the_same() -> None:
    assert is_taken(50, Balance(100, 20), Balance(10, 160))


def test_spending_alone_is_no_taking() -> None:
    assert not is_taken(50, Balance(100, 0), Balance(0, 100))


def test_our_own_credit_is_not_mistaken_for_a_claim_that_was_taken() -> None:
    assert not is_taken(50, Balance(100, 0), Balance(150, 0), own=50)
    assert is_taken(50, Balance(100, 0), Balance(200, 0), own=50)


def test_our_own_debit_does_not_hide_a_claim_that_was_taken() -> None:
    assert is_taken(50, Balance(100, 0), Balance(120, 0), own=-30)


def test_another_claim_that_was_taken_does_not_count_for_this_one() -> None:
    assert not is_taken(50, Balance(100, 0), Balance(150, 0), others=50)


@given(points=st.integers(1, 10_000), available=POINTS, used=POINTS, spent=POINTS, own=st.integers(-100, 100), others=POINTS)
def test_whatever_else_happens_a_claim_is_seen_when_taken_and_not_before(
    points: int, available: int, used: int, spent: int, own: int, others: int
) -> None:
    shown = Balance(available, used)
    before = Balance(available + own + others - spent, used + spent)
    after = Balance(before.available + points, before.used)

    assert not is_taken(points, shown, before, own=own, others=others)
    assert is_taken(points, shown, after, own=own, others=others)


MAY_5 = date(2026, 5, 5)


def test_a_link_that_nobody_saw_ends_with_the_stores_own_day() -> None:
    assert runs_out_at(ClaimState.OPEN, MAY_5, "UTC") == datetime(2026, 5, 6, tzinfo=UTC)
    assert runs_out_at(ClaimState.OPEN, MAY_5, "Europe/Berlin") == datetime(2026, 5, 5, 22, tzinfo=UTC)
    assert runs_out_at(ClaimState.OPEN, MAY_5, "America/New_York") == datetime(2026, 5, 6, 4, tzinfo=UTC)


def test_a_link_that_was_shown_ends_when_its_day_is_over_everywhere() -> None:
    assert runs_out_at(ClaimState.SHOWN, MAY_5, "Pacific/Kiritimati") == datetime(2026, 5, 6, 12, tzinfo=UTC)


@pytest.mark.parametrize("last_day", [None, date(9999, 12, 31)])
def test_a_claim_without_a_last_day_never_runs_out(last_day: date | None) -> None:
    assert runs_out_at(ClaimState.OPEN, last_day, "UTC") is None


@pytest.mark.parametrize("state", [ClaimState.TAKEN, ClaimState.VOID, ClaimState.EXPIRED])
def test_a_claim_that_waits_no_more_does_not_run_out(state: ClaimState) -> None:
    assert runs_out_at(state, MAY_5, "UTC") is None


@given(
    now=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the strategy adds the zone
    hours=st.integers(-12, 14),
    days=st.integers(-5, 5),
)
def test_a_day_that_is_surely_over_is_over_in_every_time_zone(now: datetime, hours: int, days: int) -> None:
    last_day = now.date() + timedelta(days=days)

    if surely_over_at(last_day) <= now:
        assert now.astimezone(timezone(timedelta(hours=hours))).date() > last_day
