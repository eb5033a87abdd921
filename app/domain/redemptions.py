"""Rewards that customers took: where each stands, and what is to be done next with it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

# A checkout that is being completed holds a code for up to three minutes. Then all of its use can be seen.
BLOCKED_FOR = timedelta(minutes=10)
# A request whose answer was lost has arrived by then, or never will.
LOST_FOR = timedelta(minutes=10)
# Saleor tells nobody that a code was used. It is asked often at first: most codes are used soon. An order of the customer that
# gift cards paid a part of brings the look at theirs forward.
_LOOKS = ((timedelta(days=2), timedelta(hours=1)), (timedelta(days=30), timedelta(hours=6)))
_LOOK_LATER = timedelta(days=1)


class RedemptionStage(StrEnum):
    """Where a redemption stands.

    ASKED        the account was asked for the points and has not answered yet
    REFUSED      nothing was taken; an end
    TAKEN        the points are taken, and the code is being made
    GIVEN        the code exists, and the customer may see it
    WITHDRAWING  the code is being blocked: some minutes later it shows whether an order has used it
    RETURNING    points go back, and the account has not answered yet
    USED         all of it was used; an end
    EXPIRED      its time is over, and what was left is settled; an end
    WITHDRAWN    it was taken back, and what was left is settled; an end
    NOT_MADE     Saleor did not make the code, and the points went back; an end
    """

    ASKED = "asked"
    REFUSED = "refused"
    TAKEN = "taken"
    GIVEN = "given"
    WITHDRAWING = "withdrawing"
    RETURNING = "returning"
    USED = "used"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    NOT_MADE = "not_made"


class BackReason(StrEnum):
    """Why a redemption ends without having been used up.

    NOT_MADE   Saleor did not make the code
    WITHDRAWN  the customer or staff gave it back
    EXPIRED    it was not used in time
    """

    NOT_MADE = "not_made"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


ENDS = frozenset(
    {
        RedemptionStage.REFUSED,
        RedemptionStage.USED,
        RedemptionStage.EXPIRED,
        RedemptionStage.WITHDRAWN,
        RedemptionStage.NOT_MADE,
    }
)
# These count for nobody's limit: the customer got nothing for good.
UNCOUNTED = frozenset({RedemptionStage.REFUSED, RedemptionStage.WITHDRAWN, RedemptionStage.NOT_MADE})
# The problem codes of those that staff settled: the points of what no order used went back (written by older versions), or nobody
# gets them.
SETTLED = "settled"
LEFT = "left"
# The gift card was deleted in Saleor.
DELETED = "deleted"
# The voucher of a code that was given was deleted in Saleor, and its codes with it.
VOUCHER_GONE = "voucher_gone"
# Staff, or the customer, may take these back; and these staff may settle, where the gift card was deleted.
WITHDRAWABLE = frozenset({RedemptionStage.TAKEN, RedemptionStage.GIVEN})
SETTLEABLE = frozenset({RedemptionStage.GIVEN, RedemptionStage.WITHDRAWING})
# The code surely exists, and may be shown.
SHOWN = frozenset({RedemptionStage.GIVEN, RedemptionStage.USED})
END_OF = {
    BackReason.NOT_MADE: RedemptionStage.NOT_MADE,
    BackReason.WITHDRAWN: RedemptionStage.WITHDRAWN,
    BackReason.EXPIRED: RedemptionStage.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Given:
    """A code that was given: its points, and, in the smallest unit, what its card held and orders used. A voucher is 1 of 1."""

    points: int
    amount_units: int
    used_units: int

    @property
    def is_used_up(self) -> bool:
        return self.used_units >= self.amount_units


def points_back(given: Given, why: BackReason, *, return_on_expiry: bool) -> int:
    """Tell how many points come back of what no order has used, rounded down.

    Example: 500 points bought a card of 10.00; an order used 6.66 of it; 167 points come back.
    """
    if why is BackReason.EXPIRED and not return_on_expiry:
        return 0
    left = max(0, given.amount_units - given.used_units)
    return given.points * left // given.amount_units


def last_day_of_code(taken_at: datetime, days_valid: int | None) -> date | None:
    """Tell the last day on which a code is good, of Saleor's calendar. It keeps days in UTC."""
    return None if days_valid is None else taken_at.date() + timedelta(days=days_valid)


def next_look(given_at: datetime, now: datetime, over_at: datetime | None) -> datetime:
    """Tell when a code is looked at next: to see whether it was used, and when its time is over."""
    age = now - given_at
    rhythm = next((pause for until, pause in _LOOKS if age < until), _LOOK_LATER)
    return now + rhythm if over_at is None else min(now + rhythm, max(now, over_at))
