"""The payments by points that need a person: counted and listed, by a bounded query each."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import func
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from app.db.approval_requests import COUNTED_MAX
from app.db.tables import OrderRow, SpendRow
from app.db.tables.spend import PAYMENT_NEEDS_A_PERSON
from app.domain.spending import as_amount

LISTED_MAX = 10


@dataclass(frozen=True, slots=True)
class TroubledPayment:
    """A payment by points that waits for a person. `order_id` is None while it pays a checkout, or an order not read yet."""

    order_id: str | None
    order_number: str | None
    email: str
    amount: Decimal
    currency: str
    code: str
    sentence: str


def count_troubled_payments(store_id: Any, *, limit: int = COUNTED_MAX + 1) -> Any:
    """Build the question how many payments of a store need a person, to be asked within another one. It counts to `limit`."""
    some = select(SpendRow.id).where(col(SpendRow.store_id) == store_id, PAYMENT_NEEDS_A_PERSON).limit(limit)
    return select(func.count()).select_from(some.correlate_except(SpendRow).subquery()).scalar_subquery()


def troubled_payments(session: Session, store_id: int) -> list[TroubledPayment]:
    """List the newest payments that need a person. One query."""
    # Its condition names columns that orders have, too. So the payments are found before the orders are looked up.
    newest = (
        select(SpendRow)
        .where(SpendRow.store_id == store_id, PAYMENT_NEEDS_A_PERSON)
        .order_by(col(SpendRow.id).desc())
        .limit(LISTED_MAX)
        .subquery()
    )
    is_its_order = (col(OrderRow.store_id) == newest.c.store_id) & (col(OrderRow.saleor_order_id) == newest.c.saleor_order_id)
    query = core_select(newest, col(OrderRow.saleor_order_id).label("order_id"), col(OrderRow.number)).outerjoin(
        OrderRow, is_its_order
    )
    return [
        TroubledPayment(
            order_id=one.order_id,
            order_number=one.number,
            email=one.email,
            amount=as_amount(one.amount_units, one.currency),
            currency=one.currency,
            code=one.problem_code,
            sentence=one.problem or "",
        )
        for one in session.execute(query.order_by(newest.c.id.desc()))
    ]
