"""Lots as the ledger reads and empties them. The customers are locked by whoever writes."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlmodel import Session, col

from app.db.bulk import IsIn, change_rows, insert_rows
from app.db.keys import key_in
from app.db.tables import PointsCustomerRow, PointsEntryRow, PointsLotRow, PointsLotUseRow
from app.db.tables.points_entry import EntryKind
from app.domain.bounds import POINTS_MAX
from app.domain.lots import EndedTogether, Lot, Use, ended, ends_next
from app.ledger.policies import Policies, policies_of
from app.ledger.statements import NewEntry, add_entries

# Every open lot of customers, with what its day and its customer's balance depend on. Built once.
_OPEN = (
    select(
        col(PointsLotRow.id),
        col(PointsLotRow.customer_id),
        col(PointsLotRow.origin_id),
        col(PointsLotRow.policy_id),
        col(PointsLotRow.ends),
        col(PointsLotRow.points_left),
        col(PointsCustomerRow.active_at),
    )
    .join(PointsCustomerRow, col(PointsCustomerRow.id) == col(PointsLotRow.customer_id))
    .where(IsIn(col(PointsLotRow.customer_id), "customer_ids"), col(PointsLotRow.points_left) > 0)
    .order_by(col(PointsLotRow.id))
)
_WRITTEN = select(col(PointsEntryRow.customer_id), col(PointsEntryRow.id)).where(
    IsIn(col(PointsEntryRow.customer_id), "customer_ids"), col(PointsEntryRow.id) > bindparam("newest")
)


def open_lots(
    session: Session, policies: Policies, customer_ids: Collection[int], active_at: Mapping[int, datetime | None] | None = None
) -> dict[int, list[Lot]]:
    """Find the lots of customers that hold something. `active_at` is newer than what their rows say."""
    lots: dict[int, list[Lot]] = defaultdict(list)
    for row in session.execute(_OPEN, {"customer_ids": list(customer_ids)}) if customer_ids else ():
        active = row.active_at if active_at is None else active_at.get(row.customer_id, row.active_at)
        lots[row.customer_id].append(
            Lot(
                id=row.id,
                origin=row.origin_id,
                left=row.points_left,
                ends=policies.ends_of(row.policy_id, row.ends, active),
                policy_id=row.policy_id,
                is_by_activity=row.ends is None,
            )
        )
    return lots


def ended_points(session: Session, store_id: int, customer_ids: Collection[int], now: datetime) -> dict[int, int]:
    """Tell what has run out of customers' balances and is not written yet."""
    lots = open_lots(session, policies_of(session, store_id), customer_ids) if customer_ids else {}
    return {customer_id: sum(one.points for one in ended(own, now)) for customer_id, own in lots.items()}


def runs_out_next(session: Session, store_id: int, email: str, now: datetime) -> tuple[datetime, int] | None:
    """Tell when points of a customer run out next, and how many. None where none do."""
    query = select(col(PointsCustomerRow.id)).where(
        col(PointsCustomerRow.store_id) == store_id,
        col(PointsCustomerRow.email_key) == key_in(session, email),
        col(PointsCustomerRow.ends_next).is_not(None),
    )
    ids = [id_ or 0 for id_ in session.scalars(query)]
    lots = open_lots(session, policies_of(session, store_id), ids) if ids else {}
    later = [lot for own in lots.values() for lot in own if lot.ends > now]
    ends = ends_next(later)
    return None if ends is None else (ends, sum(lot.left for lot in later if lot.ends == ends))


def write_ended(
    session: Session,
    store_id: int,
    balances: Mapping[int, tuple[int, int]],
    now: datetime,
    *,
    not_before: datetime | None = None,
) -> dict[int, int]:
    """Write an entry for each moment at which points of these customers ran out, dated at that moment. Gives what is available.

    `balances` are what the locked customers have available and used. `not_before`: the moment of an entry that stands already.
    """
    lots = open_lots(session, policies_of(session, store_id), list(balances))
    waves: dict[tuple[datetime, int], list[tuple[int, tuple[Use, ...]]]] = defaultdict(list)
    for customer_id, own in lots.items():
        parts = [(one.at, part) for one in ended(own, now) for part in _parts(one)]
        for place, (at, part) in enumerate(parts):
            waves[at if not_before is None else max(at, not_before), place].append((customer_id, part))
    left = {customer_id: available for customer_id, (available, _) in balances.items()}
    # Of each customer one entry at once, the oldest first: each has the balance after it.
    for (at, _), wave in sorted(waves.items()):
        rows = []
        for customer_id, part in wave:
            points = sum(use.points for use in part)
            left[customer_id] -= points
            rows.append(NewEntry(customer_id, EntryKind.EXPIRE.value, -points, 0, left[customer_id], balances[customer_id][1]))
        insert_uses(session, zip(written(session, rows, at), (part for _, part in wave), strict=True), sign=-1)
    still = {customer_id: [lot for lot in lots.get(customer_id, ()) if lot.ends > now] for customer_id in balances}
    change_rows(session, PointsCustomerRow, [{"id": id_, "ends_next": ends_next(own)} for id_, own in still.items()])
    return left


def _parts(one: EndedTogether) -> list[tuple[Use, ...]]:
    """Cut what ran out into parts that an entry can hold."""
    parts, points = [list[Use]()], 0
    for use in one.uses:
        if points + use.points > POINTS_MAX:
            parts.append([])
            points = 0
        parts[-1].append(use)
        points += use.points
    return [tuple(part) for part in parts]


def written(session: Session, rows: Sequence[NewEntry], now: datetime) -> list[int]:
    """Append entries, of each customer one at most, and give their ids. The customers are locked."""
    newest = session.execute(select(func.max(col(PointsEntryRow.id)))).scalar_one() or 0
    add_entries(session.connection(), rows, now)
    # Others may add entries meanwhile, but not of these customers.
    found = session.execute(_WRITTEN, {"customer_ids": [row.customer_id for row in rows], "newest": newest})
    ids = {customer_id: entry_id for customer_id, entry_id in found}  # noqa: C416 - rows are no pairs to mypy
    return [ids[row.customer_id] for row in rows]


def insert_uses(session: Session, uses: Iterable[tuple[int, Iterable[Use]]], *, sign: int) -> None:
    """Write what entries took from lots, or with a plus gave back to them, in this order. The database moves the lots."""
    rows: list[dict[str, Any]] = [
        {"entry_id": entry_id, "lot_id": use.lot_id, "points": sign * use.points}
        for entry_id, of_entry in uses
        for use in of_entry
    ]
    insert_rows(session, PointsLotUseRow, rows)
