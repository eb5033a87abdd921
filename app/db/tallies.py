"""Each day's points of a store, counted in the transaction that writes an outcome."""

from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam
from sqlmodel import Session

from app.db.dialects import insert_into
from app.db.tables import MovementRow, PointsDayRow, StoreRow
from app.domain.settlement import CauseKind, MovementKind

_UNCOUNTED = frozenset({CauseKind.MOVE, CauseKind.SPEND, CauseKind.REWARD})


def today(store: StoreRow, now: datetime) -> date:
    """Give the day that it is in the store's time zone."""
    return now.astimezone(ZoneInfo(store.time_zone)).date()


def tally_accepted(session: Session, store: StoreRow, accepted: Iterable[MovementRow], now: datetime) -> None:
    """Count movements that were accepted just now. A write-off changes no customer's points, a move of a customer
    gives as many as it takes, and neither a payment nor a reward is what an order brought: they count for nothing.
    """
    granted = taken = taken_back = 0
    for movement in accepted:
        if movement.cause_kind in _UNCOUNTED:
            continue
        if movement.kind in {MovementKind.CLAIM, MovementKind.CREDIT}:
            granted += movement.points
            taken += movement.points if movement.kind == MovementKind.CREDIT else 0
        elif movement.kind in {MovementKind.DEBIT, MovementKind.VOID}:
            taken_back -= movement.points
    _add(session, store, today(store, now), granted=granted, taken=taken, taken_back=taken_back)


def tally_taken(session: Session, store: StoreRow, points: int, now: datetime) -> None:
    """Count the points of claims that were found taken just now."""
    _add(session, store, today(store, now), taken=points)


def _add(session: Session, store: StoreRow, day: date, *, granted: int = 0, taken: int = 0, taken_back: int = 0) -> None:
    if not granted and not taken and not taken_back:
        return
    counted = {"granted": granted, "taken": taken, "taken_back": taken_back}
    connection = session.connection()
    connection.execute(_adding(connection.dialect.name), {"store_id": store.id, "day": day, **counted})


@cache
def _adding(dialect: str) -> Any:
    """Build the statement once: each array's record runs it."""
    new: Any = insert_into(dialect, PointsDayRow)
    names = ("granted", "taken", "taken_back")
    more = {name: getattr(PointsDayRow, name) + new.excluded[name] for name in names}
    values: dict[str, Any] = {name: bindparam(name) for name in ("store_id", "day", *names)}
    return new.values(values).on_conflict_do_update(index_elements=["store_id", "day"], set_=more)
