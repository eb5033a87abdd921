"""What ran out of the points that orders brought: it lessens what their refunds may take."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select, union_all
from sqlmodel import Session, col

from app.db.books import RanOut
from app.db.bulk import IsIn
from app.db.tables import (
    ClaimRow,
    MovementRow,
    PointsClaimRow,
    PointsCustomerRow,
    PointsEntryRow,
    PointsLotRow,
    PointsLotUseRow,
)
from app.db.tables.points_entry import EntryKind
from app.domain.settlement import MovementKind
from app.ledger.policies import policies_of

_ANY_LOT = select(exists(select(PointsLotRow.id)))  # type: ignore[call-overload]  # a column


def ran_out_of(session: Session, store_id: int, order_ids: Collection[int], now: datetime) -> Mapping[int, tuple[RanOut, ...]]:
    """Tell what ran out of each order's points, and when: written already, or not yet."""
    if not order_ids or not session.execute(_ANY_LOT).scalar_one():
        return {}
    asked = {"order_ids": list(order_ids)}
    found: dict[int, list[RanOut]] = defaultdict(list)
    for row in session.execute(_WRITTEN, asked):
        found[row.order_id].append(RanOut(row.created_at, -row.points))
    policies = policies_of(session, store_id)
    for row in session.execute(_OPEN, asked):
        ends = policies.ends_of(row.policy_id, row.ends, row.active_at)
        if ends <= now:
            found[row.order_id].append(RanOut(ends, row.points_left))
    return {order_id: tuple(sorted(of_order)) for order_id, of_order in found.items()}


def _brought() -> Any:
    """Give the entries by which orders brought points: of claims that were taken, and of credits."""
    claims: Any = (
        select(col(ClaimRow.order_id).label("order_id"), col(PointsEntryRow.id).label("entry_id"))
        .join(PointsClaimRow, col(PointsClaimRow.token_mark) == col(ClaimRow.token_mark))
        .join(PointsEntryRow, col(PointsEntryRow.claim_id) == col(PointsClaimRow.id))
        .where(IsIn(col(ClaimRow.order_id), "order_ids"))
    )
    credits_given = (
        select(col(MovementRow.order_id), col(PointsEntryRow.id))
        .join(PointsEntryRow, col(PointsEntryRow.request_id) == col(MovementRow.id))
        .where(
            IsIn(col(MovementRow.order_id), "order_ids"),
            col(MovementRow.kind) == MovementKind.CREDIT.value,
            col(MovementRow.target_id).is_(None),
        )
    )
    return union_all(claims, credits_given).subquery()


def _of_orders(*columns: Any) -> Any:
    brought = _brought()
    return (
        select(brought.c.order_id, *columns)
        .select_from(brought)
        .join(PointsLotRow, col(PointsLotRow.origin_id) == brought.c.entry_id)
    )


# Built once: they are asked for each batch of orders.
_WRITTEN = (
    _of_orders(col(PointsEntryRow.created_at), col(PointsLotUseRow.points))
    .join(PointsLotUseRow, col(PointsLotUseRow.lot_id) == col(PointsLotRow.id))
    .join(PointsEntryRow, col(PointsEntryRow.id) == col(PointsLotUseRow.entry_id))
    .where(col(PointsEntryRow.kind) == EntryKind.EXPIRE.value)
)
_OPEN = (
    _of_orders(
        col(PointsLotRow.policy_id), col(PointsLotRow.ends), col(PointsLotRow.points_left), col(PointsCustomerRow.active_at)
    )
    .join(PointsCustomerRow, col(PointsCustomerRow.id) == col(PointsLotRow.customer_id))
    .where(col(PointsLotRow.points_left) > 0)
)
