"""Rewards that customers took as a cause of movements: a debit takes the points, a credit gives back what was not used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, select

from app.db.stored_rewards import lock_redemptions
from app.db.tables import MovementRow, RedemptionRefundRow, RedemptionReturnRow, RedemptionRow, RedemptionUseRow
from app.domain.redemptions import DELETED, END_OF, BackReason, RedemptionStage
from app.domain.settlement import CauseKind, MovementKind
from app.providers.protocol import Accepted
from app.sealing import Sealer
from app.usecases.moving.accounts import Accounts
from app.usecases.moving.causes import Ended

REFUSED_BY_PROVIDER = "rejected"
# Points of a refunded order could not be given back: the provider refused them, or the app failed. It is tried again each day.
NOT_RETURNED = "not_returned"
REFUSED_LOOK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RewardCause:
    """A redemption; its row says how far it has come. A credit names its return as the target."""

    kind: str = CauseKind.REWARD

    def hold(self, session: Session, movements: Sequence[MovementRow], now: datetime) -> set[UUID]:
        """Lock the redemptions. Only movements change what they have taken, so all of them are still ours."""
        del now
        held = {row.id for row in lock_redemptions(session, {movement.cause_id for movement in movements})}
        return {movement.id for movement in movements if movement.cause_id in held}

    def record(self, session: Session, sealer: Sealer, accounts: Accounts, ended: Sequence[Ended], now: datetime) -> None:
        """Write whether the points were taken, or went back."""
        del sealer, accounts
        for one in ended:
            redemption = session.get_one(RedemptionRow, one.movement.cause_id)
            if one.movement.kind == MovementKind.DEBIT:
                _taken(redemption, one, now)
            else:
                _returned(session, redemption, one, now)
        session.flush()

    def name(self, session: Session, movement: MovementRow) -> str:
        """Name it without naming the customer: logs are read by all staff."""
        del session, movement
        return "A reward"


def _taken(redemption: RedemptionRow, one: Ended, now: datetime) -> None:
    if redemption.stage != RedemptionStage.ASKED:
        return
    if isinstance(one.outcome, Accepted):
        redemption.stage, redemption.taken_at, redemption.debit_id = RedemptionStage.TAKEN, now, one.movement.id
        redemption.look_at, redemption.problem_code, redemption.problem = now, None, None
    else:
        redemption.stage, redemption.ended_at, redemption.look_at = RedemptionStage.REFUSED, now, None
        redemption.problem_code, redemption.problem = REFUSED_BY_PROVIDER, one.outcome.reason


def _returned(session: Session, redemption: RedemptionRow, one: Ended, now: datetime) -> None:
    refund = select(RedemptionRefundRow).where(RedemptionRefundRow.reference == one.movement.target_id)
    for_order = session.exec(refund).first()
    if for_order is not None:
        _refunded(session, redemption, for_order, one, now)
        return
    back = session.exec(select(RedemptionReturnRow).where(RedemptionReturnRow.reference == one.movement.target_id)).one()
    if isinstance(one.outcome, Accepted):
        back.credited_at, back.problem = now, None
        end_back(redemption, now)
    else:
        back.problem = redemption.problem = one.outcome.reason
        redemption.problem_code = REFUSED_BY_PROVIDER


def _refunded(session: Session, redemption: RedemptionRow, back: RedemptionRefundRow, one: Ended, now: datetime) -> None:
    """Write whether the points of a refunded order came back. The reward itself stays where it stands."""
    if isinstance(one.outcome, Accepted):
        back.credited_at, back.problem = now, None
        look_at = now
        returned_at_last(redemption)
    else:
        back.problem, look_at = one.outcome.reason, now + REFUSED_LOOK
        # Where a gift card was deleted, staff decide that first.
        if redemption.problem_code != DELETED:
            redemption.problem_code, redemption.problem = NOT_RETURNED, one.outcome.reason
    # Other orders of the same reward wait for the end of this change.
    waits = (col(RedemptionUseRow.redemption_id) == redemption.id, col(RedemptionUseRow.look_at).is_not(None))
    # Whoever notes what went back of orders locks them in this order, too.
    session.exec(select(RedemptionUseRow.id).where(*waits).order_by(col(RedemptionUseRow.id)).with_for_update()).all()
    session.execute(update(RedemptionUseRow).where(*waits).values(look_at=look_at))


def end_back(redemption: RedemptionRow, now: datetime) -> None:
    """End a redemption that was taken back, or whose time is over: nothing more goes back."""
    redemption.stage = END_OF[BackReason(redemption.back_reason or "")]
    redemption.ended_at, redemption.look_at = now, None
    forget_problem(redemption)


def forget_problem(redemption: RedemptionRow) -> None:
    """Clear the problem, except NOT_RETURNED: that stays until the points have come back."""
    if redemption.problem_code != NOT_RETURNED:
        redemption.problem_code = redemption.problem = None


def returned_at_last(redemption: RedemptionRow) -> None:
    """Forget that points of a refunded order did not come back: they have, or there is nobody to give them to."""
    if redemption.problem_code == NOT_RETURNED:
        redemption.problem_code = redemption.problem = None
