"""What the rows that name a customer come to: the balance, what waits, and the last activity."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import case, func
from sqlmodel import Session, col, select

from app.db.bulk import IsIn
from app.db.tables import OrderRow, PointsClaimRow, PointsCustomerRow, PointsEntryRow
from app.db.tables.points_claim import PointsClaimState
from app.domain.email import is_erased


@dataclass(frozen=True, slots=True)
class CustomerFigures:
    """A customer as the list shows it. `available` is the embedded balance, `waiting` what open claims come to."""

    email: str
    available: int
    waiting: int
    customer_type: str | None
    last_at: datetime


def figures_of(session: Session, store_id: int, keys: Collection[str]) -> dict[str, CustomerFigures]:
    """Add up each customer of the keys whom any row names: orders, claims or a balance. Nobody who was erased is among them."""
    figures: dict[str, CustomerFigures] = {}
    for key, email, placed_at in session.execute(_orders(store_id, keys)):
        figures[key] = CustomerFigures(email, 0, 0, None, placed_at)
    for key, email, waiting, made_at in session.execute(_claims(store_id, keys)):
        before = figures.get(key, CustomerFigures(email, 0, 0, None, made_at))
        figures[key] = replace(before, waiting=int(waiting), last_at=max(before.last_at, made_at))
    for key, email, available, customer_type, made_at, changed_at in session.execute(_balances(store_id, keys)):
        last_at = changed_at or made_at
        before = figures.get(key, CustomerFigures(email, 0, 0, None, last_at))
        last_at = max(before.last_at, last_at)
        figures[key] = CustomerFigures(email, available, before.waiting, customer_type, last_at)
    # A claim that is anybody's has no address.
    return {key: one for key, one in figures.items() if key and not is_erased(key)}


def _orders(store_id: int, keys: Collection[str]) -> Any:
    key: Any = col(OrderRow.email_key)
    placed_at = func.max(func.coalesce(OrderRow.placed_at, OrderRow.created_at))
    return _of(select(key, func.max(OrderRow.email), placed_at), OrderRow, store_id, keys).group_by(key)


def _claims(store_id: int, keys: Collection[str]) -> Any:
    key: Any = col(PointsClaimRow.email_key)
    waiting = func.sum(case((col(PointsClaimRow.state) == PointsClaimState.OPEN, PointsClaimRow.amount), else_=0))
    named = select(key, func.max(PointsClaimRow.email), waiting, func.max(PointsClaimRow.created_at))
    return _of(named, PointsClaimRow, store_id, keys).group_by(key)


def _balances(store_id: int, keys: Collection[str]) -> Any:
    newest = (
        select(PointsEntryRow.created_at)
        .where(PointsEntryRow.customer_id == PointsCustomerRow.id)
        .order_by(col(PointsEntryRow.id).desc())
        .limit(1)
        .scalar_subquery()
    )
    customer = PointsCustomerRow
    columns: list[Any] = [customer.email_key, customer.email, customer.available, customer.customer_type]
    return _of(select(*columns).add_columns(col(customer.created_at), newest), customer, store_id, keys)


def _of(query: Any, model: Any, store_id: int, keys: Collection[str]) -> Any:
    return query.where(model.store_id == store_id, IsIn(model.__table__.c.email_key, "keys", list(keys)))
