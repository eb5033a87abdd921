"""Make a few changes of a batch, or undo them, within the caller's transaction: each is a change by staff like any other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from app.db.bulk import IsIn
from app.db.keys import key_in
from app.db.moves import moves_of
from app.db.stores import current_account
from app.db.tables import AccountRow, AdjustmentRow, BatchChangeRow, ChangeBatchRow, MovementRow, StoreRow
from app.domain import retry
from app.domain.change_batches import ChangeState
from app.domain.email import is_erased
from app.domain.moved_customers import MovedCustomers, holder_of
from app.domain.settlement import CauseKind, MovementKind
from app.usecases.moving.causes import Busy
from app.usecases.moving.engine_run import Run, open_accounts
from app.usecases.moving.planning import new_movement, plan
from app.usecases.services import Services

ERASED = "This customer was erased."
MOVED_AWAY = "This customer was moved to another address since the batch was made."


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A change by staff that is to be made for a row of the batch: at which account, and for whom."""

    row: BatchChangeRow
    account: AccountRow
    email: str
    points: int
    reason: str


def make_changes(
    services: Services, session: Session, batch: ChangeBatchRow, rows: Sequence[BatchChangeRow], now: datetime
) -> None:
    """Make changes. One whose customer is gone is refused; one whose customer has another change under way waits."""
    run = _run(services, session, batch)
    account = current_account(session, batch.store_id)
    if account is None:
        raise RuntimeError("a store without an account")
    moves = moves_of(session, run.accounts.rows, [row.email for row in rows])
    wanted = []
    for row in rows:
        email = row.email or ""
        refusal = ERASED if is_erased(email) else _moved_away(moves, account, email, batch.made_at)
        if refusal:
            row.state, row.refusal = ChangeState.REFUSED, refusal
            batch.failed += 1
            session.add(row)
        else:
            wanted.append(_Wanted(row, account, email, row.points or 0, row.reason or batch.reason))
    for one, adjustment, movement in _planned(session, run, batch, wanted, batch.made_by, now):
        one.row.adjustment_id, one.row.movement_id, one.row.state = adjustment, movement.id, ChangeState.ASKED


def undo_changes(
    services: Services, session: Session, batch: ChangeBatchRow, rows: Sequence[BatchChangeRow], now: datetime
) -> None:
    """Move points back: at the account where they were moved, and for whoever holds them now."""
    run = _run(services, session, batch)
    ids = [row.movement_id for row in rows]
    made = {one.id: one for one in session.exec(select(MovementRow).where(IsIn(col(MovementRow.id), "ids", ids)))}
    moves = moves_of(session, run.accounts.rows, [one.email for one in made.values()])
    wanted = []
    for row in rows:
        movement = made[row.movement_id]  # type: ignore[index]  # what was done has one
        holder = holder_of(moves, movement.account_id, movement.email, movement.ended_at or now)
        if is_erased(holder.email):
            row.state, row.refusal = ChangeState.UNDO_REFUSED, ERASED
            session.add(row)
        else:
            account, reason = run.accounts.rows[movement.account_id], f"Batch {batch.id} undone"
            wanted.append(_Wanted(row, account, holder.email, -(row.moved or 0), reason))
    for one, adjustment, movement in _planned(session, run, batch, wanted, batch.undone_by or "", now):
        one.row.undo_adjustment_id, one.row.undo_movement_id = adjustment, movement.id
        one.row.state = ChangeState.UNDO_ASKED


def _run(services: Services, session: Session, batch: ChangeBatchRow) -> Run:
    accounts = open_accounts(services, session, session.get_one(StoreRow, batch.store_id))
    return Run(services, accounts, services.causes[CauseKind.CUSTOMER])


def _moved_away(moves: MovedCustomers, account: AccountRow, email: str, since: datetime) -> str:
    is_here = holder_of(moves, account.id or 0, email, since).email == email
    return "" if is_here else MOVED_AWAY


def _planned(
    session: Session, run: Run, batch: ChangeBatchRow, wanted: Sequence[_Wanted], who: str, now: datetime
) -> list[tuple[_Wanted, int, MovementRow]]:
    """Plan changes by staff. Gives those that were planned, each with its adjustment's id; the others wait a moment."""
    adjustments = [_adjustment(session, batch, one, who, now) for one in wanted]
    session.add_all(adjustments)
    session.flush()
    movements = [_movement(run, one, made, now) for one, made in zip(wanted, adjustments, strict=True)]
    _, results = plan(session, run, movements, now)
    busy = {result.movement.id for result in results if isinstance(result, Busy)}
    planned = []
    for one, adjustment, movement in zip(wanted, adjustments, movements, strict=True):
        if movement.id in busy:
            session.delete(adjustment)
            one.row.look_at = now + retry.LANE_BUSY
        else:
            planned.append((one, adjustment.id or 0, movement))
        session.add(one.row)
    return planned


def _adjustment(session: Session, batch: ChangeBatchRow, one: _Wanted, who: str, now: datetime) -> AdjustmentRow:
    """Make the row that keeps a change. It counts with its batch; what an undo moves back was counted, or approved, before."""
    is_undo = one.row.state == ChangeState.DONE
    return AdjustmentRow(
        store_id=batch.store_id,
        email_key=key_in(session, one.email),
        points=one.points,
        reason=one.reason,
        made_by=who,
        made_at=now,
        counted_on=None if is_undo else batch.counted_on,
        points_max=None if is_undo else batch.points_max,
    )


def _movement(run: Run, one: _Wanted, adjustment: AdjustmentRow, now: datetime) -> MovementRow:
    kind = MovementKind.CREDIT if one.points > 0 else MovementKind.DEBIT
    cause: Mapping[str, object] = {
        "cause_kind": CauseKind.CUSTOMER,
        "cause_id": adjustment.id,
        "decided_by": adjustment.made_by,
    }
    return new_movement(run.accounts, one.account, kind, one.points, one.email, now, **cause)
