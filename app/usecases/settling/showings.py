"""Shown claims whose moment of showing lies ahead of us: a clock that was ahead wrote it, and was put back.

Whether such a claim was taken is told by what happened since it was shown. Until the clock reaches that moment again, that would
be nothing. So it counts as shown now.

Points of ours that came to the same customer about then may have come before the showing or after it: no moment tells. The
balance of the showing says nothing about the claim then, and is forgotten. In doubt, a claim was not taken.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import exists, or_, select, update
from sqlmodel import Session, col

from app.db.books import Books
from app.db.tables import ClaimRow, MovementRow
from app.domain.claim import ClaimState
from app.domain.moments import CLOCKS_AGREE_WITHIN
from app.domain.settlement import INSTANT_KINDS, MovementState
from app.usecases.services import Services

log = structlog.get_logger()

# The clock was put back before this batch, and after the last one of the store: that is minutes, or as long as no worker ran.
_PUT_BACK_WITHIN = timedelta(days=2)
_MAY_HAVE_HAPPENED = (MovementState.SENDING, MovementState.UNKNOWN, MovementState.ACCEPTED)


def put_right_showings(services: Services, books: Sequence[Books], now: datetime) -> None:
    """Let no shown claim of these orders have been shown after `now`."""
    just_ahead = now + CLOCKS_AGREE_WITHIN
    ahead = [
        claim for one in books for claim in one.claims.values() if claim.shown_at is not None and claim.shown_at > just_ahead
    ]
    shown = [claim for claim in ahead if claim.state == ClaimState.SHOWN]
    if not shown:
        return
    with services.database.writing() as session:
        for claim in shown:
            _put_right(session, claim, now)
    log.warning("moments of showing put right", claims=len(shown))


def _put_right(session: Session, claim: ClaimRow, now: datetime) -> None:
    values: dict[str, Any] = {"shown_at": now}
    if session.scalar(select(exists().where(*_may_have_come_about_then(claim.lane, now)))):
        values |= {"shown_available": None, "shown_used": None}
    session.execute(update(ClaimRow).where(col(ClaimRow.id) == claim.id, col(ClaimRow.shown_at) == claim.shown_at).values(values))
    for name, value in values.items():
        setattr(claim, name, value)


def _may_have_come_about_then(lane: str, now: datetime) -> tuple[Any, ...]:
    ended_at = col(MovementRow.ended_at)
    return (
        col(MovementRow.lane) == lane,
        col(MovementRow.kind).in_(INSTANT_KINDS),
        col(MovementRow.state).in_(_MAY_HAVE_HAPPENED),
        or_(ended_at.is_(None), ended_at > now - _PUT_BACK_WITHIN),
    )
