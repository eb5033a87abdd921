"""Move all that one balance holds to another: what the first loses the second gains, in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from app.db.bulk import change_rows
from app.db.tables import PointsCustomerRow, PointsEntryRow
from app.db.tables.points_entry import EntryKind
from app.domain.bounds import POINTS_MAX
from app.domain.lots import Lot, Use
from app.ledger.entries import hold_customers
from app.ledger.following import follow
from app.ledger.lot_books import open_lots
from app.ledger.policies import policies_of
from app.ledger.posted import Posted
from app.ledger.statements import find_customers


def move_balance(
    session: Session, store_id: int, from_key: str, to_key: str, to_email: str, *, move_id: int, now: datetime
) -> int:
    """Move available and used points from one customer to another, also a debt. Gives the points that were available.

    The new customer is made where there is none. The two are locked in the order of their ids, as everywhere. Lots keep their
    days and their order, and the new customer was active when either of the two was.
    """
    is_there = from_key in find_customers(session.connection(), store_id, [from_key], now)
    emails = {to_key: to_email.strip()} | ({from_key: to_email.strip()} if is_there else {})
    hold_customers(session, store_id, emails, now)
    both = select(PointsCustomerRow).where(
        PointsCustomerRow.store_id == store_id, col(PointsCustomerRow.email_key).in_((from_key, to_key))
    )
    locked = both.order_by(col(PointsCustomerRow.id)).with_for_update(key_share=True)
    found = {one.email_key: one for one in session.exec(locked.execution_options(populate_existing=True))}
    giver, taker = found.get(from_key), found[to_key]
    if giver is None:
        return 0
    points, used = giver.available, giver.used
    if giver.customer_type is not None and taker.customer_type is None:
        taker.customer_type = giver.customer_type
        session.flush()
    has_lots = giver.active_at is not None or taker.active_at is not None
    # A move of 0 points writes no entry. `verify` works from entries, so such a move must not count as activity.
    if points or used:
        _share_activity(session, giver, taker)
    for part, part_used in _parts(points, used):
        lots = open_lots(session, policies_of(session, store_id), [giver.id or 0]).get(giver.id or 0, []) if has_lots else []
        taken = _add(session, giver, -part, -part_used, move_id, now, has_lots=has_lots)
        _add(session, taker, part, part_used, move_id, now, has_lots=has_lots, moved=_as_used(lots, taken))
    return points


def _share_activity(session: Session, giver: PointsCustomerRow, taker: PointsCustomerRow) -> None:
    """Let the new customer have been active when the old one was. Payments made before the move count whatever comes of them."""
    last = [at for at in (giver.active_at, taker.active_at) if at is not None]
    if giver.active_at is not None:
        earned = [at for at in (giver.active_at, taker.earned_at) if at is not None]
        row = {"id": taker.id, "earned_at": max(earned), "active_at": max(last)}
        change_rows(session, PointsCustomerRow, [row])
        session.refresh(taker)


def _as_used(lots: Sequence[Lot], uses: Iterable[Use]) -> tuple[Lot, ...]:
    """Give the parts of lots that were used, as lots."""
    of = {lot.id: lot for lot in lots}
    return tuple(replace(of[use.lot_id], left=use.points) for use in uses)


def _parts(points: int, used: int) -> list[tuple[int, int]]:
    """Cut an amount into parts that an entry can hold."""
    parts = []
    while points or used:
        part = max(-POINTS_MAX, min(points, POINTS_MAX))
        parts.append((part, used))
        points, used = points - part, 0
    return parts


def _add(
    session: Session,
    customer: PointsCustomerRow,
    points: int,
    used: int,
    move_id: int,
    now: datetime,
    *,
    has_lots: bool,
    moved: tuple[Lot, ...] = (),
) -> list[Use]:
    """Add one half of a move. Gives what it used of lots."""
    entry = PointsEntryRow(
        customer_id=customer.id or 0,
        kind=EntryKind.MOVE,
        amount=points,
        used=used,
        available_after=customer.available + points,
        used_after=customer.used + used,
        move_id=move_id,
        created_at=now,
    )
    session.add(entry)
    session.flush()
    used_lots = {}
    if has_lots:
        posted = Posted(entry.id or 0, customer.id or 0, EntryKind.MOVE, points, entry.available_after or 0, moved=moved)
        used_lots = follow(session, customer.store_id, [posted], now)
    # The database moved the balance.
    session.refresh(customer)
    return used_lots.get(entry.id or 0, [])
