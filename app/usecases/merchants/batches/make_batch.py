"""Write a batch down, with what each of its changes would do. Nothing is changed yet."""

from collections.abc import Iterable, Sequence

import structlog
from sqlalchemy import update
from sqlmodel import col

from app.db.bulk import insert_rows
from app.db.form_tokens import FormToken, is_first
from app.db.stores import find_store_by_slug
from app.db.tables import BatchChangeRow, ChangeBatchRow
from app.domain.change_batches import BatchState, ChangeState, CheckedChange, Unusable, WantedChange
from app.domain.email import email_key
from app.errors import BadRequest
from app.usecases.merchants.batches.check_changes import check_changes
from app.usecases.services import Services

log = structlog.get_logger()

REASON_LENGTH_MAX = 1000


def make_batch(
    services: Services,
    store_slug: str,
    wanted: Iterable[WantedChange | Unusable],
    *,
    reason: str,
    who: str,
    once: FormToken | None = None,
) -> int | None:
    """Write a batch down and give its id. None where the form was sent before.

    Raises BadRequest when there is no such store, or no reason, or the rows cannot be read. Then no batch is there.
    """
    if not 0 < len(reason.strip()) <= REASON_LENGTH_MAX or not 0 < len(who.strip()) <= 256:
        raise BadRequest("Say why, and who you are: both stay with the points.")
    batch_id = _begin(services, store_slug, reason.strip(), who.strip(), once)
    if batch_id is None:
        return None
    try:
        for checked in check_changes(services, store_slug, wanted):
            _add(services, batch_id, checked)
        _end(services, batch_id, BatchState.CHECKED)
    except BadRequest:
        _end(services, batch_id, BatchState.DISCARDED)
        raise
    log.info("batch checked", store=store_slug, batch_id=batch_id)
    return batch_id


def _begin(services: Services, store_slug: str, reason: str, who: str, once: FormToken | None) -> int | None:
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return None
        store = find_store_by_slug(session, store_slug)
        if store is None or store.id is None:
            raise BadRequest(f"There is no store {store_slug}.")
        batch = ChangeBatchRow(store_id=store.id, reason=reason, made_by=who, made_at=now)
        session.add(batch)
        session.flush()
        return batch.id


def _add(services: Services, batch_id: int, checked: Sequence[CheckedChange]) -> None:
    """Add changes to a batch, and to what it comes to."""
    with services.database.writing() as session:
        batch = session.get_one(ChangeBatchRow, batch_id, with_for_update=True)
        insert_rows(session, BatchChangeRow, [_values(batch, one) for one in checked])
        points = [one.points for one in checked if one.points is not None]
        batch.changes += len(checked)
        batch.failed += sum(bool(one.refusal) for one in checked)
        batch.given += sum(one for one in points if one > 0)
        batch.taken -= sum(one for one in points if one < 0)
        batch.largest = max((batch.largest, *map(abs, points)))
        session.add(batch)


def _values(batch: ChangeBatchRow, one: CheckedChange) -> dict[str, object]:
    return {
        "batch_id": batch.id,
        "store_id": batch.store_id,
        "line": one.line,
        "email": one.email,
        "email_key": email_key(one.email) if one.email is not None else None,
        "points": one.points,
        "reason": one.reason or None,
        "state": (ChangeState.REFUSED if one.refusal else ChangeState.READY).value,
        "expected": one.expected,
        "refusal": one.refusal or None,
    }


def _end(services: Services, batch_id: int, state: BatchState) -> None:
    is_being_read = (col(ChangeBatchRow.id) == batch_id, col(ChangeBatchRow.state) == BatchState.READING)
    with services.database.writing() as session:
        session.execute(update(ChangeBatchRow).where(*is_being_read).values(state=state))
