"""Give points of a spend back: write what goes back, then give the customer the points."""

from datetime import datetime
from uuid import uuid4

from sqlmodel import Session, col, select

from app.db.logbook import write_log
from app.db.moves import moves_of
from app.db.tables import MovementRow, SpendReturnRow, SpendRow
from app.domain.email import is_erased
from app.domain.log_level import LogLevel
from app.domain.moved_customers import holder_of
from app.domain.settlement import CauseKind, MovementKind, MovementState
from app.domain.spending import ReturnReason, as_amount, points_to_return
from app.usecases.moving.engine_run import Run
from app.usecases.moving.planning import new_movement, plan
from app.usecases.spending.paying_here import give_back_now, is_set_against_debt
from app.usecases.spending.spend_cause import end_if_returned

ERASED = "The customer who paid was erased. There is nobody to give the points back to."


def write_return(
    session: Session,
    spend: SpendRow,
    why: ReturnReason,
    units: int,
    now: datetime,
    *,
    request_event_id: str | None = None,
    made_by: str | None = None,
    is_reported: bool = False,
    rest_of: SpendReturnRow | None = None,
) -> SpendReturnRow:
    """Write that so much of a locked spend goes back. From now on it counts. Any split of a return ends on the same points.

    `is_reported`: Saleor is not told of it, because it does not have the payment. `rest_of`: neither, because it reversed a part
    of that return, and this one is what is left.
    """
    is_reported = is_reported or rest_of is not None or why is ReturnReason.NOT_BOOKED
    amount, before = as_amount(spend.amount_units, spend.currency), as_amount(spend.returned_units, spend.currency)
    row = SpendReturnRow(
        spend_id=spend.id or 0,
        reference=uuid4(),
        request_event_id=request_event_id,
        why=why,
        amount_units=units,
        points=points_to_return(spend.points, amount, before=before, returning=as_amount(units, spend.currency)),
        written_at=now,
        reported_at=now if is_reported else None,
        rest_of=None if rest_of is None else rest_of.id,
        made_by=made_by,
    )
    session.add(row)
    session.flush()
    session.refresh(spend)
    return row


def credit(session: Session, run: Run, spend: SpendRow, back: SpendReturnRow, now: datetime) -> None:
    """Give the points of a return to whoever holds the customer's points by now, once. The spend is locked.

    They come to the account of today. Where that is elsewhere, a movement is planned; the return is credited when it ends.
    """
    if back.credited_at is not None or back.cancelled_at is not None:
        return
    # The row of the spend is read anew below: what the caller changed must be in the table by then.
    session.flush()
    accounts = run.accounts
    moves = moves_of(session, accounts.rows, [spend.email])
    holder = holder_of(moves, spend.account_id, spend.email, spend.asked_at, and_at=accounts.current.id).email
    if is_erased(holder):
        back.problem, back.credited_at = ERASED, now
        write_log(session, spend.store_id, "spend_erased", ERASED, now=now, level=LogLevel.WARNING)
        session.flush()
        end_if_returned(session, spend, now)
    elif back.points == 0:
        give_back_now(session, run, spend, back, holder, now)
    elif is_under_way(session, spend):
        # It may bring these very points, at the account that the store had when it was planned.
        pass
    elif accounts.current.id == spend.account_id in accounts.local:
        give_back_now(session, run, spend, back, holder, now)
    else:
        if is_set_against_debt(session, spend, back.points):
            back.credited_at = now
            session.flush()
            end_if_returned(session, spend, now)
            return
        cause = {"cause_kind": CauseKind.SPEND, "cause_id": spend.id, "target_id": back.reference}
        movement = new_movement(accounts, accounts.current, MovementKind.CREDIT, back.points, holder, now, **cause)
        plan(session, run, [movement], now)
    session.flush()
    session.refresh(back)


def is_under_way(session: Session, spend: SpendRow) -> bool:
    """Tell whether the account was asked for a change of this payment, and has not answered yet. One comes after the other."""
    is_open = col(MovementRow.state).in_((MovementState.PLANNED, MovementState.SENDING, MovementState.UNKNOWN))
    query = select(MovementRow.id).where(MovementRow.cause_kind == CauseKind.SPEND, MovementRow.cause_id == spend.id, is_open)
    return session.exec(query).first() is not None
