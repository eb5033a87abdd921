"""What points paid, as the merchant sees it: each payment, and each part that went back."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from app.db.former_addresses import FormerAddress
from app.db.keys import keys_in
from app.db.tables import OrderRow, SpendReturnRow, SpendRow
from app.domain.spending import ReturnReason, SpendStage, as_amount

PAYMENTS_MAX = 50


@dataclass(frozen=True, slots=True)
class ShownReturn:
    """A part of a payment that went back. `is_done`: Saleor was told, and the customer has the points. `is_cancelled`: it counts
    no more.
    """

    at: datetime
    why: ReturnReason
    amount: Decimal
    points: int
    made_by: str | None
    problem: str | None
    is_done: bool
    is_cancelled: bool


@dataclass(frozen=True, slots=True)
class ShownPayment:
    """A payment by points. `returned_*` are what went back of it, and count. `order_id` is None while it pays a checkout.

    `owed` are points that a reversed refund gave, and that could not be taken again yet.
    """

    id: int
    transaction_id: str
    order_id: str | None
    order_number: str | None
    email: str
    currency: str
    amount: Decimal
    points: int
    returned_amount: Decimal
    returned_points: int
    stage: SpendStage
    asked_at: datetime
    problem: str | None
    problem_code: str | None
    returns: tuple[ShownReturn, ...]
    owed: int = 0

    @property
    def is_open(self) -> bool:
        """Tell whether it still pays something."""
        return self.stage not in {SpendStage.REFUSED, SpendStage.ASKED} and self.returned_amount < self.amount

    @property
    def is_missing(self) -> bool:
        """Tell whether Saleor has it no more, so that staff have to settle it."""
        return self.is_open and self.problem_code == "missing"


def payments_of_order(session: Session, store_id: int, saleor_order_id: str) -> tuple[ShownPayment, ...]:
    """Find what points paid of an order, newest first. Two queries; one where they paid nothing."""
    return _payments(session, SpendRow.store_id == store_id, SpendRow.saleor_order_id == saleor_order_id)


def payments_of_customer(
    session: Session, store_id: int, email: str, former: Iterable[FormerAddress] = ()
) -> tuple[ShownPayment, ...]:
    """Find the newest payments of a customer by points. Two queries; one where there are none.

    `former` are addresses from which the customer was moved: what was paid there until then is listed too.
    """
    is_theirs: list[ColumnElement[bool]] = [col(SpendRow.email_key).in_(keys_in(session, email))]
    is_theirs += [and_(col(SpendRow.email_key) == one.key, col(SpendRow.asked_at) <= one.until) for one in former]
    return _payments(session, SpendRow.store_id == store_id, or_(*is_theirs))


def _payments(session: Session, *conditions: ColumnElement[bool] | bool) -> tuple[ShownPayment, ...]:
    is_its_order = (col(OrderRow.store_id) == col(SpendRow.store_id)) & (
        col(OrderRow.saleor_order_id) == col(SpendRow.saleor_order_id)
    )
    query = select(SpendRow, OrderRow.number).outerjoin(OrderRow, is_its_order).where(*conditions)
    found = session.exec(query.order_by(col(SpendRow.id).desc()).limit(PAYMENTS_MAX)).all()
    returns: dict[int, list[SpendReturnRow]] = defaultdict(list)
    if found:
        ids = [spend.id for spend, _ in found]
        for one in session.exec(
            select(SpendReturnRow).where(col(SpendReturnRow.spend_id).in_(ids)).order_by(col(SpendReturnRow.id))
        ):
            returns[one.spend_id].append(one)
    return tuple(_shown(spend, number, returns[spend.id or 0]) for spend, number in found)


def _shown(spend: SpendRow, number: str | None, returns: list[SpendReturnRow]) -> ShownPayment:
    return ShownPayment(
        id=spend.id or 0,
        transaction_id=spend.saleor_transaction_id,
        order_id=spend.saleor_order_id,
        order_number=number,
        email=spend.email,
        currency=spend.currency,
        amount=as_amount(spend.amount_units, spend.currency),
        points=spend.points,
        returned_amount=as_amount(spend.returned_units, spend.currency),
        returned_points=spend.returned_points,
        stage=SpendStage(spend.stage),
        asked_at=spend.asked_at,
        problem=spend.problem,
        problem_code=spend.problem_code,
        returns=tuple(_shown_return(one, spend.currency) for one in returns),
        owed=sum(one.owed for one in returns),
    )


def _shown_return(one: SpendReturnRow, currency: str) -> ShownReturn:
    return ShownReturn(
        at=one.written_at,
        why=ReturnReason(one.why),
        amount=as_amount(one.amount_units, currency),
        points=one.points,
        made_by=one.made_by,
        problem=one.problem,
        is_done=one.reported_at is not None and one.credited_at is not None,
        is_cancelled=one.cancelled_at is not None,
    )
