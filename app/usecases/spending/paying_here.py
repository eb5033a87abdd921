"""Move the points of a payment in the embedded ledger, in the caller's transaction. Locks: the spend, then the customer."""

from datetime import datetime

from sqlmodel import Session

from app.db.tables import SpendReturnRow, SpendRow
from app.domain.settlement import CauseKind, MovementKind
from app.ledger import spending as ledger
from app.usecases.moving.engine_run import Run
from app.usecases.moving.move_now import move_now
from app.usecases.moving.planning import new_movement
from app.usecases.spending.spend_cause import end_if_returned


def take_now(session: Session, run: Run, spend: SpendRow, now: datetime) -> None:
    """Take the points of a spend. Its customer is locked, and has them."""
    row = ledger.spend(session, spend.store_id, spend.email, spend.points, request_id=spend.reference, now=now)
    if row is None:
        raise RuntimeError("a locked balance holds less than it did")
    debit = new_movement(
        run.accounts, run.accounts.rows[spend.account_id], MovementKind.DEBIT, -spend.points, spend.email, now, **_cause(spend)
    )
    move_now(session, run, debit, now)


def give_back_now(session: Session, run: Run, spend: SpendRow, returned: SpendReturnRow, holder: str, now: datetime) -> None:
    """Give the points of a return to whoever holds the payer's points by now. The spend is locked, and the return is written.

    A return that is worth less than a point only ends.
    """
    if returned.points == 0:
        returned.credited_at = now
        session.flush()
        end_if_returned(session, spend, now)
        return
    paid = ledger.find_spend(session, spend.store_id, spend.reference, lock=True)
    if paid is None:
        raise RuntimeError("a payment of embedded points without its entry")
    ledger.give_back(session, paid, holder, returned.points, now)
    credit = new_movement(
        run.accounts,
        run.accounts.rows[spend.account_id],
        MovementKind.CREDIT,
        returned.points,
        holder,
        now,
        target_id=returned.reference,
        **_cause(spend),
    )
    move_now(session, run, credit, now)


def _cause(spend: SpendRow) -> dict[str, object]:
    return {"cause_kind": CauseKind.SPEND, "cause_id": spend.id}
