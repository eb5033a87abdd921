"""When points run out: a store's policy, and the day that it gives to points."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.domain.days import end_of_day, end_of_nth_day

# Points that were spent and come back after their day can be used for so long.
GRACE_DAYS = 14
GRACE_DAYS_MAX = 365
# Fifty years.
MONTHS_MAX = 600


class PolicyKind(StrEnum):
    """How points run out.

    NEVER     they do not
    ROLLING   so many months after they came
    CALENDAR  on a day of each year
    INACTIVE  so many months after the customer last earned or spent points
    """

    NEVER = "never"
    ROLLING = "rolling"
    CALENDAR = "calendar"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class ExpiryPolicy:
    """One version of a store's policy.

    `months` is for ROLLING and INACTIVE. `to_month_end`: ROLLING points last until the end of the month in which their day lies.
    `month` and `day` are the last day of CALENDAR points; in a shorter February it is the last of that month. All days end at
    midnight in `time_zone`.
    """

    kind: PolicyKind = PolicyKind.NEVER
    months: int | None = None
    to_month_end: bool = False
    month: int | None = None
    day: int | None = None
    grace_days: int = GRACE_DAYS
    time_zone: str = "UTC"

    def ends_of(self, came_at: datetime) -> datetime | None:
        """Give the moment at which points that came at a moment run out. None where no day is fixed: NEVER and INACTIVE."""
        came_on = self._day_of(came_at)
        if self.kind is PolicyKind.ROLLING:
            last = months_later(came_on, self.months or 0)
            return self._end(_month_end(last) if self.to_month_end else last)
        if self.kind is PolicyKind.CALENDAR:
            last = self._calendar_day(came_on.year)
            return self._end(last if last >= came_on else self._calendar_day(came_on.year + 1))
        return None

    def ends_when_inactive(self, active_at: datetime) -> datetime:
        """Give the moment at which INACTIVE points run out if the customer does nothing any more."""
        return self._end(months_later(self._day_of(active_at), self.months or 0))

    def grace_ends(self, now: datetime) -> datetime:
        """Give the moment until which points can be used that come back after their day."""
        return end_of_nth_day(now, self.grace_days, self.time_zone)

    def _calendar_day(self, year: int) -> date:
        month = self.month or 1
        return date(year, month, min(self.day or 1, monthrange(year, month)[1]))

    def _day_of(self, moment: datetime) -> date:
        return moment.astimezone(ZoneInfo(self.time_zone)).date()

    def _end(self, day: date) -> datetime:
        return end_of_day(day, self.time_zone)


NEVER = ExpiryPolicy()


def months_later(day: date, months: int) -> date:
    """Give the same day so many months later, or the last of that month where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])
