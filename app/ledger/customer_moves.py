"""Move all that one balance holds to another: what the first loses the second gains, in one transaction."""

from datetime import datetime

from sqlmodel import Session, col, select

from app.db.tables import PointsCustomerRow, PointsEntryRow
from app.db.tables.points_entry import EntryKind
from app.domain.bounds import POINTS_MAX
from app.ledger.statements import made_customers


def move_balance(
    session: Session, store_id: int, from_key: str, to_key: str, to_email: str, *, move_id: int, now: datetime
) -> int:
    """Move available and used points from one customer to another, also a debt. Gives the points that were available.

    The new customer is made where there is none. The two are locked in the order of their ids, as everywhere.
    """
    made_customers(session.connection(), store_id, {to_key: to_email.strip()}, now)
    both = select(PointsCustomerRow).where(
        PointsCustomerRow.store_id == store_id, col(PointsCustomerRow.email_key).in_((from_key, to_key))
    )
    locked = both.order_by(col(PointsCustomerRow.id)).with_for_update(key_share=True)
    found = {one.email_key: one for one in session.exec(locked.execution_options(populate_existing=True))}
    giver, taker = found.get(from_key), found[to_key]
    if giver is None:
        return 0
    if giver.customer_type is not None and taker.customer_type is None:
        taker.customer_type = giver.customer_type
        session.flush()
    points, used = giver.available, giver.used
    for part, part_used in _parts(points, used):
        for customer, sign in ((giver, -1), (taker, 1)):
            _add(session, customer, sign * part, sign * part_used, move_id, now)
    return points


def _parts(points: int, used: int) -> list[tuple[int, int]]:
    """Cut an amount into parts that an entry can hold."""
    parts = []
    while points or used:
        part = max(-POINTS_MAX, min(points, POINTS_MAX))
        parts.append((part, used))
        points, used = points - part, 0
    return parts


def _add(session: Session, customer: PointsCustomerRow, points: int, used: int, move_id: int, now: datetime) -> None:
    session.add(
        PointsEntryRow(
            customer_id=customer.id or 0,
            kind=EntryKind.MOVE,
            amount=points,
            used=used,
            available_after=customer.available + points,
            used_after=customer.used + used,
            move_id=move_id,
            created_at=now,
        )
    )
    session.flush()
    # The database moved the balance.
    session.refresh(customer)
