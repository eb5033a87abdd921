"""What staff did by hand. Three tables keep it; together they are one list, newest first, which goes on from any place in it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, false, literal, literal_column, tuple_
from sqlmodel import Session, col, select

from app.db.columns import BigId, UtcTime
from app.db.tables import AdjustmentRow, CustomerMoveRow, MovementRow, OrderRow
from app.domain.settlement import MovementKind
from app.errors import BadRequest

_ID_MAX = 2**63 - 1


class ChangeSource(StrEnum):
    """Which table keeps a change. Of changes made at the same moment, the list has them in this order."""

    ADJUSTMENT = "adjustment"
    WRITE_OFF = "write-off"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the list: the moment of a change, the table that keeps it, and its id there."""

    at: datetime
    source: ChangeSource
    id: int | UUID

    def key(self) -> str:
        """Write the place for an address."""
        return f"{self.id}~{self.source}~{self.at.astimezone(UTC).isoformat()}"

    @classmethod
    def parse(cls, key: str) -> "Place":
        """Read a place. Raises BadRequest when it is none that `key` wrote."""
        row_id, _, rest = key.partition("~")
        source, _, at = rest.partition("~")
        try:
            kind = ChangeSource(source)
            return cls(_moment(at), kind, UUID(row_id) if kind == ChangeSource.WRITE_OFF else max(min(int(row_id), _ID_MAX), 0))
        except (ValueError, OverflowError):
            raise BadRequest("This page is not there. Open the list again.") from None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Found:
    """A change, its place in the list, and the order that it is of, if it is of one."""

    place: Place
    row: AdjustmentRow | MovementRow | CustomerMoveRow
    order_id: str | None
    order_number: str | None


def newest_by_staff(session: Session, store_id: int, *, who: str, before: Place | None, limit: int) -> list[Found]:
    """Give the newest changes in a store, everybody's or those of `who`, from a place on. Three queries, each by an index."""
    found = [one for source in ChangeSource for one in _of_source(session, source, store_id, who, before, limit)]
    ranks = {source: rank for rank, source in enumerate(ChangeSource)}

    def in_order(one: Found) -> tuple[datetime, int, Any]:
        return one.place.at, -ranks[one.place.source], one.place.id

    return sorted(found, key=in_order, reverse=True)[:limit]


@dataclass(frozen=True, slots=True)
class _Columns:
    row: Any
    at: Any
    by: Any
    id_type: Any
    # None: such a change is of no order.
    order_id: Any = None
    # Which rows of the table are changes by staff, where others are not.
    conditions: tuple[Any, ...] = ()


_COLUMNS = {
    ChangeSource.ADJUSTMENT: _Columns(
        AdjustmentRow, AdjustmentRow.made_at, AdjustmentRow.made_by, BigId(), order_id=AdjustmentRow.order_id
    ),
    ChangeSource.WRITE_OFF: _Columns(
        MovementRow,
        MovementRow.planned_at,
        MovementRow.decided_by,
        Uuid(),
        order_id=MovementRow.order_id,
        # Written as the indexes have it: PostgreSQL cannot tell from a parameter that they fit. A write-off that the app
        # undoes later has a row of its own, which nobody decided.
        conditions=(
            col(MovementRow.kind) == literal_column(f"'{MovementKind.WRITE_OFF}'"),
            col(MovementRow.decided_by).is_not(None),
        ),
    ),
    ChangeSource.MOVE: _Columns(CustomerMoveRow, CustomerMoveRow.made_at, CustomerMoveRow.made_by, BigId()),
}


def _of_source(session: Session, source: ChangeSource, store_id: int, who: str, before: Place | None, limit: int) -> list[Found]:
    kept = _COLUMNS[source]
    query: Any = select(kept.row, col(OrderRow.saleor_order_id), col(OrderRow.number))
    is_its_order = false() if kept.order_id is None else col(OrderRow.id) == kept.order_id
    query = query.outerjoin(OrderRow, is_its_order).where(kept.row.store_id == store_id, *kept.conditions)
    if who:
        query = query.where(kept.by == who)
    if before is not None:
        query = query.where(_beyond(kept, source, before))
    query = query.order_by(kept.at.desc(), kept.row.id.desc()).limit(limit)
    return [
        Found(Place(getattr(row, kept.at.key), source, row.id), row, order_id, number)
        for row, order_id, number in session.exec(query)
    ]


def _beyond(kept: _Columns, source: ChangeSource, place: Place) -> Any:
    if source == place.source:
        here = tuple_(literal(place.at, UtcTime()), literal(place.id, kept.id_type))
        return tuple_(kept.at, kept.row.id) < here
    sources = list(ChangeSource)
    is_listed_later = sources.index(source) > sources.index(place.source)
    return kept.at <= place.at if is_listed_later else kept.at < place.at
