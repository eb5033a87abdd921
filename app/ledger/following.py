"""What entries do to lots, written with them in one transaction.

The customers are locked, and each has one entry at most: what a second one finds depends on what the first one left.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col

from app.db.bulk import IsIn, change_rows, insert_rows
from app.db.tables import PointsCustomerRow, PointsLotRow, PointsSpendRow
from app.db.tables.points_entry import EntryKind
from app.domain.lots import Lot, Use, after, ends_next, not_owed, uses_of
from app.ledger.back_to_lots import given_back, sources_of
from app.ledger.lot_books import insert_uses, open_lots, write_ended
from app.ledger.policies import Policies, policies_of
from app.ledger.posted import NewLot, Posted

_EARNS = frozenset({EntryKind.CLAIM, EntryKind.INSTANT, EntryKind.IMPORT})


class Activity(NamedTuple):
    """When a customer last earned, and when last earned or spent. Empty before the first lot."""

    earned_at: datetime | None = None
    active_at: datetime | None = None


def follow(session: Session, store_id: int, posted: Sequence[Posted], now: datetime) -> dict[int, list[Use]]:
    """Write which lots entries make, use and give back to, and what follows for their customers. Gives what each entry used."""
    policies = policies_of(session, store_id)
    before = _activity(session, [one.customer_id for one in posted])
    activity = _activity_after(session, posted, before, now)
    active_at = {customer_id: one.active_at or now for customer_id, one in activity.items()}
    lots = open_lots(session, policies, list(activity), active_at)
    sources = sources_of(session, posted)
    used, back, new = dict[int, list[Use]](), dict[int, list[Use]](), list[NewLot]()
    for one in posted:
        if one.amount < 0:
            used[one.id] = uses_of(lots.get(one.customer_id, ()), -one.amount, own_origin=one.undoes_id)
        elif one.id in sources:
            made, back[one.id] = given_back(one, sources[one.id], policies, active_at[one.customer_id], now)
            new += made
        elif one.kind is EntryKind.MOVE:
            new += _brought_along(one)
        elif one.kind in _EARNS and one.undoes_id is None:
            new += _brought(one, policies, now)
    insert_uses(session, used.items(), sign=-1)
    insert_rows(session, PointsLotRow, [{**lot._asdict(), "points_left": lot.points} for lot in new])
    insert_uses(session, back.items(), sign=1)
    have_lots = {lot.customer_id for lot in new} | {id_ for id_, was in before.items() if was.active_at is not None}
    _write_customers(session, store_id, policies, {id_: activity[id_] for id_ in have_lots}, now)
    return used


def _activity(session: Session, customer_ids: Sequence[int]) -> dict[int, Activity]:
    query = select(col(PointsCustomerRow.id), col(PointsCustomerRow.earned_at), col(PointsCustomerRow.active_at)).where(
        IsIn(col(PointsCustomerRow.id), "customer_ids", customer_ids)
    )
    return {id_: Activity(earned_at, active_at) for id_, earned_at, active_at in session.execute(query)}


def _activity_after(
    session: Session, posted: Sequence[Posted], before: Mapping[int, Activity], now: datetime
) -> dict[int, Activity]:
    """Tell when customers were last active, these entries counted."""
    whole = _given_back_whole(session, [one for one in posted if one.kind is EntryKind.GIVE_BACK])
    activity = dict(before)
    for one in posted:
        was = before[one.customer_id]
        if one.kind in _EARNS and one.amount > 0 and one.undoes_id is None:
            activity[one.customer_id] = Activity(now, now)
        elif one.kind is EntryKind.SPEND and was.active_at is not None:
            activity[one.customer_id] = Activity(was.earned_at, now)
        elif whole.get(one.spend_id) == (one.customer_id, was.active_at):
            # The payment did not come about. What the customer did before it counts.
            last = max((at for at in (was.earned_at, _newest_spend(session, one)) if at is not None), default=was.active_at)
            activity[one.customer_id] = Activity(was.earned_at, last)
    return activity


def _given_back_whole(session: Session, posted: Sequence[Posted]) -> dict[int | None, tuple[int, datetime]]:
    """Give the payer and the moment of each spend of which nothing is left, by its id."""
    if not posted:
        return {}
    query = select(col(PointsSpendRow.id), col(PointsSpendRow.customer_id), col(PointsSpendRow.created_at)).where(
        IsIn(col(PointsSpendRow.id), "spends", [one.spend_id for one in posted]),
        col(PointsSpendRow.given_back) == col(PointsSpendRow.points),
    )
    return {row.id: (row.customer_id, row.created_at) for row in session.execute(query)}


def _newest_spend(session: Session, one: Posted) -> datetime | None:
    """Give the moment of a customer's newest spend of which something is left."""
    query = select(func.max(col(PointsSpendRow.created_at))).where(
        col(PointsSpendRow.customer_id) == one.customer_id, col(PointsSpendRow.given_back) < col(PointsSpendRow.points)
    )
    newest: datetime | None = session.execute(query).scalar_one()
    return newest


def _brought(one: Posted, policies: Policies, now: datetime) -> list[NewLot]:
    """Give the lot of points that came from outside, if they run out."""
    points = not_owed(one.amount, one.available_after)
    if points <= 0:
        return []
    if one.ends is not None:
        return [NewLot(one.customer_id, one.id, one.id, None, one.ends, points)]
    if policies.current_id is None:
        return []
    ends = policies.by_id[policies.current_id].ends_of(now)
    return [NewLot(one.customer_id, one.id, one.id, policies.current_id, ends, points)]


def _brought_along(one: Posted) -> list[NewLot]:
    """Give the lots that a moved customer brings along. A debt of the new address is paid by what would be used first."""
    owed = one.amount - not_owed(one.amount, one.available_after)
    return [
        NewLot(one.customer_id, one.id, lot.origin, lot.policy_id, None if lot.is_by_activity else lot.ends, lot.left)
        for lot in after(one.moved, uses_of(one.moved, owed))
    ]


def _write_customers(
    session: Session, store_id: int, policies: Policies, activity: Mapping[int, Activity], now: datetime
) -> None:
    """Write when customers were active, and from the lots that stand now, when points of theirs run out next."""
    active_at = {customer_id: one.active_at or now for customer_id, one in activity.items()}
    lots: Mapping[int, Sequence[Lot]] = open_lots(session, policies, list(activity), active_at)
    next_ends = {customer_id: ends_next(lots.get(customer_id, ())) for customer_id in activity}
    rows = [
        {"id": id_, "earned_at": one.earned_at, "active_at": active_at[id_], "ends_next": next_ends[id_]}
        for id_, one in activity.items()
    ]
    change_rows(session, PointsCustomerRow, rows)
    # Only a payment that did not come about leaves something that is over already.
    over = [id_ for id_, ends in next_ends.items() if ends is not None and ends <= now]
    if over:
        query = select(col(PointsCustomerRow.id), col(PointsCustomerRow.available), col(PointsCustomerRow.used)).where(
            IsIn(col(PointsCustomerRow.id), "customer_ids", over)
        )
        balances = {id_: (available, used) for id_, available, used in session.execute(query)}
        write_ended(session, store_id, balances, now, not_before=now)
