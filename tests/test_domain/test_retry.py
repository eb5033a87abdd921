"""When to look again."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.retry import BACKOFF_FIRST, BACKOFF_LONGEST, backoff, next_shortfall_look, next_shown_look, replica_wait

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(("failures", "seconds"), [(0, 5), (1, 5), (2, 10), (3, 20), (10, 2560), (11, 3600), (10**6, 3600)])
def test_the_pause_doubles_from_five_seconds_to_an_hour(failures: int, seconds: int) -> None:
    assert backoff(failures) == timedelta(seconds=seconds)


@given(failures=st.integers(0, 10**9), jitter=st.integers(0, 100))
def test_jitter_adds_no_more_than_a_quarter(failures: int, jitter: int) -> None:
    assert backoff(failures) <= backoff(failures, jitter=jitter) <= backoff(failures) * 5 / 4
    assert BACKOFF_FIRST <= backoff(failures, jitter=jitter) <= BACKOFF_LONGEST * 5 / 4


def test_waiters_with_other_jitter_come_back_at_other_times() -> None:
    assert len({backoff(3, jitter=jitter) for jitter in range(101)}) == 101


def test_a_lagging_replica_is_asked_every_five_seconds_for_half_a_minute_and_then_ever_more_rarely() -> None:
    waits = [replica_wait(failures).total_seconds() for failures in range(1, 10)]

    assert waits == [5, 5, 5, 5, 5, 5, 5, 10, 20]


def test_a_shortfall_is_looked_at_after_one_and_six_hours_a_day_and_then_weekly_for_ninety_days() -> None:
    looks, since = [], timedelta(0)
    while (look := next_shortfall_look(since)) is not None:
        looks.append(look)
        since = look

    assert looks == [HOUR, 6 * HOUR, DAY, *(7 * DAY * week for week in range(1, 13))]


@pytest.mark.parametrize(
    ("since", "look"),
    [
        (timedelta(0), HOUR),
        (HOUR - timedelta(microseconds=1), HOUR),
        (HOUR, 6 * HOUR),
        (DAY, 7 * DAY),
        (8 * DAY, 14 * DAY),
        (84 * DAY, None),
        (5000 * DAY, None),
    ],
)
def test_the_next_look_at_a_shortfall_lies_ahead_or_there_is_none(since: timedelta, look: timedelta | None) -> None:
    assert next_shortfall_look(since) == look


def test_a_shown_claim_is_looked_at_four_times_within_the_day() -> None:
    looks, since = [], timedelta(0)
    while (look := next_shown_look(since)) is not None:
        looks.append(look)
        since = look

    assert looks == [timedelta(minutes=10), HOUR, 6 * HOUR, DAY]


@given(moments=st.lists(st.timedeltas(timedelta(0), timedelta(days=120)), min_size=2, max_size=5))
def test_looks_never_go_back(moments: list[timedelta]) -> None:
    for next_look in (next_shortfall_look, next_shown_look):
        looks = [next_look(since) for since in sorted(moments)]

        for since, look in zip(sorted(moments), looks, strict=True):
            assert look is None or look > since
        assert all(later is None or (earlier is not None and earlier <= later) for earlier, later in pairwise(looks))
