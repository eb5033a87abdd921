"""Go on with batches: a piece of one batch in one transaction.

The lock of the batch's row is the lease. Where a worker dies, nothing of its piece was written, and the next one begins it anew.
No call is made to the outside: what a points provider elsewhere is to do is planned, and the engine asks for it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from app.db.logbook import write_log
from app.db.moment_conditions import is_free
from app.db.tables import BatchChangeRow, ChangeBatchRow, StoreRow
from app.domain import retry
from app.domain.change_batches import AT_WORK, BatchState, ChangeState
from app.domain.how_many import how_many
from app.domain.store import StoreState
from app.usecases.merchants.batches.collect_outcomes import collect_outcomes
from app.usecases.merchants.batches.make_changes import make_changes, undo_changes
from app.usecases.services import Services

log = structlog.get_logger()

# So many changes are made in one transaction: shoppers beside it do not wait.
PIECE = 100
# So many are in the provider's hands at most: a change that staff make meanwhile waits behind no more.
ASKED_MAX = 200
# When a batch is looked at again that waits for the provider.
LOOK_AFTER = timedelta(seconds=1)


def run_batches(services: Services) -> bool:
    """Do one piece of the batch that has waited longest. Tells whether anything was done."""
    now = services.clock()
    with services.database.reading() as session:
        if session.exec(_waiting(now)).first() is None:
            return False
    with services.database.writing() as session:
        batch = session.exec(_waiting(now).with_for_update(of=ChangeBatchRow, skip_locked=True)).first()
        if batch is None:
            return False
        is_progress = _piece(services, session, batch, now)
        batch.look_at = None if batch.state not in AT_WORK else now if is_progress else now + LOOK_AFTER
        session.add(batch)
    log.info("batch worked on", batch_id=batch.id, state=batch.state, done=batch.done, failed=batch.failed)
    return is_progress


def _waiting(now: datetime) -> Any:
    """Find the batch whose turn it is. One looked at far ahead of us was written by a clock that was ahead."""
    return (
        select(ChangeBatchRow)
        .join(StoreRow, col(StoreRow.id) == col(ChangeBatchRow.store_id))
        .where(
            col(ChangeBatchRow.state).in_(AT_WORK),
            or_(col(ChangeBatchRow.look_at) <= now, col(ChangeBatchRow.look_at) > now + 60 * LOOK_AFTER),
            StoreRow.state == StoreState.ACTIVE,
        )
        .order_by(col(ChangeBatchRow.look_at), col(ChangeBatchRow.id))
        .limit(1)
    )


def _piece(services: Services, session: Session, batch: ChangeBatchRow, now: datetime) -> bool:
    is_undoing = batch.state == BatchState.UNDOING
    # What was just in the provider's hands makes room.
    has_collected = collect_outcomes(session, batch, limit=ASKED_MAX)
    room = min(PIECE, ASKED_MAX - _count(session, batch, ChangeState.UNDO_ASKED if is_undoing else ChangeState.ASKED))
    changes = _next(session, batch, ChangeState.DONE if is_undoing else ChangeState.READY, room, now)
    if changes:
        (undo_changes if is_undoing else make_changes)(services, session, batch, changes, now)
        # With embedded points the outcomes are there at once.
        collect_outcomes(session, batch, limit=ASKED_MAX)
    is_ended = _end_if_done(session, batch, now)
    return bool(changes) or has_collected or is_ended


def _next(session: Session, batch: ChangeBatchRow, state: ChangeState, limit: int, now: datetime) -> Sequence[BatchChangeRow]:
    is_time = is_free(col(BatchChangeRow.look_at), now, now + retry.PAUSE_LONGEST)
    query = select(BatchChangeRow).where(BatchChangeRow.batch_id == batch.id, BatchChangeRow.state == state, is_time)
    return session.exec(query.order_by(col(BatchChangeRow.id)).limit(limit).with_for_update()).all() if limit > 0 else ()


def _count(session: Session, batch: ChangeBatchRow, *states: ChangeState) -> int:
    is_in = (BatchChangeRow.batch_id == batch.id, col(BatchChangeRow.state).in_(states))
    return session.exec(select(func.count()).select_from(BatchChangeRow).where(*is_in)).one()


_LEFT = {
    BatchState.RUNNING: (ChangeState.READY, ChangeState.ASKED),
    # What is still asked for may yet move points, which are then undone.
    BatchState.UNDOING: (ChangeState.ASKED, ChangeState.DONE, ChangeState.UNDO_ASKED),
}
_THEN = {BatchState.RUNNING: BatchState.DONE, BatchState.UNDOING: BatchState.UNDONE}


def _end_if_done(session: Session, batch: ChangeBatchRow, now: datetime) -> bool:
    state = BatchState(batch.state)
    left = (BatchChangeRow.batch_id == batch.id, col(BatchChangeRow.state).in_(_LEFT[state]))
    session.flush()
    if session.exec(select(BatchChangeRow.id).where(*left).limit(1)).first() is not None:
        return False
    batch.state, batch.ended_at = _THEN[state], now
    if state is BatchState.RUNNING:
        changed, unchanged = how_many(batch.done, "customer"), how_many(batch.failed, "row")
        said = f"Batch {batch.id} is done: {changed} changed, {unchanged} without a change."
    else:
        back = _count(session, batch, ChangeState.UNDONE)
        said = f"Batch {batch.id} is undone: points of {how_many(back, 'customer')} were moved back."
    write_log(session, batch.store_id, "batch_ended", said, now=now)
    return True
