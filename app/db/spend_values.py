"""Spends with their rules and returns, read as values; and the spends of one transaction."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from app.db.tables import SpendReturnRow, SpendRow, SpendRuleRow
from app.domain.spend_steps import KnownReturn, OpenSpend
from app.domain.spending import OVER, ReturnReason, SpendStage


def spends_of_transaction(session: Session, store_id: int, transaction_id: str, *, lock: bool = False) -> list[SpendRow]:
    """Find the spends of one transaction, the newest first: one that is not over stands before all others."""
    query = (
        select(SpendRow)
        .where(SpendRow.store_id == store_id, SpendRow.saleor_transaction_id == transaction_id)
        .order_by(col(SpendRow.id).desc())
    )
    return list(session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query))


def returns_of(session: Session, spend_ids: Collection[int]) -> Mapping[int, list[SpendReturnRow]]:
    """Load the returns of spends, by spend, the oldest first."""
    found: dict[int, list[SpendReturnRow]] = defaultdict(list)
    query = select(SpendReturnRow).where(col(SpendReturnRow.spend_id).in_(spend_ids)).order_by(col(SpendReturnRow.id))
    for row in session.exec(query.execution_options(populate_existing=True)):
        found[row.spend_id].append(row)
    return found


def open_spends(session: Session, rows: Collection[SpendRow]) -> dict[int, OpenSpend]:
    """Read spends with their rules and returns as values, by id."""
    returns = returns_of(session, [row.id or 0 for row in rows])
    query = select(SpendRuleRow).where(col(SpendRuleRow.id).in_({row.rule_id for row in rows}))
    rules = {rule.id: rule for rule in session.exec(query)}
    return {row.id or 0: _as_value(row, rules[row.rule_id], returns.get(row.id or 0, ())) for row in rows}


def older_gives_back(session: Session, spend: SpendRow, *, since: datetime) -> bool:
    """Tell whether an older payment of the same order is still open, or went back whole after `since`.

    It gives back first what was paid too much. One that waits for a person holds up no other.
    """
    is_open = and_(col(SpendRow.stage).not_in(OVER), col(SpendRow.problem_code).is_(None))
    query = select(SpendRow.id).where(
        SpendRow.store_id == spend.store_id,
        SpendRow.saleor_order_id == spend.saleor_order_id,
        col(SpendRow.id) < (spend.id or 0),
        or_(is_open, and_(col(SpendRow.stage) == SpendStage.RETURNED, col(SpendRow.ended_at) > since)),
    )
    return session.exec(query.limit(1)).first() is not None


def _as_value(row: SpendRow, rule: SpendRuleRow, returns: Collection[SpendReturnRow]) -> OpenSpend:
    by_id = {one.id: one for one in returns}
    return OpenSpend(
        reference=row.reference,
        currency=row.currency,
        stage=SpendStage(row.stage),
        amount_units=row.amount_units,
        left_units=row.amount_units - row.returned_units,
        taken_at=row.taken_at or row.asked_at,
        hold_hours=rule.hold_hours,
        return_on_cancel=rule.return_on_cancel,
        returns=tuple(_as_known(one, by_id.get(one.rest_of or 0)) for one in returns),
        overcharged_since=row.overcharged_since,
    )


def _as_known(row: SpendReturnRow, whole: SpendReturnRow | None) -> KnownReturn:
    """Read a return as a value. Saleor knows what is left of a refund that was reversed in part by the name of the whole."""
    return KnownReturn(
        id=row.id or 0,
        reference=row.reference if whole is None else whole.reference,
        reversed_units=0 if whole is None else whole.amount_units - row.amount_units,
        why=ReturnReason(row.why),
        amount_units=row.amount_units,
        is_reported=row.reported_at is not None,
        is_credited=row.credited_at is not None,
        is_cancelled=row.cancelled_at is not None,
    )
