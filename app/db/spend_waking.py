"""Waking payments by points: their order says that something changed which gives points back."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, exists, or_, update
from sqlmodel import Session, col

from app.db.bulk import IsIn
from app.db.tables import SpendRow, SpendRuleRow
from app.domain.spending import SpendStage


def wake_spends(session: Session, store_id: int, now: datetime, *, over: Collection[str], overcharged: Collection[str]) -> None:
    """Let the worker look at payments whose order was cancelled or has expired (`over`), or is paid above its total.

    They are named by their transactions: of a checkout completed after the first look, the order is not known yet. A younger
    payment waits for that look. One that keeps its points all the same is not woken: looking at it changes its order in Saleor,
    which would wake it again.
    """
    transaction = col(SpendRow.saleor_transaction_id)
    rule_says_so = exists().where(col(SpendRuleRow.id) == col(SpendRow.rule_id), col(SpendRuleRow.return_on_cancel))
    is_over = and_(IsIn(transaction, "over", over), rule_says_so)
    is_overcharged = and_(IsIn(transaction, "overcharged", overcharged), col(SpendRow.overcharged_since).is_(None))
    session.execute(
        update(SpendRow)
        .where(
            col(SpendRow.store_id) == store_id,
            col(SpendRow.stage).in_((SpendStage.CONFIRMED, SpendStage.ON_ORDER)),
            col(SpendRow.lease_token).is_(None),
            or_(is_over, is_overcharged),
        )
        .values(look_at=now)
    )
