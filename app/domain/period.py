"""The spans of days over which points are added up, each with the span before it to compare with."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Period(StrEnum):
    """So many days up to today; or twelve calendar months, of which the last is the one that goes on."""

    DAYS_7 = "7d"
    DAYS_30 = "30d"
    DAYS_90 = "90d"
    MONTHS_12 = "12m"


@dataclass(frozen=True, slots=True)
class Span:
    """Days in a row; both ends count."""

    first: date
    last: date


_DAYS = {Period.DAYS_7: 7, Period.DAYS_30: 30, Period.DAYS_90: 90}


def span_of(period: Period, today: date) -> Span:
    """List the days of a period that ends today."""
    if period is Period.MONTHS_12:
        return Span(_next_month(today.replace(year=today.year - 1, day=1)), today)
    return Span(today - timedelta(days=_DAYS[period] - 1), today)


def span_before(period: Period, today: date) -> Span:
    """Give what to compare it with: as many days before; of twelve months, the same days a year before."""
    if period is Period.MONTHS_12:
        return span_of(period, _year_before(today))
    return span_of(period, today - timedelta(days=_DAYS[period]))


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _year_before(day: date) -> date:
    # The 29th of February has no day a year before it.
    return day.replace(year=day.year - 1, day=min(day.day, 28) if day.month == 2 else day.day)
