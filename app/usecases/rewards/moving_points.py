"""Take the points of a reward, and give back those of an unused code. The redemption is locked."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlmodel import Session, col, select

from app.db.logbook import write_log
from app.db.moves import moves_of
from app.db.tables import MovementRow, RedemptionRefundRow, RedemptionReturnRow, RedemptionRow
from app.domain.email import is_erased
from app.domain.log_level import LogLevel
from app.domain.moved_customers import holder_of
from app.domain.redemptions import RedemptionStage
from app.domain.settlement import CauseKind, MovementKind, MovementState
from app.ledger import spending as ledger
from app.usecases.moving.engine_run import Run
from app.usecases.moving.move_now import move_now
from app.usecases.moving.planning import new_movement, plan
from app.usecases.rewards.reward_cause import end_back, returned_at_last

# Points that go back: of what no order used, or because an order was refunded.
_Back = RedemptionReturnRow | RedemptionRefundRow
ERASED = "The customer who took this reward was erased. There is nobody to give the points back to."


def take_here(session: Session, run: Run, redemption: RedemptionRow, name: str, now: datetime) -> None:
    """Take embedded points. The customer is locked, and has them."""
    spent = ledger.spend(
        session,
        redemption.store_id,
        redemption.email,
        redemption.points,
        request_id=redemption.reference,
        now=now,
        reference=name,
    )
    if spent is None:
        raise RuntimeError("a locked balance holds less than it did")
    move_now(session, run, debit_of(run, redemption, now), now)


def debit_of(run: Run, redemption: RedemptionRow, now: datetime) -> MovementRow:
    """Make the movement that takes the points."""
    account = run.accounts.rows[redemption.account_id]
    return new_movement(
        run.accounts, account, MovementKind.DEBIT, -redemption.points, redemption.email, now, **_cause(redemption)
    )


def give_back(
    session: Session, run: Run, redemption: RedemptionRow, points: int, now: datetime, *, made_by: str | None = None
) -> None:
    """Give points back to whoever holds the customer's points by now, and end the redemption. Once, however often it is called.

    They come to the account of today. Where that is elsewhere, a movement is planned; the redemption ends when that does.
    """
    # Points that came back for refunded orders do not come back a second time.
    points = min(points, redemption.points - redemption.refunded_points)
    back = session.exec(select(RedemptionReturnRow).where(RedemptionReturnRow.redemption_id == redemption.id)).first()
    if back is None and points == 0:
        end_back(redemption, now)
        return
    if back is None:
        back = _write(session, redemption, points, now, made_by)
    if back.credited_at is not None:
        return
    holder = _holder(session, run, redemption)
    redemption.stage = RedemptionStage.RETURNING
    session.flush()
    if is_erased(holder):
        back.problem, back.credited_at = ERASED, now
        write_log(session, redemption.store_id, "reward_erased", ERASED, now=now, level=LogLevel.WARNING)
        end_back(redemption, now)
    else:
        _credit(session, run, redemption, back, holder, now)


def credit_refund(session: Session, run: Run, redemption: RedemptionRow, back: RedemptionRefundRow, now: datetime) -> None:
    """Give the points of a refunded order back to whoever holds the customer's points by now, once.

    They come to the account of today. Where that is elsewhere, a movement is planned, if no other of this reward is under way.
    """
    if back.credited_at is not None:
        return
    holder = _holder(session, run, redemption)
    if is_erased(holder):
        back.problem, back.credited_at = ERASED, now
        returned_at_last(redemption)
        write_log(session, redemption.store_id, "reward_erased", ERASED, now=now, level=LogLevel.WARNING)
    else:
        _credit(session, run, redemption, back, holder, now)
    session.flush()


def _holder(session: Session, run: Run, redemption: RedemptionRow) -> str:
    moves = moves_of(session, run.accounts.rows, [redemption.email])
    current_id = run.accounts.current.id
    return holder_of(moves, redemption.account_id, redemption.email, redemption.asked_at, and_at=current_id).email


def _credit(session: Session, run: Run, redemption: RedemptionRow, back: _Back, holder: str, now: datetime) -> None:
    if _is_under_way(session, redemption):
        # It may bring these very points, at the account that the store had when it was planned.
        return
    if run.accounts.current.id == redemption.account_id in run.accounts.local:
        _credit_here(session, run, redemption, back, holder, now)
    else:
        target = {**_cause(redemption), "target_id": back.reference}
        credit = new_movement(run.accounts, run.accounts.current, MovementKind.CREDIT, back.points, holder, now, **target)
        plan(session, run, [credit], now)


def _write(session: Session, redemption: RedemptionRow, points: int, now: datetime, made_by: str | None) -> RedemptionReturnRow:
    back = RedemptionReturnRow(
        redemption_id=redemption.id or 0,
        reference=uuid4(),
        why=redemption.back_reason or "",
        points=points,
        written_at=now,
        made_by=made_by,
    )
    session.add(back)
    session.flush()
    session.refresh(redemption)
    return back


def _credit_here(session: Session, run: Run, redemption: RedemptionRow, back: _Back, holder: str, now: datetime) -> None:
    spent = ledger.find_spend(session, redemption.store_id, redemption.reference, lock=True)
    if spent is None:
        raise RuntimeError("a reward for embedded points without its entry")
    ledger.give_back(session, spent, holder, back.points, now)
    target = {**_cause(redemption), "target_id": back.reference}
    account = run.accounts.rows[redemption.account_id]
    move_now(session, run, new_movement(run.accounts, account, MovementKind.CREDIT, back.points, holder, now, **target), now)


def _is_under_way(session: Session, redemption: RedemptionRow) -> bool:
    is_open = col(MovementRow.state).in_((MovementState.PLANNED, MovementState.SENDING, MovementState.UNKNOWN))
    is_its_own = (MovementRow.cause_kind == CauseKind.REWARD, MovementRow.cause_id == redemption.id)
    return session.exec(select(MovementRow.id).where(*is_its_own, is_open)).first() is not None


def _cause(redemption: RedemptionRow) -> dict[str, Any]:
    return {"cause_kind": CauseKind.REWARD, "cause_id": redemption.id}
