"""When a customer is told that points run out: thirty days before, and seven.

Where several lots end on different days, the first mail tells of all that end within the next 37 days, the second of those
within 10. So who shops every day is not written to every day. Example: lots end on the 30th of June and the 3rd of July. The
mail of the 31st of May tells of both, and none goes out on the 3rd of June.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.domain.days import last_day


class Notice(NamedTuple):
    """How many days before their last day points are told of, and how many days earlier, together with others.

    `lasts_at_least`: points that last for fewer days in all are not told of so early.
    """

    days: int
    earlier: int
    lasts_at_least: int


# What lasts for a month would be told of on the day after it came.
NOTICES = (Notice(30, 7, 60), Notice(7, 3, 0))
# No lot that ends later is told of.
FARTHEST = timedelta(days=max(notice.days + notice.earlier for notice in NOTICES) + 2)
# The look of a day begins no earlier than this hour, in the shop's time zone.
FROM = time(9)


class GivenNotice(NamedTuple):
    """That points were told of so many days before their end. `origin`: the entry that first brought them."""

    origin: int
    ends: datetime
    days: int


@dataclass(frozen=True, slots=True)
class EndingLot:
    """A lot that runs out at `ends` if its customer does nothing until then.

    `since`: when that end was set, by points that came or by what the customer did.
    """

    customer_id: int
    email: str
    origin: int
    points: int
    since: datetime
    ends: datetime


def to_tell(lots: Iterable[EndingLot], given: Collection[GivenNotice], now: datetime, time_zone: str) -> list[EndingLot]:
    """Tell which lots of one customer a mail of today is about. None of them: it needs no mail today."""
    left = [(lot, _days_left(lot, now, time_zone)) for lot in lots if lot.ends > now]
    reach = -1
    for notice in NOTICES:
        if any(days <= notice.days and _is_due(lot, notice, given, time_zone) for lot, days in left):
            reach = max(reach, notice.days + notice.earlier)
    return [lot for lot, days in left if days <= reach]


def notices_given(lots: Sequence[EndingLot], given: Collection[GivenNotice], now: datetime, time_zone: str) -> set[GivenNotice]:
    """Tell which notices a mail of today about these lots gives that no mail gave before."""
    return {
        GivenNotice(lot.origin, lot.ends, notice.days)
        for lot in lots
        for notice in NOTICES
        if _days_left(lot, now, time_zone) <= notice.days + notice.earlier
    } - set(given)


def is_time(now: datetime, time_zone: str, looked_on: date | None) -> bool:
    """Tell whether today's look may begin, or go on. `looked_on` is the day of the last look."""
    local = now.astimezone(ZoneInfo(time_zone))
    return local.time() >= FROM or looked_on == local.date()


def _days_left(lot: EndingLot, now: datetime, time_zone: str) -> int:
    return (last_day(lot.ends, time_zone) - now.astimezone(ZoneInfo(time_zone)).date()).days


def _is_due(lot: EndingLot, notice: Notice, given: Collection[GivenNotice], time_zone: str) -> bool:
    lasts = (last_day(lot.ends, time_zone) - lot.since.astimezone(ZoneInfo(time_zone)).date()).days
    return lasts >= notice.lasts_at_least and GivenNotice(lot.origin, lot.ends, notice.days) not in given
