"""Waking payments by points: their order says that something changed which gives points back."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, exists, or_, update
from sqlmodel import Session, col

from app.db.tables import SpendRow, SpendRuleRow
from app.domain.spending import SpendStage


def wake_spends(session: Session, store_id: int, now: datetime, *, over: Collection[str], overcharged: Collection[str]) -> None:
    """Let the worker look at payments of orders that were cancelled or have expired (`over`), or are paid above their total.

    One that keeps its points all the same is not woken: looking at it changes its order in Saleor, which would wake it again.
    """
    rule_says_so = exists().where(col(SpendRuleRow.id) == col(SpendRow.rule_id), col(SpendRuleRow.return_on_cancel))
    is_over = and_(col(SpendRow.saleor_order_id).in_(over), rule_says_so)
    is_overcharged = and_(col(SpendRow.saleor_order_id).in_(overcharged), col(SpendRow.overcharged_since).is_(None))
    session.execute(
        update(SpendRow)
        .where(
            col(SpendRow.store_id) == store_id,
            col(SpendRow.stage) == SpendStage.ON_ORDER,
            col(SpendRow.lease_token).is_(None),
            or_(is_over, is_overcharged),
        )
        .values(look_at=now)
    )
