"""Take over into a batch what became of its changes. Their movements tell."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, select

from app.db.tables import BatchChangeRow, ChangeBatchRow, MovementRow
from app.domain.change_batches import ChangeState
from app.domain.settlement import MovementState

_NO_REASON = "The points provider gave no reason."


def collect_outcomes(session: Session, batch: ChangeBatchRow, *, limit: int) -> bool:
    """Take over the outcomes of a locked batch's changes that have one by now. Tells whether there were any."""
    made = _ended(session, batch, ChangeState.ASKED, BatchChangeRow.movement_id, limit)
    for row, movement in made:
        _note_made(batch, row, movement)
    undone = _ended(session, batch, ChangeState.UNDO_ASKED, BatchChangeRow.undo_movement_id, limit)
    for row, movement in undone:
        _note_undone(row, movement)
    session.add_all([row for row, _ in (*made, *undone)])
    return bool(made or undone)


def _ended(
    session: Session, batch: ChangeBatchRow, state: ChangeState, movement_id: Any, limit: int
) -> Sequence[tuple[BatchChangeRow, MovementRow]]:
    query = (
        select(BatchChangeRow, MovementRow)
        .join(MovementRow, col(MovementRow.id) == movement_id)
        .where(BatchChangeRow.batch_id == batch.id, BatchChangeRow.state == state, col(MovementRow.ended_at).is_not(None))
        .order_by(col(BatchChangeRow.id))
        .limit(limit)
    )
    return session.exec(query).all()


def _note_made(batch: ChangeBatchRow, row: BatchChangeRow, movement: MovementRow) -> None:
    if movement.state == MovementState.ACCEPTED:
        row.state, row.moved = ChangeState.DONE, movement.points
        batch.done += 1
    else:
        row.state, row.refusal = ChangeState.REFUSED, movement.reason or _NO_REASON
        batch.failed += 1


def _note_undone(row: BatchChangeRow, movement: MovementRow) -> None:
    if movement.state == MovementState.ACCEPTED:
        row.state, row.undone = ChangeState.UNDONE, movement.points
    else:
        row.state, row.refusal = ChangeState.UNDO_REFUSED, movement.reason or _NO_REASON
