"""List what staff did by hand: points given, taken or written off, links withdrawn, customers moved. Newest first, in pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.db.staff_changes import ChangeSource, Found, Place, newest_by_staff
from app.db.staff_takings import really_taken
from app.db.tables import AdjustmentRow, CustomerMoveRow, MovementRow
from app.usecases.services import Services

PAGE = 50


@dataclass(frozen=True, slots=True)
class StaffChange:
    """One change. It is of an order, or of the customer with this e-mail; a moved customer has `to_email` and the move's state.

    `points` have a sign where staff gave or took them. What was written off or moved has none: no balance is the less for it.
    """

    source: ChangeSource
    made_at: datetime
    made_by: str
    points: int
    taken: int | None = None
    reason: str = ""
    is_withdrawal: bool = False
    order_id: str | None = None
    order_number: str | None = None
    email: str | None = None
    to_email: str | None = None
    move_state: str = ""


@dataclass(frozen=True, slots=True)
class StaffChangePage:
    """Changes, newest first. `older` is the key of what lies beyond; empty where nothing does."""

    changes: tuple[StaffChange, ...]
    older: str = ""


def list_staff_changes(
    services: Services, store_id: int, *, who: str = "", before: str = "", size: int = PAGE
) -> StaffChangePage:
    """List one page of the changes in a store, by a few queries: everybody's, or those of the staff user `who`.

    Raises BadRequest when `before` is no key that a page of ours gave.
    """
    place = Place.parse(before) if before else None
    with services.database.reading() as session:
        found = newest_by_staff(session, store_id, who=who, before=place, limit=size + 1)
        shown = found[:size]
        changes = _changes(session, store_id, shown)
    return StaffChangePage(changes, shown[-1].place.key() if len(found) > size else "")


def _changes(session: Session, store_id: int, shown: Sequence[Found]) -> tuple[StaffChange, ...]:
    taken = really_taken(session, store_id, [one.row for one in shown if isinstance(one.row, AdjustmentRow)])
    return tuple(_change(one, taken) for one in shown)


def _change(found: Found, taken: dict[int, int]) -> StaffChange:
    row = found.row
    if isinstance(row, MovementRow):
        return StaffChange(
            source=ChangeSource.WRITE_OFF,
            made_at=row.planned_at,
            made_by=row.decided_by or "",
            points=abs(row.points),
            order_id=found.order_id,
            order_number=found.order_number,
        )
    if isinstance(row, CustomerMoveRow):
        return StaffChange(
            source=ChangeSource.MOVE,
            made_at=row.made_at,
            made_by=row.made_by,
            points=row.points,
            reason=row.reason,
            email=row.from_email,
            to_email=row.to_email,
            move_state=row.state,
        )
    return StaffChange(
        source=ChangeSource.ADJUSTMENT,
        made_at=row.made_at,
        made_by=row.made_by,
        points=row.points,
        taken=taken.get(row.id or 0),
        reason=row.reason,
        is_withdrawal=row.claim_id is not None,
        order_id=found.order_id,
        order_number=found.order_number,
        email=row.email_key,
    )
