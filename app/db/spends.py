"""Questions asked of spends: payments by points."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_
from sqlmodel import Session, col, select

from app.db.bulk import IsIn
from app.db.keys import keys_in
from app.db.tables import CustomerMoveRow, OrderRow, SpendReturnRow, SpendRow
from app.db.tables.spend_return import RETURN_IS_OWED
from app.domain.spending import OVER, PointsPayment, SpendStage, as_amount


def find_spend_of(session: Session, store_id: int, transaction_id: str, *, lock: bool = False) -> SpendRow | None:
    """Find the open spend of a transaction. There is at most one."""
    query = select(SpendRow).where(
        SpendRow.store_id == store_id, SpendRow.saleor_transaction_id == transaction_id, col(SpendRow.stage).not_in(OVER)
    )
    return session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query).first()


def open_spends_of(session: Session, store_id: int, *, checkout_id: str | None, order_id: str | None) -> Sequence[SpendRow]:
    """Find what points paid of a checkout or an order, and did not go back whole."""
    place = SpendRow.saleor_order_id == order_id if order_id is not None else SpendRow.saleor_checkout_id == checkout_id
    return session.exec(select(SpendRow).where(SpendRow.store_id == store_id, place, col(SpendRow.stage).not_in(OVER))).all()


def paid_by_points(session: Session, store_id: int, transaction_ids: Collection[str]) -> Mapping[str, list[PointsPayment]]:
    """Give those of the transactions in which shoppers paid with points, and what they paid, the newest first.

    Whatever went back since is not looked at.
    """
    found: dict[str, list[PointsPayment]] = defaultdict(list)
    if not transaction_ids:
        return found
    is_one_of_them = IsIn(col(SpendRow.saleor_transaction_id), "transaction_ids", transaction_ids)
    query = select(SpendRow.saleor_transaction_id, SpendRow.points, SpendRow.amount_units, SpendRow.currency).where(
        SpendRow.store_id == store_id, is_one_of_them, SpendRow.stage != SpendStage.REFUSED
    )
    for transaction_id, points, units, currency in session.exec(query.order_by(col(SpendRow.id).desc())):
        found[transaction_id].append(PointsPayment(points, as_amount(units, currency)))
    return found


def amount_held(spend: SpendRow) -> Decimal:
    """Give what a spend still pays."""
    return as_amount(spend.amount_units - spend.returned_units, spend.currency)


def has_debt_of(is_theirs: Callable[[Any], ColumnElement[bool]]) -> ColumnElement[bool]:
    """Choose the payments of some customers, and of those who were moved to one of them. `is_theirs` compares a key."""
    was_moved = exists().where(
        col(CustomerMoveRow.store_id) == col(SpendRow.store_id),
        col(CustomerMoveRow.from_key) == col(SpendRow.email_key),
        is_theirs(col(CustomerMoveRow.to_key)),
        col(CustomerMoveRow.moved_at).is_not(None),
    )
    return or_(is_theirs(col(SpendRow.email_key)), was_moved)


def points_owed(session: Session, store_id: int, email: str) -> int:
    """Add up what is to be taken back from a customer, and could not be yet. These points cannot be spent.

    Two things are taken back: what refunded money had earned, and points given back by a refund that Saleor later reversed.
    """
    keys = keys_in(session, email)
    is_theirs = (col(OrderRow.store_id) == store_id, col(OrderRow.email_key).in_(keys))
    owed = select(func.coalesce(func.sum(OrderRow.shortfall), 0)).where(*is_theirs, col(OrderRow.shortfall) > 0)

    def is_a_key_of_theirs(key: Any) -> ColumnElement[bool]:
        return col(key).in_(keys)

    left = col(SpendReturnRow.points) - col(SpendReturnRow.taken_again_points) - col(SpendReturnRow.let_go_points)
    reversed_ones = (
        select(func.coalesce(func.sum(left), 0))
        .join(SpendRow, col(SpendRow.id) == col(SpendReturnRow.spend_id))
        .where(RETURN_IS_OWED, col(SpendRow.store_id) == store_id, has_debt_of(is_a_key_of_theirs))
    )
    return int(session.exec(owed).one()) + int(session.exec(reversed_ones).one())
