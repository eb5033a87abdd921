"""Spends of the embedded points: a customer pays with points, and gets them back whole or in parts.

Every function works inside the caller's transaction. Locks are taken in one order: the spend, then customers by id.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from app.db.keys import key_in
from app.db.tables import PointsCustomerRow, PointsSpendRow
from app.db.tables.points_entry import EntryKind
from app.ledger import entries as ledger
from app.ledger.entries import Entry

# What history and lists show of points that are taken again.
REVERSED_REFUND = "a refund was reversed"


def spend(
    session: Session,
    store_id: int,
    email: str,
    points: int,
    *,
    request_id: UUID,
    now: datetime,
    owed: int = 0,
    reference: str = "",
    api_key_id: int | None = None,
) -> PointsSpendRow | None:
    """Take points that a customer pays with. None when the customer has fewer: a spend never lets a balance fall below zero.

    `owed` are points that the customer has and does not own any more: refunds will take them back.
    """
    key = key_in(session, email)
    customer = ledger.hold_customers(session, store_id, {key: email.strip()}, now)[key]
    if customer.available - max(0, owed) < points:
        return None
    row = PointsSpendRow(
        store_id=store_id,
        customer_id=customer.id,
        request_id=request_id,
        points=points,
        reference=reference,
        api_key_id=api_key_id,
        created_at=now,
    )
    session.add(row)
    session.flush()
    ledger.post(
        session,
        store_id,
        [Entry(email, -points, EntryKind.SPEND, request_id=request_id, used=points, api_key_id=api_key_id, spend_id=row.id)],
        now,
    )
    return row


def take_again(
    session: Session, store_id: int, email: str, points: int, *, request_id: UUID, now: datetime, may_go_below_zero: bool
) -> int:
    """Take points that were given back again, as a spend of its own; at most what is there, unless it may go below zero.

    Gives how many were taken.
    """
    key = key_in(session, email)
    customer = ledger.hold_customers(session, store_id, {key: email.strip()}, now)[key]
    taken = points if may_go_below_zero else min(points, max(0, customer.available))
    if taken > 0:
        row = PointsSpendRow(
            store_id=store_id,
            customer_id=customer.id,
            request_id=request_id,
            points=taken,
            reference=REVERSED_REFUND,
            created_at=now,
        )
        session.add(row)
        session.flush()
        entry = Entry(
            email,
            -taken,
            EntryKind.SPEND,
            request_id=request_id,
            may_go_below_zero=may_go_below_zero,
            used=taken,
            spend_id=row.id,
        )
        ledger.post(session, store_id, [entry], now)
    return taken


def find_spend(session: Session, store_id: int, request_id: UUID, *, lock: bool = False) -> PointsSpendRow | None:
    """Find a spend of a store by its name outside. None when there is none."""
    query = select(PointsSpendRow).where(PointsSpendRow.request_id == request_id, PointsSpendRow.store_id == store_id)
    return session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query).first()


def find_spends(session: Session, store_id: int, request_ids: Collection[UUID]) -> list[PointsSpendRow]:
    """Find and lock spends of a store by their names outside, the oldest first."""
    is_one = (PointsSpendRow.store_id == store_id, col(PointsSpendRow.request_id).in_(request_ids))
    query = select(PointsSpendRow).where(*is_one).order_by(col(PointsSpendRow.id)).with_for_update()
    return list(session.exec(query.execution_options(populate_existing=True)))


def payer_of(session: Session, spent: PointsSpendRow) -> str:
    """Give the address of the customer who paid."""
    return session.exec(select(PointsCustomerRow.email).where(col(PointsCustomerRow.id) == spent.customer_id)).one()


def give_back(
    session: Session, spent: PointsSpendRow, email: str, points: int, now: datetime, *, api_key_id: int | None = None
) -> None:
    """Give points of a spend to the customer who holds the payer's points now.

    The spend is locked, and at least so many of its points were not given back yet: the database refuses anything else.
    """
    entry = Entry(email, points, EntryKind.GIVE_BACK, used=-points, api_key_id=api_key_id, spend_id=spent.id)
    ledger.post(session, spent.store_id, [entry], now)
    session.refresh(spent)
