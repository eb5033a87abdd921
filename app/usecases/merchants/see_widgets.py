"""See what the Dashboard's order page shows of points, in a box at its side."""

from dataclasses import dataclass

from sqlmodel import col, select

from app.db.approval_requests import waiting_requests
from app.db.rows import as_value
from app.db.staff_takings import really_taken
from app.db.tables import AdjustmentRow, ApprovalRequestRow, ClaimRow, OrderRow, StoreRow
from app.db.waiting_claims import points_waiting
from app.domain.order_link import order_link
from app.usecases.merchants.history import ShownAdjustment
from app.usecases.merchants.shown_payments import ShownPayment, payments_of_order
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class OrderBox:
    """One order's points. `link` is what stands in the shopper's mail; `waiting` are the points that can be claimed by it.

    `approvals_waiting` counts the changes by staff that nobody has approved or refused yet. `is_waiting`: the order is about to
    be looked at, so that all of this may change at once. `newest_change` is what staff changed last; `newest_taken` is what that
    change really took, where it is known.
    """

    status: str | None
    due: int
    granted: int
    shortfall: int
    problem_code: str | None
    problem: str | None
    is_read: bool
    waiting: int
    link: str
    approvals_waiting: int
    is_waiting: bool
    newest_change: ShownAdjustment | None
    newest_taken: int | None
    payments: tuple[ShownPayment, ...] = ()


def see_order_box(services: Services, store_id: int, saleor_order_id: str) -> OrderBox | None:
    """Look at one order; None where nobody has told of it yet. Four queries; two more where points paid or staff took
    points.
    """
    now = services.clock()
    asked = waiting_requests(store_id, col(ApprovalRequestRow.order_id) == OrderRow.id)
    with services.database.reading() as session:
        found = session.exec(
            select(OrderRow, StoreRow.slug, asked)
            .join(StoreRow)
            .where(OrderRow.store_id == store_id, OrderRow.saleor_order_id == saleor_order_id)
        ).first()
        if found is None:
            return None
        order, slug, approvals_waiting = found
        waiting = points_waiting(session, ClaimRow.order_id == order.id)
        payments = payments_of_order(session, store_id, saleor_order_id)
        newest = session.exec(
            select(AdjustmentRow)
            .where(AdjustmentRow.order_id == order.id, col(AdjustmentRow.claim_id).is_(None))
            .order_by(col(AdjustmentRow.id).desc())
            .limit(1)
        ).first()
        taken = really_taken(session, store_id, [newest] if newest is not None else [])
    return OrderBox(
        status=order.status,
        due=max(order.due, 0),
        granted=order.granted,
        shortfall=order.shortfall,
        problem_code=order.problem_code,
        problem=order.problem,
        is_read=order.because is not None,
        waiting=waiting,
        link=order_link(services.claim_url_base, slug, saleor_order_id),
        approvals_waiting=approvals_waiting,
        payments=payments,
        is_waiting=order.look_at is not None and order.look_at <= now,
        newest_change=as_value(ShownAdjustment, newest) if newest is not None else None,
        newest_taken=taken.get(newest.id or 0) if newest is not None else None,
    )
