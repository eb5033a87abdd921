"""Waking codes that customers took for points: an order of theirs may have used a gift card, or did use a voucher's code."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import or_, update
from sqlmodel import Session, col, select

from app.db.bulk import IsIn
from app.db.tables import RedemptionRow
from app.domain.redemptions import RedemptionStage

# Of one batch of orders. The worker comes to the others in its rhythm.
WOKEN_MAX = 500


def cards_of(session: Session, store_id: int, email_keys: Collection[str], now: datetime) -> list[int]:
    """Find the gift cards of these customers that can be used and whose look is still to come, or is under way."""
    query = select(col(RedemptionRow.id)).where(
        RedemptionRow.store_id == store_id,
        IsIn(col(RedemptionRow.email_key), "email_keys", email_keys),
        # A voucher's code has no currency.
        RedemptionRow.currency != "",
        *_can_be_woken(now),
    )
    return [id_ or 0 for id_ in session.exec(query.order_by(col(RedemptionRow.id)).limit(WOKEN_MAX))]


def codes_of(session: Session, store_id: int, marks: Collection[str], now: datetime) -> list[int]:
    """Find the redemptions of these codes that can be used and whose look is still to come, or is under way."""
    query = select(col(RedemptionRow.id)).where(
        RedemptionRow.store_id == store_id,
        IsIn(col(RedemptionRow.code_mark), "marks", marks),
        *_can_be_woken(now),
    )
    return [id_ or 0 for id_ in session.exec(query.order_by(col(RedemptionRow.id)).limit(WOKEN_MAX))]


def wake_cards(session: Session, ids: Collection[int], now: datetime) -> None:
    """Let the worker look at these now. One that it has in hand is looked at once more: it may have asked Saleor too early."""
    is_one = (col(RedemptionRow.id).in_(ids), *_can_be_woken(now))
    locked = select(RedemptionRow.id).where(*is_one).order_by(col(RedemptionRow.id)).with_for_update()
    found = session.exec(locked).all()
    session.execute(update(RedemptionRow).where(col(RedemptionRow.id).in_(found)).values(look_at=now))


def _can_be_woken(now: datetime) -> tuple[Any, ...]:
    is_later = or_(col(RedemptionRow.look_at) > now, col(RedemptionRow.lease_token).is_not(None))
    return RedemptionRow.stage == RedemptionStage.GIVEN, is_later
