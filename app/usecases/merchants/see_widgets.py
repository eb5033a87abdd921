"""See what the Dashboard's order and customer pages show of points, in a box at their side."""

from dataclasses import dataclass

from sqlmodel import col, select

from app.db.approval_requests import waiting_requests
from app.db.tables import ApprovalRequestRow, ClaimRow, OrderRow, StoreRow
from app.db.waiting_claims import points_waiting
from app.domain.order_link import order_link
from app.usecases.merchants.find_customers import customer_address
from app.usecases.merchants.look_up_customer import CustomerView, look_up_customer
from app.usecases.merchants.shown_payments import ShownPayment, payments_of_order
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class OrderBox:
    """One order's points. `link` is what stands in the shopper's mail; `waiting` are the points that can be claimed by it.

    `approvals_waiting` counts the changes by staff that nobody has approved or refused yet.
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
    payments: tuple[ShownPayment, ...] = ()


def see_order_box(services: Services, store_id: int, saleor_order_id: str) -> OrderBox | None:
    """Look at one order; None where nobody has told of it yet. Three queries; four where points paid."""
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
    )


def see_customer_box(services: Services, store_id: int, user_id: str) -> CustomerView | None:
    """Ask the store's Saleor whose page this is, and look that customer up; None where there is no such customer.

    Raises Unavailable or SaleorRefused when Saleor does not say it.
    """
    email = customer_address(services, store_id, user_id)
    return look_up_customer(services, store_id, email) if email is not None else None
