"""Questions asked of spends: payments by points."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from sqlalchemy import or_
from sqlmodel import Session, col, select

from app.db.bulk import IsIn
from app.db.tables import SpendRow
from app.domain.spending import OVER, PointsPayment, SpendStage, as_amount


def find_spend_of(session: Session, store_id: int, transaction_id: str, *, lock: bool = False) -> SpendRow | None:
    """Find the open spend of a transaction. There is at most one."""
    query = select(SpendRow).where(
        SpendRow.store_id == store_id, SpendRow.saleor_transaction_id == transaction_id, col(SpendRow.stage).not_in(OVER)
    )
    return session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query).first()


def open_spends_of(
    session: Session, store_id: int, *, checkout_id: str | None, order_id: str | None, transaction_ids: Collection[str] = ()
) -> Sequence[SpendRow]:
    """Find what points paid of a checkout or an order, and did not go back whole.

    `transaction_ids` are those that Saleor names of an order: which order a completed checkout became may not be known yet.
    """
    is_paid = col(SpendRow.saleor_checkout_id) == checkout_id if order_id is None else col(SpendRow.saleor_order_id) == order_id
    is_one_of_them = IsIn(col(SpendRow.saleor_transaction_id), "transaction_ids", transaction_ids)
    is_of_it = or_(is_paid, is_one_of_them) if transaction_ids else is_paid
    return session.exec(select(SpendRow).where(SpendRow.store_id == store_id, is_of_it, col(SpendRow.stage).not_in(OVER))).all()


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
