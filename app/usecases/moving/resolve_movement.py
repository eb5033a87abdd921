"""Resolve an INSTANT whose outcome nobody knows: a person looked, and says whether it happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlmodel import Session, col, select

from app.db.form_tokens import FormToken, is_first
from app.db.logbook import write_log
from app.db.tables import MovementRow, OrderRow, StoreRow
from app.domain.settlement import INSTANT_KINDS, MovementState
from app.errors import BadRequest
from app.providers.protocol import Accepted, Rejected
from app.usecases.moving.causes import Cause, Ended
from app.usecases.moving.engine_run import Run, open_accounts
from app.usecases.moving.recording import write_ended
from app.usecases.services import Services

log = structlog.get_logger()

# The code of a refusal that a person wrote: asking again may succeed.
DECIDED = "DECIDED"
_HAPPENED = Accepted(doubt="Staff looked: it happened.")
_DID_NOT = Rejected("Staff looked: it did not happen.", code=DECIDED)


@dataclass(frozen=True, slots=True)
class UnknownMovement:
    """All that a person needs to decide. `before` and `looked` are available and used points."""

    id: UUID
    store: str
    order_number: str | None
    email: str
    points: int
    sent_at: datetime | None
    before: tuple[int | None, int | None]
    looked: tuple[int | None, int | None]
    is_for_staff: bool


def unknown_movements(services: Services, store_slug: str | None = None) -> list[UnknownMovement]:
    """List the INSTANTs whose outcome is unknown, oldest first."""
    query = (
        select(MovementRow, StoreRow.slug, OrderRow.number)
        .join(StoreRow, col(StoreRow.id) == col(MovementRow.store_id))
        .outerjoin(OrderRow, col(OrderRow.id) == col(MovementRow.order_id))
        .where(MovementRow.state == MovementState.UNKNOWN, col(MovementRow.kind).in_(INSTANT_KINDS))
        .order_by(col(MovementRow.sent_at))
    )
    if store_slug is not None:
        query = query.where(StoreRow.slug == store_slug)
    with services.database.reading() as session:
        return [_unknown(movement, slug, number) for movement, slug, number in session.exec(query)]


def resolve_movement(
    services: Services, movement_id: UUID, *, happened: bool, who: str, store_id: int | None = None, once: FormToken | None = None
) -> None:
    """Record once what staff say about an unknown INSTANT. Its order is settled again at once.

    `store_id` refuses a movement of another store. Raises BadRequest when the movement is not one whose outcome is unknown.
    """
    is_it = col(MovementRow.id) == movement_id
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, services.clock()):
            return
        if not _resolve(services, session, [is_it, *_of_store(store_id)], happened=happened, who=who):
            raise BadRequest("There is no movement of this id whose outcome is unknown.")
    log.info("movement resolved", movement=str(movement_id), happened=happened)


def resolve_call(
    services: Services, call_id: UUID, *, happened: bool, who: str, store_id: int | None = None, once: FormToken | None = None
) -> int:
    """Record what staff say about all unknown INSTANTs of one call, and give how many there were.

    Raises BadRequest when none of the call's outcomes is unknown.
    """
    is_of_call = col(MovementRow.call_id) == call_id
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, services.clock()):
            return 0
        resolved = _resolve(services, session, [is_of_call, *_of_store(store_id)], happened=happened, who=who)
        if not resolved:
            raise BadRequest("There is no change of this call whose outcome is unknown.")
    log.info("call resolved", call=str(call_id), movements=resolved, happened=happened)
    return resolved


def _of_store(store_id: int | None) -> list[Any]:
    return [] if store_id is None else [col(MovementRow.store_id) == store_id]


def _resolve(services: Services, session: Session, which: Sequence[Any], *, happened: bool, who: str) -> int:
    now = services.clock()
    is_unknown = (col(MovementRow.state) == MovementState.UNKNOWN, col(MovementRow.kind).in_(INSTANT_KINDS))
    query = select(MovementRow).where(*which, *is_unknown).order_by(col(MovementRow.id))
    found = session.exec(query).all()
    # All causes are locked first, then the movements, here as everywhere; the day's totals come last.
    held: set[UUID] = set()
    for kind in sorted({movement.cause[0] for movement in found}):
        held |= services.causes[kind].hold(session, [movement for movement in found if movement.cause[0] == kind], now)
    locked = query.where(col(MovementRow.id).in_(held)).with_for_update().execution_options(populate_existing=True)
    movements = session.exec(locked).all()
    for movement in movements:
        _write(services, session, services.causes[movement.cause[0]], movement, now, happened=happened, who=who)
    return len(movements)


def _write(
    services: Services, session: Session, cause: Cause, movement: MovementRow, now: datetime, *, happened: bool, who: str
) -> None:
    movement.decided_by = who
    session.add(movement)
    session.flush()
    session.expunge(movement)
    run = Run(services, open_accounts(services, session, session.get_one(StoreRow, movement.store_id)), cause)
    write_ended(session, run, [Ended(movement, _HAPPENED if happened else _DID_NOT)], now, known=[movement.id])
    said = f"A change by {movement.points:+} points whose answer was lost: {'it went through' if happened else 'it did not'}."
    write_log(session, movement.store_id, "resolved", said, now=now, made_by=who)


def _unknown(movement: MovementRow, slug: str, number: str | None) -> UnknownMovement:
    return UnknownMovement(
        id=movement.id,
        store=slug,
        order_number=number,
        email=movement.email,
        points=movement.points,
        sent_at=movement.sent_at,
        before=(movement.available_before, movement.used_before),
        looked=(movement.looked_available, movement.looked_used),
        is_for_staff=movement.is_for_staff,
    )
