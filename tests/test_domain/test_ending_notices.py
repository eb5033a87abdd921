"""When customers are told that points run out: which lots a mail of a day is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from app.domain.ending_notices import EndingLot, GivenNotice, is_time, notices_given, to_tell

# The last day is the 30th of June.
ENDS = datetime(2026, 7, 1, tzinfo=UTC)


def lot(number: int, *, later: int = 0, lasts: int = 365) -> EndingLot:
    ends = ENDS + timedelta(days=later)
    return EndingLot(1, "ada@example.com", number, 40, ends - timedelta(days=lasts), ends)


LOT = lot(1)
FIRST, SECOND = GivenNotice(1, ENDS, 30), GivenNotice(1, ENDS, 7)


def days_before(days: int) -> datetime:
    """Give nine o'clock of so many days before the last day."""
    return ENDS - timedelta(days=days + 1) + timedelta(hours=9)


def told_on(*lots: EndingLot) -> list[tuple[int, list[int]]]:
    """Look every day, and give the days before the last day of the first lot on which there is a mail, and what it is about."""
    given, found = set[GivenNotice](), []
    for days in range(60, -20, -1):
        now = days_before(days)
        told = to_tell([one for one in lots if one.since < now], given, now, "UTC")
        new = notices_given(told, given, now, "UTC")
        assert bool(new) == bool(told)
        given |= new
        if told:
            found.append((days, [one.origin for one in told]))
    return found


def test_a_lot_is_told_of_thirty_days_before_and_seven() -> None:
    assert told_on(LOT) == [(30, [1]), (7, [1])]


def test_lots_that_end_on_one_day_are_one_mail() -> None:
    assert told_on(lot(1), lot(2)) == [(30, [1, 2]), (7, [1, 2])]


def test_lots_that_end_soon_after_one_another_are_told_of_together() -> None:
    assert told_on(lot(1), lot(2, later=3), lot(3, later=7)) == [(30, [1, 2, 3]), (7, [1, 2]), (0, [1, 2, 3])]


def test_who_earns_every_day_is_written_to_once_in_four_days_at_most() -> None:
    days = [days for days, _ in told_on(*(lot(number, later=number - 1) for number in range(1, 11)))]

    assert all(before - after >= 3 for before, after in pairwise(days)), days


@pytest.mark.parametrize(("lasts", "told"), [(31, [7]), (14, [7]), (60, [7]), (61, [30, 7]), (3, [2])])
def test_points_that_last_for_a_month_are_not_told_of_on_the_day_after_they_came(lasts: int, told: list[int]) -> None:
    assert [days for days, _ in told_on(lot(1, lasts=lasts))] == told


def test_a_look_that_comes_late_gives_both_notices_at_once_and_none_again() -> None:
    late = days_before(5)

    assert to_tell([LOT], set(), late, "UTC") == [LOT]
    assert notices_given([LOT], set(), late, "UTC") == {FIRST, SECOND}
    assert to_tell([LOT], {FIRST, SECOND}, days_before(4), "UTC") == []


def test_what_ran_out_is_told_of_no_more() -> None:
    assert to_tell([LOT], set(), ENDS, "UTC") == []


def test_an_end_that_activity_moved_is_told_of_anew() -> None:
    moved = replace(LOT, since=days_before(7), ends=ENDS + timedelta(days=90))

    assert to_tell([moved], {FIRST, SECOND}, days_before(6), "UTC") == []
    assert to_tell([moved], {FIRST, SECOND}, ENDS + timedelta(days=62), "UTC") == [moved]


def test_who_shops_every_month_is_not_told_after_each_order_that_points_end_a_month_later() -> None:
    moved = replace(LOT, since=days_before(7), ends=days_before(7) + timedelta(days=31))

    assert to_tell([moved], {FIRST, SECOND}, days_before(6), "UTC") == []


def test_a_shop_that_moves_to_another_time_zone_tells_nothing_again() -> None:
    later = days_before(29)

    for zone in ("Pacific/Honolulu", "Asia/Tokyo"):
        assert to_tell([LOT], {FIRST}, later, zone) == []


def test_nobody_is_written_to_at_night_in_the_shops_time_zone() -> None:
    six = datetime(2026, 6, 1, 6, tzinfo=UTC)

    assert not is_time(six, "Europe/Berlin", None)
    assert is_time(six + timedelta(hours=1), "Europe/Berlin", None)
    assert is_time(six, "Asia/Tokyo", None)
