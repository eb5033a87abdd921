"""Give points of rewards back for orders that were cancelled or refunded: step by step, as the order's money goes back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy import func, or_
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from app.db.logbook import write_log
from app.db.stored_rewards import lock_redemptions, terms_of
from app.db.tables import RedemptionRefundRow, RedemptionRow, RedemptionUseRow, StoreRow
from app.domain.redemptions import Given
from app.domain.reward_refunds import points_of_refund
from app.domain.settlement import CauseKind
from app.domain.store import StoreState
from app.logs import innermost_place
from app.usecases.moving.engine_run import Run, open_accounts
from app.usecases.rewards.moving_points import credit_refund
from app.usecases.rewards.reward_cause import NOT_RETURNED, REFUSED_LOOK
from app.usecases.services import Services

log = structlog.get_logger()

BATCH = 20
# Another change of the same reward is under way, or the account has not answered yet.
LOOK_AGAIN = timedelta(minutes=10)
DEFECT = "Saleor Points failed at the points of this reward; the log says where. It is tried again."
# A look is at most a day ahead. A clock that was ahead has written one that is further.
LOOK_LONGEST = timedelta(days=2)


def refund_rewards(services: Services) -> bool:
    """Give back what is owed for a batch of orders, and tell whether any waited. Saleor is not asked."""
    now = services.clock()
    with services.database.reading() as session:
        waiting = session.exec(
            select(RedemptionUseRow.redemption_id)
            .join(RedemptionRow, col(RedemptionRow.id) == col(RedemptionUseRow.redemption_id))
            .join(StoreRow, col(StoreRow.id) == col(RedemptionRow.store_id))
            .where(StoreRow.state == StoreState.ACTIVE, col(RedemptionUseRow.look_at).is_not(None))
            .where(or_(col(RedemptionUseRow.look_at) <= now, col(RedemptionUseRow.look_at) > now + LOOK_LONGEST))
            .order_by(col(RedemptionUseRow.look_at), col(RedemptionUseRow.id))
            .limit(BATCH)
        ).all()
    for redemption_id in dict.fromkeys(waiting):
        try:
            _refund(services, redemption_id)
        except (IntegrityError, LookupError, RuntimeError) as error:
            # A defect at this one must not hold up the others.
            log.error("defect", redemption_id=redemption_id, kind=type(error).__name__, where=innermost_place(error))  # noqa: TRY400 - an error's text may hold an e-mail
            _put_off(services, redemption_id)
    return bool(waiting)


def _refund(services: Services, redemption_id: int) -> None:
    now = services.clock()
    with services.database.writing() as session:
        [redemption] = lock_redemptions(session, [redemption_id])
        store = session.get_one(StoreRow, redemption.store_id)
        run = Run(services, open_accounts(services, session, store), services.causes[CauseKind.REWARD])
        for use in _uses_to_look_at(session, redemption_id):
            use.look_at = _give_for(session, run, redemption, use, now)


def _put_off(services: Services, redemption_id: int) -> None:
    """Try a reward again tomorrow, and let staff see that its points did not come back."""
    now = services.clock()
    with services.database.writing() as session:
        [redemption] = lock_redemptions(session, [redemption_id])
        redemption.problem_code, redemption.problem = NOT_RETURNED, DEFECT
        for use in _uses_to_look_at(session, redemption_id):
            use.look_at = now + REFUSED_LOOK


def _uses_to_look_at(session: Session, redemption_id: int) -> Sequence[RedemptionUseRow]:
    query = select(RedemptionUseRow).where(RedemptionUseRow.redemption_id == redemption_id)
    waiting = query.where(col(RedemptionUseRow.look_at).is_not(None)).order_by(col(RedemptionUseRow.id)).with_for_update()
    return session.exec(waiting.execution_options(populate_existing=True)).all()


def _give_for(session: Session, run: Run, redemption: RedemptionRow, use: RedemptionUseRow, now: datetime) -> datetime | None:
    """Give back what is still owed for one order. Gives when to look next; None where nothing more is to be done.

    What came back stays, also where the refund fails later: a later refund of the order gives only what is above it.
    """
    terms = terms_of(session, [redemption.version_id])[0]
    if not terms.return_on_refund:
        return None
    is_begun = (*_is_for(use), col(RedemptionRefundRow.credited_at).is_(None))
    begun = session.exec(select(RedemptionRefundRow).where(*is_begun)).first()
    if begun is None:
        begun = _begin(session, redemption, use, now)
    if begun is None:
        return None
    credit_refund(session, run, redemption, begun, now)
    if begun.credited_at is None:
        return now + LOOK_AGAIN
    # While the last step was under way, more may have gone back.
    return now if _owed(session, redemption, use)[0] > 0 else None


def _begin(session: Session, redemption: RedemptionRow, use: RedemptionUseRow, now: datetime) -> RedemptionRefundRow | None:
    points, steps = _owed(session, redemption, use)
    if points <= 0:
        return None
    row = RedemptionRefundRow(
        redemption_id=redemption.id or 0,
        saleor_order_id=use.saleor_order_id,
        step=steps + 1,
        reference=uuid4(),
        points=points,
        written_at=now,
    )
    session.add(row)
    session.flush()
    session.refresh(redemption)
    said = f"{points} points of a reward come back, because an order that used it was cancelled or refunded."
    write_log(session, redemption.store_id, "reward_refunded", said, now=now)
    log.info("reward refunded", redemption_id=redemption.id, points=points)
    return row


def _owed(session: Session, redemption: RedemptionRow, use: RedemptionUseRow) -> tuple[int, int]:
    """Tell how many points are to come back for an order beyond those that did, and in how many steps those did."""
    given = Given(redemption.points, redemption.amount_units, redemption.used_units)
    due = points_of_refund(given, use.amount_units, Fraction(use.went_back, use.of_charged))
    summed = select(func.coalesce(func.sum(col(RedemptionRefundRow.points)), 0), func.count(col(RedemptionRefundRow.id)))
    came_back, steps = session.exec(summed.where(*_is_for(use))).one()
    left = redemption.points - redemption.returned_points - redemption.refunded_points
    return min(due - int(came_back), left), int(steps)


def _is_for(use: RedemptionUseRow) -> tuple[Any, Any]:
    is_its = col(RedemptionRefundRow.redemption_id) == use.redemption_id
    return is_its, col(RedemptionRefundRow.saleor_order_id) == use.saleor_order_id
