"""Points of claim links that can still be taken."""

from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, not_
from sqlmodel import Session, col, select

from app.db.tables import ClaimRow, PointsClaimRow
from app.db.tables.points_claim import PointsClaimState
from app.domain.claim import ClaimState


def points_waiting(session: Session, *which: Any) -> int:
    """Add up the open claims of orders that meet these conditions."""
    # The ledger knows at once what an order is told at its next look.
    is_over = exists().where(
        col(PointsClaimRow.token_mark) == col(ClaimRow.token_mark), col(PointsClaimRow.state) != PointsClaimState.OPEN
    )
    is_open = col(ClaimRow.state).in_((ClaimState.OPEN, ClaimState.SHOWN))
    query = select(func.coalesce(func.sum(ClaimRow.points), 0)).where(*which, is_open, not_(is_over))
    return int(session.exec(query).one())


def points_waiting_of_programs(session: Session, now: datetime, *which: Any) -> int:
    """Add up the open claims of the ledger that meet these conditions, and that belong to no order."""
    is_of_an_order = exists().where(col(ClaimRow.token_mark) == col(PointsClaimRow.token_mark))
    query = select(func.coalesce(func.sum(PointsClaimRow.amount), 0)).where(
        *which,
        PointsClaimRow.state == PointsClaimState.OPEN,
        col(PointsClaimRow.expires_at).is_(None) | (col(PointsClaimRow.expires_at) > now),
        not_(is_of_an_order),
    )
    return int(session.exec(query).one())
