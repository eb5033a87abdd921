"""Run a batch that was checked, or discard it. A batch above a limit of the store asks for approval, as one."""

from datetime import datetime

import structlog
from sqlmodel import Session

from app.db.form_tokens import FormToken, is_first
from app.db.logbook import write_log
from app.db.staff_days import count_changes
from app.db.tables import ChangeBatchRow, StoreRow
from app.domain.change_batches import NOT_STARTED, BatchState
from app.domain.staff_limits import Limit
from app.errors import BadRequest
from app.usecases.merchants.batches.find_batch import find_batch
from app.usecases.services import Services

log = structlog.get_logger()

_LIMIT_WORDS = {Limit.CHANGE: "one change", Limit.DAY: "one person's day"}


def start_batch(services: Services, store_slug: str, batch_id: int, *, who: str, once: FormToken | None = None) -> bool:
    """Run a batch. From then on it is a change by `who`. False where it waits for approval.

    Raises BadRequest when there is no such batch, it was run before, or none of its rows can be used.
    """
    now = services.clock()
    with services.database.writing() as session:
        store, batch = find_batch(session, store_slug, batch_id, lock=True)
        if once is not None and not is_first(session, once, now):
            return batch.state != BatchState.WAITING
        if batch.state != BatchState.CHECKED:
            raise BadRequest("This batch was run, or decided, before. Nothing was changed now.")
        if batch.failed == batch.changes:
            raise BadRequest("No row of this batch can be used.")
        batch.made_by = who
        is_started = _count_and_start(session, store, batch, now)
        session.add(batch)
    log.info("batch started" if is_started else "approval asked", store=store_slug, batch_id=batch_id)
    return is_started


def _count_and_start(session: Session, store: StoreRow, batch: ChangeBatchRow, now: datetime) -> bool:
    counted = count_changes(session, store, batch.given + batch.taken, batch.made_by, now, largest=batch.largest)
    if isinstance(counted, Limit):
        batch.state, batch.exceeds = BatchState.WAITING, counted
        said = f"Batch {batch.id} waits for approval: it exceeds the limit of {_LIMIT_WORDS[counted]}. {batch.reason}"
        write_log(session, batch.store_id, "approval_asked", said, now=now, made_by=batch.made_by)
        return False
    batch.counted_on, batch.points_max = counted.day, counted.points_max
    begin(session, batch, now, batch.made_by)
    return True


def begin(session: Session, batch: ChangeBatchRow, now: datetime, who: str) -> None:
    """Hand a locked batch to the workers."""
    batch.state, batch.started_at, batch.look_at = BatchState.RUNNING, now, now
    usable = batch.changes - batch.failed
    said = (
        f"Batch {batch.id} was run, for {usable:,} customers: {batch.given:,} points given, {batch.taken:,} taken. {batch.reason}"
    )
    write_log(session, batch.store_id, "batch_run", said, now=now, made_by=who)


def discard_batch(services: Services, store_slug: str, batch_id: int, *, who: str, once: FormToken | None = None) -> None:
    """Throw a batch away that nobody ran. One that waits for approval does so no more.

    Raises BadRequest when there is no such batch, or it was run.
    """
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return
        _, batch = find_batch(session, store_slug, batch_id, lock=True)
        if batch.state not in NOT_STARTED:
            raise BadRequest("This batch was run, so it stays. It can be undone.")
        batch.state = BatchState.DISCARDED
        session.add(batch)
        write_log(session, batch.store_id, "batch_discarded", f"Batch {batch.id} was discarded.", now=now, made_by=who)
    log.info("batch discarded", store=store_slug, batch_id=batch_id)
