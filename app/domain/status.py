"""What an order tells the shopper about its points."""

from collections.abc import Mapping
from enum import StrEnum
from hashlib import blake2b

from app.domain.claim import LIVE, ClaimState
from app.domain.earning import Because, Due
from app.domain.settlement import Grant, Position

# Our metadata on an order.
POINTS_SPENT = "points_spent"
KEYS = ("points_status", "points_amount", "points_claim_url", "points_expires_on", POINTS_SPENT)
# Stands for an order without any metadata of ours.
HASH_OF_NOTHING = "nothing"
_HASH_BYTES = 8

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
    if due.points > position.to_compare or (due.because in _TIME_WILL_TELL and position.granted == 0 and not was_ever_granted):
        return PointsStatus.PENDING
    if any(grant.claim is ClaimState.TAKEN for grant in standing):
        return PointsStatus.CLAIMED
    if any(grant.claim is None for grant in standing):
        return PointsStatus.CREDITED
    if was_ever_granted and position.to_compare == 0 and not _all_ran_out(position):
        return PointsStatus.REVERSED
    return PointsStatus.NONE


def points_amount(due: Due, position: Position) -> int:
    """Give the points that the shopper has, or can still take, from an order: none that ran out, and none that are not there yet.

    What is to be taken back, and cannot be, is the shop's loss: the order says what it is due.
    """
    ran_out = sum(grant.points - grant.undone for grant in position.grants if _ran_out(grant) and not grant.is_gone)
    return max(min(due.points, position.to_compare) - ran_out, 0)


def _all_ran_out(position: Position) -> bool:
    """True if a claim ran out, and the shopper never had points of this order."""
    return any(_ran_out(grant) for grant in position.grants) and not any(grant.is_in_balance for grant in position.grants)


def _ran_out(grant: Grant) -> bool:
    return grant.claim is ClaimState.EXPIRED


def metadata_hash(metadata: Mapping[str, str]) -> str:
    """Hash our keys of an order's metadata, to see whether it has what it should.

    `points_spent` came later than the others. An order without it says the same as one where it is empty, so that no order is
    written to because of an upgrade.
    """
    if not any(key in metadata for key in KEYS):
        return HASH_OF_NOTHING
    says = [metadata.get(key) for key in KEYS if key != POINTS_SPENT or metadata.get(key)]
    return blake2b(repr(says).encode(), digest_size=_HASH_BYTES).hexdigest()
