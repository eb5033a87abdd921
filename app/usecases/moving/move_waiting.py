"""Go on with movements whose cause has no queue of its own: what staff asked for a customer. Orders have theirs (settling).

Such a movement has no lease. A worker takes it by changing its state from planned to sending, and by writing the id of its call
on it. Only one of several workers can do that, and only that one may record the outcome.
"""

from datetime import datetime
from itertools import groupby
from typing import Any

import structlog
from sqlalchemy import and_, or_, update
from sqlmodel import Session, col, select

from app.db.moment_conditions import is_free
from app.db.tables import AccountRow, MovementRow, StoreRow
from app.domain import retry
from app.domain.evidence import FIRST_LOOK_AFTER
from app.domain.settlement import MovementState
from app.domain.store import StoreState
from app.usecases.moving.causes import Busy, Ended, Lost, Result, Waits
from app.usecases.moving.engine_run import Run, open_accounts
from app.usecases.moving.planning import plan
from app.usecases.moving.sending import TAKEN_OVER_AFTER, send
from app.usecases.services import Services

log = structlog.get_logger()

BATCH = 100


def move_waiting(services: Services) -> bool:
    """Go on with waiting movements of one store, and tell whether there were any."""
    now = services.clock()
    with services.database.reading() as session:
        waiting = _waiting(session, now)
        if not waiting:
            return False
        accounts = open_accounts(services, session, session.get_one(StoreRow, waiting[0].store_id))
    by_kind = sorted(waiting, key=lambda movement: movement.cause[0])
    for kind, movements in groupby(by_kind, key=lambda movement: movement.cause[0]):
        run = Run(services, accounts, services.causes[kind])
        _go_on(run, list(movements))
    log.info("movements settled", store=accounts.store.slug, movements=len(waiting))
    return True


def _go_on(run: Run, movements: list[MovementRow]) -> None:
    local = [movement for movement in movements if movement.account_id in run.accounts.local]
    if local:
        # An earlier version planned them and left them open. They are carried out here and now.
        with run.services.database.writing() as session:
            held = run.cause.hold(session, local, run.services.clock())
            open_now = _still_open(session, [movement for movement in local if movement.id in held])
            plan(session, run, [], run.services.clock(), left_open=open_now)
    results = send(run, [movement for movement in movements if movement.account_id not in run.accounts.local])
    with run.services.database.writing() as session:
        for result in results:
            _note_wait(session, result, run.services.clock())


def _note_wait(session: Session, result: Result, now: datetime) -> None:
    """Write when the engine goes on with a movement, and why it waits: the customer's page shows the reason."""
    if isinstance(result, Ended | Lost):
        return
    values: dict[str, Any] = {"look_at": now + retry.LANE_BUSY if isinstance(result, Busy) else result.until}
    if isinstance(result, Waits) and result.problem is not None:
        values["reason"] = result.problem.sentence
    is_as_told = (col(MovementRow.id) == result.movement.id, col(MovementRow.state) == result.movement.state)
    session.execute(update(MovementRow).where(*is_as_told).values(values))


def _waiting(session: Session, now: datetime) -> list[MovementRow]:
    """Find movements whose time has come: the one that was planned first, and others of the same store."""
    is_time = or_(
        col(MovementRow.state) == MovementState.PLANNED,
        and_(col(MovementRow.state) == MovementState.SENDING, col(MovementRow.sent_at) <= now - TAKEN_OVER_AFTER),
        and_(
            col(MovementRow.state) == MovementState.UNKNOWN,
            ~col(MovementRow.is_for_staff),
            # One that an earlier version left has no moment of its own.
            or_(col(MovementRow.look_at).is_not(None), col(MovementRow.sent_at) <= now - FIRST_LOOK_AFTER),
        ),
    )
    query = (
        select(MovementRow)
        .join(StoreRow, col(StoreRow.id) == col(MovementRow.store_id))
        .join(AccountRow, col(AccountRow.id) == col(MovementRow.account_id))
        .where(
            col(MovementRow.order_id).is_(None),
            is_time,
            or_(
                col(MovementRow.look_at).is_(None),
                col(MovementRow.look_at) <= now,
                # What was not sent yet waits for a pause at most. One further ahead was written by a clock that was ahead.
                and_(col(MovementRow.state) == MovementState.PLANNED, col(MovementRow.look_at) > now + retry.PAUSE_LONGEST),
            ),
            StoreRow.state == StoreState.ACTIVE,
            is_free(col(AccountRow.paused_until), now, now + retry.PAUSE_LONGEST),
        )
        .order_by(col(MovementRow.planned_at), col(MovementRow.id))
        .limit(BATCH)
    )
    found = session.exec(query).all()
    return [movement for movement in found if movement.store_id == found[0].store_id]


def _still_open(session: Session, movements: list[MovementRow]) -> list[MovementRow]:
    ids = [movement.id for movement in movements]
    query = select(MovementRow.id, MovementRow.state).where(col(MovementRow.id).in_(ids)).order_by(col(MovementRow.id))
    stored = dict(session.exec(query.with_for_update()).all())
    return [movement for movement in movements if stored.get(movement.id) == movement.state]
