"""Move the points of a payment in the embedded ledger, in the caller's transaction. Locks: the spend, then the customer."""

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from app.db.rows import change
from app.db.tables import MovementRow, SpendReturnRow, SpendRow
from app.db.tables.spend_return import RETURN_IS_OWED
from app.domain.settlement import CauseKind, MovementKind
from app.ledger import spending as ledger
from app.usecases.moving.engine_run import Run
from app.usecases.moving.move_now import move_now
from app.usecases.moving.planning import new_movement
from app.usecases.spending.spend_cause import end_if_returned, forget_debt

_OWED_POINTS = col(SpendReturnRow.points) - col(SpendReturnRow.taken_again_points) - col(SpendReturnRow.let_go_points)


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
    points = returned.points - _set_against_debt(session, spend, returned.points)
    if points == 0:
        returned.credited_at = now
        session.flush()
        end_if_returned(session, spend, now)
        return
    _give_back(session, spend, holder, points, now)
    credit = new_movement(
        run.accounts,
        run.accounts.rows[spend.account_id],
        MovementKind.CREDIT,
        points,
        holder,
        now,
        target_id=returned.reference,
        **_cause(spend),
    )
    move_now(session, run, credit, now)


def take_again_now(session: Session, run: Run, spend: SpendRow, returned: SpendReturnRow, holder: str, now: datetime) -> None:
    """Take the points of a cancelled return again, as the store's debt policy says. The spend is locked."""
    owed = returned.points - returned.taken_again_points - returned.let_go_points
    account = run.accounts.rows[spend.account_id]
    debit = new_movement(
        run.accounts, account, MovementKind.DEBIT, -owed, holder, now, target_id=returned.reference, **_cause(spend)
    )
    may_go_below_zero = not run.accounts.has_floor
    taken = ledger.take_again(
        session, spend.store_id, holder, owed, request_id=debit.id, now=now, may_go_below_zero=may_go_below_zero
    )
    if taken > 0:
        change(debit, points=-taken)
        move_now(session, run, debit, now)


def is_set_against_debt(session: Session, spend: SpendRow, points: int) -> bool:
    """Count points that go back against what is owed of the same payment, where that is as much. Nothing moves then.

    At an account elsewhere a part would have to be remembered until the account has answered for the rest: it is not counted.
    """
    owed = select(func.coalesce(func.sum(_OWED_POINTS), 0)).where(SpendReturnRow.spend_id == spend.id, RETURN_IS_OWED)
    if points == 0 or session.exec(owed).one() < points:
        return False
    _set_against_debt(session, spend, points)
    return True


def _set_against_debt(session: Session, spend: SpendRow, points: int) -> int:
    """Count points that go back against what a reversed refund of the same payment gave, and nobody could take again yet."""
    counted = 0
    owed = select(SpendReturnRow).where(SpendReturnRow.spend_id == spend.id, RETURN_IS_OWED).order_by(col(SpendReturnRow.id))
    for row in session.exec(owed):
        part = min(points - counted, row.points - row.taken_again_points - row.let_go_points)
        row.taken_again_points += part
        counted += part
    session.flush()
    if counted:
        forget_debt(session, spend)
    return counted


def _give_back(session: Session, spend: SpendRow, holder: str, points: int, now: datetime) -> None:
    """Give back in the ledger what the payment took first, then what was taken again after a refund was reversed."""
    paid = ledger.find_spend(session, spend.store_id, spend.reference, lock=True)
    if paid is None:
        raise RuntimeError("a payment of embedded points without its entry")
    left, spends = points, [paid]
    if paid.points - paid.given_back < points:
        again = select(MovementRow.id).where(
            MovementRow.cause_kind == CauseKind.SPEND,
            MovementRow.cause_id == spend.id,
            MovementRow.kind == MovementKind.DEBIT,
            col(MovementRow.target_id).is_not(None),
        )
        spends += ledger.find_spends(session, spend.store_id, session.exec(again).all())
    for one in spends:
        part = min(left, one.points - one.given_back)
        if part > 0:
            ledger.give_back(session, one, holder, part, now)
            left -= part
    if left > 0:
        raise RuntimeError("more points go back than the ledger took for a payment")


def _cause(spend: SpendRow) -> dict[str, object]:
    return {"cause_kind": CauseKind.SPEND, "cause_id": spend.id}
