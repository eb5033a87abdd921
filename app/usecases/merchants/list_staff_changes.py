"""List what staff changed by hand: points given or taken, and claim links withdrawn. Newest first, a page at a time."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from app.db.staff_takings import really_taken
from app.db.tables import AdjustmentRow, OrderRow
from app.usecases.services import Services

LISTED_MAX = 50


@dataclass(frozen=True, slots=True)
class StaffChange:
    """One change. It is of an order, or of the customer with this e-mail."""

    id: int
    made_at: datetime
    made_by: str
    points: int
    taken: int | None
    reason: str
    is_withdrawal: bool
    order_id: str | None
    order_number: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class StaffChangePage:
    """Changes, newest first. `older_than` is the id to go on from; None where this is the end."""

    changes: tuple[StaffChange, ...]
    older_than: int | None


def list_staff_changes(services: Services, store_id: int, *, who: str = "", before_id: int | None = None) -> StaffChangePage:
    """List up to fifty changes of a store, by a few queries: everybody's, or those of the staff user `who`."""
    query = (
        select(AdjustmentRow, OrderRow.saleor_order_id, OrderRow.number)
        .outerjoin(OrderRow, col(OrderRow.id) == col(AdjustmentRow.order_id))
        .where(AdjustmentRow.store_id == store_id)
    )
    if who:
        query = query.where(AdjustmentRow.made_by == who)
    if before_id is not None:
        query = query.where(col(AdjustmentRow.id) < before_id)
    with services.database.reading() as session:
        found = session.exec(query.order_by(col(AdjustmentRow.id).desc()).limit(LISTED_MAX + 1)).all()
        taken = really_taken(session, store_id, [row for row, _, _ in found[:LISTED_MAX]])
    changes = tuple(
        StaffChange(
            id=row.id or 0,
            made_at=row.made_at,
            made_by=row.made_by,
            points=row.points,
            taken=taken.get(row.id or 0),
            reason=row.reason,
            is_withdrawal=row.claim_id is not None,
            order_id=order_id,
            order_number=number,
            email=row.email_key,
        )
        for row, order_id, number in found[:LISTED_MAX]
    )
    return StaffChangePage(changes, changes[-1].id if len(found) > LISTED_MAX else None)
