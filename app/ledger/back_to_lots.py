"""Where points come back to: the lots that they were taken from, or a lot for a time of grace."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, func, select
from sqlmodel import Session, col

from app.db.bulk import IsIn
from app.db.tables import PointsEntryRow, PointsLotRow, PointsLotUseRow
from app.db.tables.points_entry import EntryKind
from app.domain.lots import Use, kept, not_owed, parts_given_back
from app.ledger.policies import Policies
from app.ledger.posted import NewLot, Posted


class TakenFrom(NamedTuple):
    """What is given back: what the entry that took it used of lots, how much it took, and what came back of it before."""

    uses: tuple[Use, ...]
    taken: int
    back_before: int
    lots: Mapping[int, Row[Any]]


def sources_of(session: Session, posted: Sequence[Posted]) -> dict[int, TakenFrom]:
    """Find what entries give back: of a spend, or of a debit that is undone. By the ids of the entries."""
    by_spend = {one.spend_id: one for one in posted if one.kind is EntryKind.GIVE_BACK}
    by_debit = {one.undoes_id: one for one in posted if one.amount > 0 and one.undoes_id is not None}
    taken: list[tuple[PointsEntryRow, Posted]] = []
    if by_spend:
        is_payment = col(PointsEntryRow.kind) == EntryKind.SPEND.value
        payments = select(PointsEntryRow).where(IsIn(col(PointsEntryRow.spend_id), "spends", list(by_spend)), is_payment)
        taken += [(entry, one) for entry in session.scalars(payments) for one in posted if one.spend_id == entry.spend_id]
    if by_debit:
        debits = select(PointsEntryRow).where(IsIn(col(PointsEntryRow.id), "entries", list(by_debit)))
        taken += [(entry, one) for entry in session.scalars(debits) for one in posted if one.undoes_id == entry.id]
    return _with_uses(session, taken) if taken else {}


def _with_uses(session: Session, taken: Sequence[tuple[PointsEntryRow, Posted]]) -> dict[int, TakenFrom]:
    uses, lots = defaultdict[int, list[Use]](list), dict[int, Row[Any]]()
    for row in session.execute(_USES, {"entries": [entry.id for entry, _ in taken]}):
        uses[row.used_by].append(Use(row.id, -row.used))
        lots[row.id] = row
    return {
        one.id: TakenFrom(tuple(uses[entry.id or 0]), -entry.amount, _back_before(session, one), lots)
        for entry, one in taken
        if one.amount > 0 and uses[entry.id or 0]
    }


# In the order in which the lots were used.
_USES: Any = (
    select(
        col(PointsLotUseRow.entry_id).label("used_by"),
        col(PointsLotUseRow.points).label("used"),
        col(PointsLotRow.id),
        col(PointsLotRow.customer_id),
        col(PointsLotRow.origin_id),
        col(PointsLotRow.policy_id),
        col(PointsLotRow.ends),
    )
    .join(PointsLotRow, col(PointsLotRow.id) == col(PointsLotUseRow.lot_id))
    .where(IsIn(col(PointsLotUseRow.entry_id), "entries"), col(PointsLotUseRow.points) < 0)
    .order_by(col(PointsLotUseRow.id))
)


def _back_before(session: Session, one: Posted) -> int:
    """Tell how many points had come back of the same before this entry."""
    is_of_the_same = col(PointsEntryRow.undoes_id) == one.undoes_id
    if one.kind is EntryKind.GIVE_BACK:
        is_of_the_same = col(PointsEntryRow.spend_id) == one.spend_id
    query = select(func.coalesce(func.sum(col(PointsEntryRow.amount)), 0)).where(
        is_of_the_same, col(PointsEntryRow.amount) > 0, col(PointsEntryRow.id) < one.id
    )
    return int(session.execute(query).scalar_one())


def given_back(
    one: Posted, source: TakenFrom, policies: Policies, active_at: datetime | None, now: datetime
) -> tuple[list[NewLot], list[Use]]:
    """Tell which new lots an entry makes of what it gives back, and what it gives back to lots that stand.

    A new lot is made where the day of the old one has passed, and where another customer holds the points now.
    """
    parts = parts_given_back(source.uses, source.taken, back_before=source.back_before, points=one.amount)
    new, back = list[NewLot](), list[Use]()
    for lot_id, points in kept(parts, not_owed(one.amount, one.available_after)):
        if lot_id is None:
            continue
        lot = source.lots[lot_id]
        is_over = policies.ends_of(lot.policy_id, lot.ends, active_at or now) <= now
        if lot.customer_id == one.customer_id and not is_over:
            back.append(Use(lot_id, points))
        else:
            ends = policies.grace_of(lot.policy_id, now) if is_over else lot.ends
            new.append(NewLot(one.customer_id, one.id, lot.origin_id, lot.policy_id, ends, points))
    return new, back
