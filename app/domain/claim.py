"""The life of an order's claim link, and what an account that shows no claims lets us conclude about it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum


class ClaimState(StrEnum):
    """Where a claim stands.

    OPEN      nobody has taken it, and it can be withdrawn
    SHOWN     its link has left the house and the account tells nothing: it may be taken at any time
    TAKEN     its points are in somebody's balance
    VOID      withdrawn
    EXPIRED   its time is over; nobody took it
    """

    OPEN = "open"
    SHOWN = "shown"
    TAKEN = "taken"
    VOID = "void"
    EXPIRED = "expired"


LIVE = frozenset({ClaimState.OPEN, ClaimState.SHOWN})

# The provider counts days without saying in which time zone: only a day later is an unseen claim surely past.
SURELY_EXPIRED_AFTER = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account says of one customer, in points."""

    available: int
    used: int

    @property
    def ever(self) -> int:
        """All that the customer ever had. Spending moves points from available to used and leaves this alone."""
        return self.available + self.used


# What somebody has of whom an account knows nothing.
NO_POINTS = Balance(0, 0)


def taken_since_shown(claim_points: int, *, shown: Balance, now: Balance, own_movements: int, other_claims: int) -> bool:
    """Conclude from two balances whether a shown claim has been taken.

    `own_movements` is the signed sum of our INSTANTs for this customer since the claim was shown, `other_claims` the points
    that other claims of this customer brought, or may have brought, since then: in doubt, this one was not taken.
    (DESIGN, Granting and taking back.)
    """
    return now.ever - shown.ever - own_movements - other_claims >= claim_points


def surely_expired(expires_on: date | None, now: datetime) -> bool:
    """Tell whether a claim is past its day in every time zone."""
    return expires_on is not None and now.date() >= expires_on + SURELY_EXPIRED_AFTER
