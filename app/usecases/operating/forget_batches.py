"""Delete batches that nobody ran: they hold addresses, and nobody wants them any more."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, or_
from sqlmodel import col, select

from app.db.tables import BatchChangeRow, ChangeBatchRow
from app.domain.change_batches import BatchState
from app.usecases.services import Services

# Whoever checks a batch runs it within days. One that waits for approval stays.
KEPT_FOR = timedelta(days=30)
# A process that writes a batch down for so long is dead.
READING_FOR = timedelta(days=1)
ROWS_MAX = 500


def forget_batches(services: Services) -> bool:
    """Delete some rows of one such batch. Tells whether more may be left."""
    now = services.clock()
    with services.database.reading() as session:
        if session.exec(_unwanted(now)).first() is None:
            return False
    with services.database.writing(durable=False) as session:
        batch = session.exec(_unwanted(now).with_for_update(skip_locked=True)).first()
        if batch is None:
            return False
        batch.state = BatchState.DISCARDED
        session.add(batch)
        session.flush()
        some = select(BatchChangeRow.id).where(BatchChangeRow.batch_id == batch.id).limit(ROWS_MAX)
        deleted = session.execute(delete(BatchChangeRow).where(col(BatchChangeRow.id).in_(some)))
        if int(deleted.rowcount) < ROWS_MAX:  # type: ignore[attr-defined]  # a DELETE's result has it
            session.execute(delete(ChangeBatchRow).where(col(ChangeBatchRow.id) == batch.id))
    return True


def _unwanted(now: datetime) -> Any:
    state, made_at = col(ChangeBatchRow.state), col(ChangeBatchRow.made_at)
    return (
        select(ChangeBatchRow)
        .where(
            col(ChangeBatchRow.started_at).is_(None),
            or_(
                state == BatchState.DISCARDED,
                and_(state == BatchState.READING, made_at < now - READING_FOR),
                and_(state.in_((BatchState.CHECKED, BatchState.REFUSED)), made_at < now - KEPT_FOR),
            ),
        )
        .order_by(col(ChangeBatchRow.id))
        .limit(1)
    )
