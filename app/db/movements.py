"""Movements: which are open, which went in one call, and what they add to an order."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, and_, literal_column, or_, update
from sqlmodel import Session, col, select

from app.db.bulk import RowParameters, insert_new_rows
from app.db.tables import MovementRow, OrderRow
from app.domain.settlement import INSTANT_KINDS, MovementState

_OPEN_STATES = (MovementState.PLANNED, MovementState.SENDING)


def insert_movements(session: Session, movements: Sequence[MovementRow]) -> set[UUID]:
    """Insert movements, but for those whose order or customer has an open one already. Gives the ids of the inserted."""
    return insert_new_rows(session, MovementRow, [movement.model_dump() for movement in movements])


def add_to_granted(session: Session, points: Mapping[int, int]) -> None:
    """Add to what is granted for orders, by their ids."""
    if not points:
        return
    connection = session.connection()
    each, statement = _add_to_granted(connection.dialect.name)
    each.run(connection, statement, [{"of_order": order_id, "more": more} for order_id, more in points.items()])


def is_open() -> object:
    """Give the condition under which a movement still stands in the way of the next."""
    return or_(
        col(MovementRow.state).in_(_spelt(_OPEN_STATES)),
        and_(col(MovementRow.state) == MovementState.UNKNOWN, col(MovementRow.kind).in_(_spelt(INSTANT_KINDS))),
    )


def call_of(session: Session, call_id: UUID) -> list[MovementRow]:
    """Find the movements that were sent in one call, in the order in which they stood in its array."""
    return list(session.exec(select(MovementRow).where(MovementRow.call_id == call_id).order_by(col(MovementRow.position))))


def _spelt(values: Iterable[StrEnum]) -> list[Any]:
    """Write values into a statement, which then has no parameters for them that would be spelt out with each run."""
    return [literal_column(f"'{value.value}'") for value in sorted(values)]


@cache
def _add_to_granted(dialect: str) -> tuple[RowParameters, Any]:
    each = RowParameters(dialect, of_order=BigInteger(), more=BigInteger())
    return each, (
        update(OrderRow).where(col(OrderRow.id) == each["of_order"]).values(granted=col(OrderRow.granted) + each["more"])
    )
