"""A lane: the INSTANTs of one customer of one account, in line, and the claims that may be taken beside them.

What INSTANTs did to the balance between two look-ups is told here. Claims that an account does not show are judged by it.

An INSTANT happened between its sending and the recording of its outcome. Where staff said what became of it, that is days; but
what had not happened by the second look never did.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from app.db.keys import key_in
from app.db.movements import is_open
from app.db.tables import AccountRow, ClaimRow, MovementRow
from app.domain.claim import ClaimState
from app.domain.evidence import SECOND_LOOK_AFTER
from app.domain.moments import CLOCKS_AGREE_WITHIN
from app.domain.settlement import INSTANT_KINDS, MovementState
from app.sealing import fingerprint

# The balance that an INSTANT is judged by is read before its call; with many customers in one array, so long before at most.
_LOOKED_BEFORE_SENDING = timedelta(minutes=10)
# A customer has a few claims that wait. More are not added up in every way: sums double with each.
_CLAIMS_ADDED_MAX = 16

_IN_FLIGHT = (MovementState.SENDING, MovementState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class MovedPoints:
    """The signed sum of points between two moments: at least so many, and at most. They differ where a moment was in mid-call."""

    least: int
    most: int


def lane_of(session: Session, account: AccountRow, email: str) -> str:
    """Give the mark under which INSTANTs of one customer of one account stand in line."""
    return lane_under(account.lane_mark, key_in(session, email))


def lane_under(lane_mark: str, key: str) -> str:
    """Give the lane of a key: the same at each account with this mark."""
    return fingerprint(f"{lane_mark} {key}")


def moved_between(session: Session, lane: str, since: datetime, until: datetime) -> MovedPoints:
    """Sum up our accepted INSTANTs for one customer of one account."""
    query = select(MovementRow).where(
        MovementRow.lane == lane,
        col(MovementRow.kind).in_(INSTANT_KINDS),
        MovementRow.state == MovementState.ACCEPTED,
        col(MovementRow.ended_at) > since,
    )
    least = most = 0
    for movement in session.exec(query):
        sent_at, done_by = movement.sent_at or since, _done_by(movement) or until
        if done_by <= since or sent_at >= until:
            continue
        is_within = since <= sent_at and done_by <= until
        least += movement.points if is_within else min(movement.points, 0)
        most += movement.points if is_within else max(movement.points, 0)
    return MovedPoints(least, most)


def is_unclear(session: Session, lane: str, *, since: datetime, looked_at: datetime, now: datetime) -> bool:
    """True while a balance, looked up from `looked_at` on, cannot be attributed.

    Another INSTANT for this customer is in flight, or was recorded after the look-up began; ones done before `since` do not
    matter. Ask after the look-up has answered.

    One that was recorded by a clock ahead of ours ended before the clock was put back, so before the look-up. If the clock was
    put back during the look-up, the balance cannot be attributed.
    """
    just_ahead = now + CLOCKS_AGREE_WITHIN
    if looked_at > just_ahead:
        return True
    query = select(MovementRow).where(
        MovementRow.lane == lane,
        col(MovementRow.kind).in_(INSTANT_KINDS),
        or_(
            col(MovementRow.state).in_(_IN_FLIGHT),
            and_(
                col(MovementRow.state) == MovementState.ACCEPTED,
                col(MovementRow.ended_at) > looked_at,
                col(MovementRow.ended_at) <= just_ahead,
            ),
        ),
    )
    for movement in session.exec(query):
        done_by = _done_by(movement)
        matters_since = looked_at if movement.state == MovementState.ACCEPTED else since
        if done_by is None or done_by > matters_since:
            return True
    return False


def holders_of(session: Session, lanes: Collection[str], *, lock: bool = False) -> dict[str, MovementRow]:
    """Find the INSTANT that is under way in each of these lanes. With `lock`, one that is just being ended is waited for."""
    query = select(MovementRow).where(
        col(MovementRow.lane).in_(lanes),
        col(MovementRow.kind).in_(INSTANT_KINDS),
        is_open(),  # type: ignore[arg-type]  # a condition
    )
    found = session.exec(query.order_by(col(MovementRow.id)).with_for_update(read=True) if lock else query)
    return {movement.lane: movement for movement in found}


def claims_that_may_have_been_taken_since(session: Session, lane: str, since: datetime, *, but: UUID) -> list[ClaimRow]:
    """Find the other shown claims of one customer of one account whose points may have come since a moment, oldest first."""
    was_taken = and_(col(ClaimRow.state) == ClaimState.TAKEN, col(ClaimRow.taken_at) > since)
    query = (
        select(ClaimRow)
        .where(ClaimRow.lane == lane, ClaimRow.id != but, col(ClaimRow.shown_at).is_not(None))
        .where(or_(col(ClaimRow.state) == ClaimState.SHOWN, was_taken))
        .order_by(col(ClaimRow.shown_at))
    )
    return list(session.exec(query))


def could_be_claims(session: Session, lane: str, points: int, sent_at: datetime) -> bool:
    """Tell whether claims of just so many points, one or several, may have been taken by this customer since a call."""
    waits = col(ClaimRow.state).in_((ClaimState.OPEN, ClaimState.SHOWN))
    query = select(ClaimRow.points).where(
        ClaimRow.lane == lane, or_(waits, col(ClaimRow.taken_at) >= sent_at - _LOOKED_BEFORE_SENDING)
    )
    sums = {0}
    for claim in session.exec(query.limit(_CLAIMS_ADDED_MAX)):
        sums |= {known + claim for known in sums if known + claim <= abs(points)}
    return abs(points) in sums


def _done_by(movement: MovementRow) -> datetime | None:
    """Tell by when an INSTANT had happened, if it did; None while it may still happen."""
    ended_at = None if movement.state in _IN_FLIGHT else movement.ended_at
    if not movement.is_for_staff or movement.sent_at is None:
        return ended_at
    surely = movement.sent_at + SECOND_LOOK_AFTER
    return surely if ended_at is None else min(surely, ended_at)
