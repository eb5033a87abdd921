"""Decide a batch that waits for approval, and undo one that was run."""

import structlog

from app.db.form_tokens import FormToken, is_first
from app.db.logbook import write_log
from app.db.staff_users import addresses_of_staff
from app.domain.change_batches import BatchState
from app.errors import BadRequest
from app.usecases.merchants.batches.find_batch import find_batch
from app.usecases.merchants.batches.start_batch import begin
from app.usecases.services import Services

log = structlog.get_logger()

REASON_LENGTH_MAX = 1000


def decide_batch(
    services: Services,
    store_slug: str,
    batch_id: int,
    *,
    approves: bool,
    reason: str,
    who: str,
    once: FormToken | None = None,
) -> None:
    """Approve a batch, and it is run; or refuse it. Keep why.

    Raises BadRequest when there is no such batch, it does not wait, or whoever made it approves it.
    """
    if not 0 < len(reason.strip()) <= REASON_LENGTH_MAX or not 0 < len(who.strip()) <= 256:
        raise BadRequest("Say why: the reason stays with the batch.")
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return
        _, batch = find_batch(session, store_slug, batch_id, lock=True)
        if batch.state != BatchState.WAITING:
            raise BadRequest("Somebody decided this before. Nothing was changed now.")
        if approves and batch.made_by in addresses_of_staff(session, batch.store_id, who):
            raise BadRequest("You made this batch, so somebody else has to approve it.")
        batch.decided_by, batch.decided_at, batch.decision_reason = who, now, reason.strip()
        word = "approved" if approves else "refused"
        said = f"Batch {batch.id}, which {batch.made_by} made, was {word}: {reason.strip()}"
        write_log(session, batch.store_id, f"batch_{word}", said, now=now, made_by=who)
        if approves:
            begin(session, batch, now, batch.made_by)
        else:
            batch.state = BatchState.REFUSED
        session.add(batch)
    log.info("batch decided", store=store_slug, batch_id=batch_id, state=word)


def undo_batch(services: Services, store_slug: str, batch_id: int, *, who: str, once: FormToken | None = None) -> None:
    """Undo what a batch did: take what it gave, as far as it is still there, and give what it took.

    Changes that were not made yet are not made any more.

    Raises BadRequest when there is no such batch, it was not run, or it was undone before.
    """
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return
        _, batch = find_batch(session, store_slug, batch_id, lock=True)
        if batch.state not in {BatchState.RUNNING, BatchState.DONE}:
            raise BadRequest("This batch was not run, or was undone before. Nothing was changed now.")
        batch.state, batch.undone_by, batch.undone_at, batch.look_at = BatchState.UNDOING, who, now, now
        session.add(batch)
        write_log(session, batch.store_id, "batch_undone", f"Batch {batch.id} is being undone.", now=now, made_by=who)
    log.info("batch undone", store=store_slug, batch_id=batch_id)
