"""Ends of days, and the days that end there, also where clocks change at midnight."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.days import end_of_day, end_of_nth_day, last_day


@pytest.mark.parametrize(
    ("zone", "now", "days", "ends"),
    [
        ("UTC", "2026-05-04T00:00", 0, "2026-05-05T00:00"),
        ("UTC", "2026-05-04T23:59", 1, "2026-05-06T00:00"),
        ("Europe/Warsaw", "2026-05-04T21:59", 1, "2026-05-05T22:00"),
        ("Europe/Warsaw", "2026-05-04T22:00", 1, "2026-05-06T22:00"),
        # The clocks go forward on 29 March, and back on 25 October.
        ("Europe/Warsaw", "2026-03-28T12:00", 0, "2026-03-28T23:00"),
        ("Europe/Warsaw", "2026-03-28T12:00", 1, "2026-03-29T22:00"),
        ("Europe/Warsaw", "2026-10-24T12:00", 0, "2026-10-24T22:00"),
        ("Europe/Warsaw", "2026-10-24T12:00", 1, "2026-10-25T23:00"),
        # The hour that comes twice.
        ("Europe/Warsaw", "2026-10-25T00:30", 0, "2026-10-25T23:00"),
        ("Europe/Warsaw", "2026-10-25T01:30", 0, "2026-10-25T23:00"),
        # Evening of the day before in New York; clocks change on 8 March and 1 November.
        ("America/New_York", "2026-05-05T03:59", 1, "2026-05-06T04:00"),
        ("America/New_York", "2026-05-05T04:00", 1, "2026-05-07T04:00"),
        ("America/New_York", "2026-03-07T18:00", 1, "2026-03-09T04:00"),
        ("America/New_York", "2026-10-31T18:00", 1, "2026-11-02T05:00"),
        # A midnight that there is not: Cairo's clocks jump from 24 o'clock to 1 on 24 April.
        ("Africa/Cairo", "2026-04-23T10:00", 0, "2026-04-23T22:00"),
        # A midnight that comes twice, on 1 November: the day begins with the first.
        ("America/Havana", "2026-10-31T10:00", 0, "2026-11-01T04:00"),
        ("Pacific/Kiritimati", "2026-05-04T12:00", 1, "2026-05-06T10:00"),
    ],
)
def test_days_end_with_the_day_in_the_time_zone(zone: str, now: str, days: int, ends: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)

    assert end_of_nth_day(moment, days, zone) == datetime.fromisoformat(ends).replace(tzinfo=UTC)


@given(
    now=st.datetimes(datetime(2020, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - the strategy adds the zone
    days=st.integers(0, 400),
    zone=st.sampled_from(
        ["UTC", "Europe/Warsaw", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Cairo"]
    ),
)
def test_the_last_moment_lies_on_the_last_day_and_the_end_on_the_next(now: datetime, days: int, zone: str) -> None:
    ends = end_of_nth_day(now, days, zone)
    day = now.astimezone(ZoneInfo(zone)).date() + timedelta(days=days)

    assert last_day(ends, zone) == last_day(ends.astimezone(ZoneInfo(zone)), zone) == day
    assert (ends - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date() == day
    assert ends.astimezone(ZoneInfo(zone)).date() == day + timedelta(days=1)


@pytest.mark.parametrize("time_zone", ["Africa/Cairo", "Asia/Beirut", "America/Havana", "America/Santiago", "Pacific/Kiritimati"])
def test_each_day_of_a_year_is_the_last_one_at_its_end(time_zone: str) -> None:
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]

    assert [last_day(end_of_day(day, time_zone), time_zone) for day in days] == days
