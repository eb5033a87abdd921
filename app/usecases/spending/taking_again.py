"""When Saleor says that a refund failed or was reversed, take back the points that it had given."""

from datetime import datetime

from sqlmodel import Session, col, select

from app.db.logbook import write_log
from app.db.moves import moves_of
from app.db.spends import find_spend_of
from app.db.tables import SpendReturnRow, SpendRow
from app.db.tables.spend_return import RETURN_IS_OWED
from app.domain.email import is_erased
from app.domain.log_level import LogLevel
from app.domain.moved_customers import holder_of
from app.domain.retry import next_shortfall_look
from app.domain.settlement import CauseKind, MovementKind
from app.domain.spending import ReturnReason, SpendStage
from app.usecases.moving.engine_run import Run
from app.usecases.moving.planning import new_movement, plan
from app.usecases.spending.giving_back import is_under_way, write_return
from app.usecases.spending.paying_here import take_again_now
from app.usecases.spending.spend_cause import OWED

OWED_FOR_LONG = "A refund that gave points back was reversed, and for 90 days the customer did not have them to be taken again."
REVERSED = (
    "Saleor reversed a refund of this payment, but its transaction was paid again meanwhile. The points were not taken back."
)


def cancel(session: Session, spend: SpendRow, back: SpendReturnRow, now: datetime, *, keeps_units: int = 0) -> bool:
    """Let a return count no more. False where its payment has ended, and another one has its transaction by now.

    A payment that had gone back whole goes on. Where only a part of the refund was reversed, `keeps_units` of it went back all
    the same: a return of its own says so, and its points are not taken again. The spend is locked.
    """
    if spend.stage == SpendStage.RETURNED:
        if find_spend_of(session, spend.store_id, spend.saleor_transaction_id) is not None:
            spend.problem_code, spend.problem = "reversed", REVERSED
            write_log(session, spend.store_id, "spend_reversed", REVERSED, now=now, level=LogLevel.WARNING)
            return False
        spend.stage = SpendStage.ON_ORDER if spend.saleor_order_id is not None else SpendStage.CONFIRMED
        spend.ended_at = None
        session.flush()
    back.cancelled_at = now
    session.flush()
    session.refresh(spend)
    kept = 0 if keeps_units == 0 else write_return(session, spend, ReturnReason(back.why), keeps_units, now, rest_of=back).points
    if back.credited_at is not None and back.problem is not None:
        # The customer was erased before, so nobody got these points.
        back.let_go_points = back.points
    elif back.credited_at is not None and back.points > 0:
        what = "the refund" if keeps_units == 0 else "a part of the refund"
        said = f"{back.points - kept} points that a refund gave back are taken again, because Saleor has reversed {what}."
        write_log(session, spend.store_id, "spend_reversed", said, now=now)
    session.flush()
    session.refresh(spend)
    return True


def take_again(session: Session, run: Run, spend: SpendRow, now: datetime) -> datetime | None:
    """Take what is owed, as far as the debt policy lets it. Gives when to look next; None where nothing more is to be done.

    The points are taken from whoever holds the customer's points by now, at the account of today. What is still owed after 90
    days waits for a person, or for more points of the customer. The spend is locked.
    """
    query = select(SpendReturnRow).where(SpendReturnRow.spend_id == spend.id, RETURN_IS_OWED).order_by(col(SpendReturnRow.id))
    owed = session.exec(query.execution_options(populate_existing=True)).all()
    accounts, looks = run.accounts, list[datetime]()
    for back in owed:
        moves = moves_of(session, accounts.rows, [spend.email])
        holder = holder_of(moves, spend.account_id, spend.email, spend.asked_at, and_at=accounts.current.id).email
        points = back.points - back.taken_again_points - back.let_go_points
        if is_erased(holder):
            back.let_go_points += points
        elif is_under_way(session, spend):
            # It may take these very points, at the account that the store had when it was planned.
            pass
        elif accounts.current.id == spend.account_id in accounts.local:
            take_again_now(session, run, spend, back, holder, now)
        else:
            cause = {"cause_kind": CauseKind.SPEND, "cause_id": spend.id, "target_id": back.reference}
            debit = new_movement(accounts, accounts.current, MovementKind.DEBIT, -points, holder, now, **cause)
            plan(session, run, [debit], now)
        session.flush()
        session.refresh(back)
        if back.taken_again_points + back.let_go_points < back.points:
            since = back.cancelled_at or now
            pause = next_shortfall_look(now - since)
            looks += [] if pause is None else [since + pause]
            if pause is None:
                spend.problem_code, spend.problem = OWED, OWED_FOR_LONG
    return min(looks, default=None)
