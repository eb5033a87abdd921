"""List changes that staff asked to be approved: those that wait, and what was decided."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from app.db.approval_requests import waiting_requests
from app.db.keys import keys_in
from app.db.stores import find_store_by_slug
from app.db.tables import ApprovalRequestRow, OrderRow
from app.domain.staff_limits import RequestState
from app.errors import BadRequest
from app.usecases.services import Services

LISTED_MAX = 50


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """A change that somebody asked for. It is of an order, or of the customer with this e-mail."""

    id: int
    wanted: str
    points: int
    reason: str
    exceeds: str
    asked_by: str
    asked_at: datetime
    state: str
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    email: str | None
    order_id: str | None
    order_number: str | None


def list_requests(services: Services, store_slug: str) -> tuple[list[ShownRequest], list[ShownRequest]]:
    """Give the oldest fifty requests of a store that wait, and the newest fifty that were decided.

    Raises BadRequest when there is no such store.
    """
    is_waiting = col(ApprovalRequestRow.state) == RequestState.WAITING
    with services.database.reading() as session:
        store = find_store_by_slug(session, store_slug)
        if store is None:
            raise BadRequest(f"There is no store {store_slug}.")
        of_store = col(ApprovalRequestRow.store_id) == store.id
        waiting = _listed(session, of_store, is_waiting, order=col(ApprovalRequestRow.id))
        return waiting, _listed(session, of_store, ~is_waiting, order=col(ApprovalRequestRow.id).desc())


def count_waiting(services: Services, store_id: int, *, email: str = "") -> int:
    """Count the requests of a store that wait, or of one customer. It counts to COUNTED_MAX + 1."""
    with services.database.reading() as session:
        whose = [col(ApprovalRequestRow.email_key).in_(keys_in(session, email))] if email else []
        return int(session.exec(select(waiting_requests(store_id, *whose))).one())


def requests_of_order(session: Session, store_id: int, order_id: int | None) -> list[ShownRequest]:
    """Give the newest requests about one order."""
    return _listed(session, col(ApprovalRequestRow.store_id) == store_id, col(ApprovalRequestRow.order_id) == order_id)


def requests_of_customer(services: Services, store_id: int, email: str) -> list[ShownRequest]:
    """Give the newest requests about one customer."""
    with services.database.reading() as session:
        is_theirs = col(ApprovalRequestRow.email_key).in_(keys_in(session, email))
        return _listed(session, col(ApprovalRequestRow.store_id) == store_id, is_theirs)


def _listed(session: Session, *whose: Any, order: Any = None) -> list[ShownRequest]:
    query = (
        select(ApprovalRequestRow, OrderRow.saleor_order_id, OrderRow.number)
        .outerjoin(OrderRow, col(OrderRow.id) == col(ApprovalRequestRow.order_id))
        .where(*whose)
        .order_by(col(ApprovalRequestRow.id).desc() if order is None else order)
        .limit(LISTED_MAX)
    )
    return [
        ShownRequest(
            id=row.id or 0,
            wanted=row.wanted,
            points=row.points,
            reason=row.reason,
            exceeds=row.exceeds,
            asked_by=row.asked_by,
            asked_at=row.asked_at,
            state=row.state,
            decided_by=row.decided_by,
            decided_at=row.decided_at,
            decision_reason=row.decision_reason,
            email=row.email,
            order_id=order_id,
            order_number=number,
        )
        for row, order_id, number in session.exec(query)
    ]
