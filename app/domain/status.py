"""What an order tells the shopper about its points."""

from enum import StrEnum

from app.domain.claim import LIVE, ClaimState
from app.domain.earning import Because, Due
from app.domain.settlement import Position

_TIME_WILL_TELL = frozenset({Because.WAITING_FOR_MOMENT, Because.ON_HOLD})


class PointsStatus(StrEnum):
    """The word on the order.

    PENDING   points may come: the order is not paid, is held, or its points are under way
    READY     a claim link waits
    CLAIMED   the link was taken
    CREDITED  the points went straight to the balance
    REVERSED  there were points, and a refund took them all back
    NONE      the order earns nothing, or its claim ran out
    """

    PENDING = "pending"
    READY = "ready"
    CLAIMED = "claimed"
    CREDITED = "credited"
    REVERSED = "reversed"
    NONE = "none"


def points_status(due: Due, position: Position, *, was_ever_granted: bool) -> PointsStatus:
    """Choose the word for an order."""
    standing = [grant for grant in position.grants if grant.points - grant.undone > 0]
    if any(grant.claim in LIVE for grant in standing):
        return PointsStatus.READY
    if due.points > position.granted or (due.because in _TIME_WILL_TELL and position.granted == 0 and not was_ever_granted):
        return PointsStatus.PENDING
    if any(grant.claim is ClaimState.TAKEN for grant in standing):
        return PointsStatus.CLAIMED
    if any(grant.claim is None for grant in standing):
        return PointsStatus.CREDITED
    if was_ever_granted and position.granted == 0:
        return PointsStatus.REVERSED
    return PointsStatus.NONE
