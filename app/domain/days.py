"""Where a day ends, by the clocks of a time zone. What is good for days is good until such an end."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def end_of_day(day: date, time_zone: str) -> datetime:
    """Give the end of a day in UTC: the first moment that is not a part of it."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def end_of_nth_day(now: datetime, days: int, time_zone: str) -> datetime:
    """Give the end of the n-th day after today, in UTC."""
    return end_of_day(now.astimezone(ZoneInfo(time_zone)).date() + timedelta(days=days), time_zone)


def last_day(ends: datetime, time_zone: str) -> date:
    """Give the day that ends at a moment.

    It is the day of the moment before, counted in UTC: where clocks jump from midnight to one o'clock, a microsecond less on
    the clock is still the next day.
    """
    return (ends.astimezone(UTC) - timedelta(microseconds=1)).astimezone(ZoneInfo(time_zone)).date()
