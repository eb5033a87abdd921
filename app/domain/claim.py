"""The life of an order's claim link, and what an account that shows no claims lets us conclude about it."""

from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum

from app.domain.days import end_of_day


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

# A day ends here last of all. An account that shows no claims does not say in which time zone it counts days.
_LAST_OF_ALL = timezone(timedelta(hours=-12))


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


def surely_over_at(day: date) -> datetime:
    """Give the moment at which a day is over in every time zone: noon of the next day, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=_LAST_OF_ALL).astimezone(UTC)


def runs_out_at(state: ClaimState, expires_on: date | None, time_zone: str) -> datetime | None:
    """Give the moment from which on a claim counts as run out; None for one that has no last day, or waits no more.

    A link that nobody has seen is ours to withhold: it ends with the store's own day. One that was shown can be taken as long as
    its day lasts anywhere.
    """
    if expires_on is None or expires_on.year == MAXYEAR or state not in LIVE:
        return None
    return end_of_day(expires_on, time_zone) if state is ClaimState.OPEN else surely_over_at(expires_on)
