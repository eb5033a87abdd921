"""Replay the lots of a range of customers, and say what stands in the tables that does not follow from the entries."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Row, exists, select, text
from sqlmodel import Session

from app.db.tables import PointsLotRow
from app.db.tables.points_entry import EntryKind
from app.ledger.audit import Range
from app.ledger.lot_activity import ReplayedActivity
from app.ledger.lot_facts import Fact, LotSource, SourceUse, Versions, Written
from app.ledger.lot_replay import Replay
from app.ledger.lot_rows import (
    CustomerRows,
    arrival_by,
    entries_before,
    given_back_elsewhere,
    rows_of_customers,
    spend_of,
    versions_of,
)

_ANY_LOT = select(exists(select(PointsLotRow.id)))  # type: ignore[call-overload]  # a column


def differing_lots(session: Session, store_id: int, within: Range) -> Iterator[str]:
    """Give a sentence for each thing about the lots of these customers that differs from a replay of their entries.

    It is the first thing that the transaction does: on PostgreSQL all its statements see one moment then, as on SQLite.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    versions = versions_of(session, store_id)
    if not versions.all and not session.execute(_ANY_LOT).scalar_one():
        return
    for rows in rows_of_customers(session, store_id, within):
        yield from _differing(session, versions, rows)


def _differing(session: Session, versions: Versions, rows: CustomerRows) -> Iterator[str]:
    customer = rows.entries[0]
    replay = Replay(_activity(session, customer.of_customer, rows.entries), versions)
    for entry in rows.entries:
        written = Written(rows.lots.get(entry.id, ()), rows.uses.get(entry.id, ()))
        yield from replay.differences(_fact(session, entry, rows.sources.get(entry.id, [])), written)
    was = replay.activity
    if (customer.earned_at, customer.active_at) != (was.earned_at, was.active_at):
        yield (
            f"customer {customer.of_customer}: last earned {_day(customer.earned_at)} and was active {_day(customer.active_at)};"
            f" by a replay of the entries {_day(was.earned_at)} and {_day(was.active_at)}"
        )
    ends_next = replay.ends_next()
    # One that is too early does no harm: the daily run looks, and puts it right.
    if ends_next is not None and (customer.ends_next is None or customer.ends_next > ends_next):
        yield (
            f"customer {customer.of_customer}: points run out next {_day(customer.ends_next)};"
            f" by a replay of the entries {_day(ends_next)}"
        )


def _activity(session: Session, customer_id: int, entries: Any) -> ReplayedActivity:
    if all(entry.kind != EntryKind.MOVE for entry in entries):
        return ReplayedActivity(customer_id)
    # What a moved customer had paid comes back to the new address.
    spends = [entry.spend_id for entry in entries if entry.kind == EntryKind.SPEND]
    return ReplayedActivity(customer_id, given_back_elsewhere(session, spends, customer_id))


def _fact(session: Session, entry: Row[Any], uses: list[SourceUse]) -> Fact:
    source = None
    if entry.kind == EntryKind.MOVE:
        source = _brought_along(session, entry)
    elif uses:
        source = LotSource(tuple(uses), uses[0].taken, entry.back_before)
    return Fact(entry.id, entry.kind, entry.amount, entry.created_at, spend_of(entry), entry.undoes_id, source)


def _brought_along(session: Session, entry: Row[Any]) -> LotSource | None:
    arrival = arrival_by(session, entry.id, entry.of_customer, entry.move_id)
    if arrival is None:
        return None
    return LotSource(tuple(arrival.uses), giver_active_at=_active_before(session, arrival.giver_id, arrival.first_entry_id))


def _active_before(session: Session, customer_id: int, entry_id: int) -> datetime | None:
    """Tell when a customer had been active before an entry.

    If others were moved to this one before, their activity is worked out first.
    """
    entries, made_lots = entries_before(session, customer_id, entry_id)
    activity = _activity(session, customer_id, entries)
    for entry in entries:
        fact = _fact(session, entry, [])
        after = activity.after(fact)
        is_given = fact.source is not None and fact.source.giver_active_at is not None
        if activity.active_at is not None or entry.id in made_lots or is_given:
            activity.keep(after[0], after[1] or entry.created_at)
    return activity.active_at


def _day(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"
