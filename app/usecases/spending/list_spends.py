"""List what customers paid with points: newest first, a page at a time."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from app.db.keys import key_in
from app.db.stores import find_store_by_slug
from app.db.tables import ApiKeyRow, PointsCustomerRow, PointsSpendRow, SpendRow
from app.errors import BadRequest
from app.usecases.services import Services

LISTED_MAX = 50


@dataclass(frozen=True, slots=True)
class ListedSpend:
    """A spend as it stands. `key_name` names the key of the Points API that asked for it.

    `payment_id` is the number of the payment at Saleor's checkout that it is, and `order_id` the order that it pays, if any yet.
    """

    id: int
    at: datetime
    email: str
    points: int
    given_back: int
    reference: str
    key_name: str
    payment_id: int | None = None
    order_id: str | None = None


@dataclass(frozen=True, slots=True)
class SpendPage:
    """Spends, newest first. `older_than` is the id to go on from; None where this is the end."""

    spends: tuple[ListedSpend, ...]
    older_than: int | None


def list_spends(services: Services, slug: str, *, email: str = "", before_id: int | None = None) -> SpendPage:
    """List up to fifty spends of a store, everybody's or one customer's, by one query.

    Raises BadRequest when there is no such store.
    """
    with services.database.reading() as session:
        store = find_store_by_slug(session, slug)
        if store is None:
            raise BadRequest(f"There is no store {slug}.")
        query = (
            select(PointsSpendRow, PointsCustomerRow.email, ApiKeyRow.name, SpendRow)
            .join(PointsCustomerRow, col(PointsCustomerRow.id) == col(PointsSpendRow.customer_id))
            .outerjoin(ApiKeyRow, col(ApiKeyRow.id) == col(PointsSpendRow.api_key_id))
            .outerjoin(SpendRow, col(SpendRow.reference) == col(PointsSpendRow.request_id))
            .where(PointsSpendRow.store_id == store.id)
        )
        if email:
            query = query.where(PointsCustomerRow.email_key == key_in(session, email))
        if before_id is not None:
            query = query.where(col(PointsSpendRow.id) < before_id)
        found = session.exec(query.order_by(col(PointsSpendRow.id).desc()).limit(LISTED_MAX + 1)).all()
    listed = tuple(_listed(row, payer, key_name, payment) for row, payer, key_name, payment in found[:LISTED_MAX])
    return SpendPage(listed, listed[-1].id if len(found) > LISTED_MAX else None)


def _listed(row: PointsSpendRow, payer: str, key_name: str | None, payment: SpendRow | None) -> ListedSpend:
    return ListedSpend(
        id=row.id or 0,
        at=row.created_at,
        email=payer,
        points=row.points,
        given_back=row.given_back,
        reference=row.reference,
        key_name=key_name or "",
        payment_id=None if payment is None else payment.id,
        order_id=None if payment is None else payment.saleor_order_id,
    )
