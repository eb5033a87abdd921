"""The limits of what staff may change by hand. Above them, somebody else has to approve the change."""

from datetime import datetime
from enum import StrEnum
from typing import Any

# What a new store begins with: a generous gift, and a busy day of complaints.
NEW_STORE_CHANGE_MAX = 10_000
NEW_STORE_DAY_MAX = 50_000
# All changes that one person makes in a day, and stores keep as sums, fit into 64 bits.
DAY_MAX = 10**12


def new_store_limits(now: datetime) -> dict[str, Any]:
    """Give the limits that a new store begins with, as columns of its row."""
    return {"staff_change_max": NEW_STORE_CHANGE_MAX, "staff_day_max": NEW_STORE_DAY_MAX, "limits_checked_at": now}


class Limit(StrEnum):
    """The limit that a change would exceed.

    CHANGE  the greatest number of points of one change
    DAY     the greatest sum of one person's changes on one day
    """

    CHANGE = "change"
    DAY = "day"


class Wanted(StrEnum):
    """What staff asked for.

    ADJUST     to give points, or to take them
    WRITE_OFF  to close a shortfall: its points are not taken back any more
    """

    ADJUST = "adjust"
    WRITE_OFF = "write_off"


class RequestState(StrEnum):
    """WAITING for somebody to decide; APPROVED and made; REFUSED, and nothing was changed."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
