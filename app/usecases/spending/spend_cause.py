"""Payments by points as a cause of movements: the points are taken by a debit, and go back by credits, one for each return.

Debits that name a return take its points again: Saleor has reversed that refund.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from app.db.tables import MovementRow, SpendReturnRow, SpendRow
from app.db.tables.spend_return import RETURN_IS_OWED
from app.domain.settlement import CauseKind, MovementKind
from app.domain.spending import SpendStage
from app.providers.protocol import Accepted
from app.sealing import Sealer
from app.usecases.moving.accounts import Accounts
from app.usecases.moving.causes import Ended

# Saleor books an answer within seconds. What it has not booked by then, it never will.
CONFIRMED_AFTER = timedelta(minutes=2)
REFUSED_BY_PROVIDER = "rejected"
OWED = "owed"


@dataclass(frozen=True, slots=True)
class SpendCause:
    """A spend; its row says how far it has come. A credit names its return as the target; so does what takes it again."""

    kind: str = CauseKind.SPEND

    def hold(self, session: Session, movements: Sequence[MovementRow], now: datetime) -> set[UUID]:
        """Lock the spends. Only movements change what they have taken, so all of them are still ours."""
        del now
        ids = {movement.cause_id for movement in movements}
        locked = select(SpendRow).where(col(SpendRow.id).in_(ids)).order_by(col(SpendRow.id)).with_for_update()
        held = {spend.id for spend in session.exec(locked.execution_options(populate_existing=True))}
        return {movement.id for movement in movements if movement.cause_id in held}

    def record(self, session: Session, sealer: Sealer, accounts: Accounts, ended: Sequence[Ended], now: datetime) -> None:
        """Write whether the points were taken, or went back."""
        del sealer, accounts
        for one in ended:
            spend = session.get_one(SpendRow, one.movement.cause_id)
            if one.movement.kind == MovementKind.DEBIT and one.movement.target_id is not None:
                _taken_again(session, spend, one)
            elif one.movement.kind == MovementKind.DEBIT:
                _taken(spend, one, now)
            else:
                _returned(session, spend, one, now)
        session.flush()

    def name(self, session: Session, movement: MovementRow) -> str:
        """Name it without naming the customer: logs are read by all staff."""
        del session, movement
        return "A payment with points"


def _taken(spend: SpendRow, one: Ended, now: datetime) -> None:
    if spend.stage != SpendStage.ASKED:
        return
    if isinstance(one.outcome, Accepted):
        # Where Saleor was told of a failure meanwhile, it has booked nothing: that is found out then, and they go back.
        spend.stage, spend.taken_at, spend.look_at = SpendStage.TAKEN, now, now + CONFIRMED_AFTER
        spend.problem_code = spend.problem = None
    else:
        spend.stage, spend.ended_at, spend.look_at = SpendStage.REFUSED, now, None
        spend.problem_code, spend.problem = REFUSED_BY_PROVIDER, one.outcome.reason


def _returned(session: Session, spend: SpendRow, one: Ended, now: datetime) -> None:
    returned = session.exec(select(SpendReturnRow).where(SpendReturnRow.reference == one.movement.target_id)).one()
    if isinstance(one.outcome, Accepted):
        returned.credited_at, returned.problem = now, None
        session.flush()
        end_if_returned(session, spend, now)
    else:
        returned.problem = one.outcome.reason


def _taken_again(session: Session, spend: SpendRow, one: Ended) -> None:
    if isinstance(one.outcome, Accepted):
        returned = session.exec(select(SpendReturnRow).where(SpendReturnRow.reference == one.movement.target_id)).one()
        returned.taken_again_points -= one.movement.points
        session.flush()
        forget_debt(session, spend)


def forget_debt(session: Session, spend: SpendRow) -> None:
    """Let no person look at a payment of which nothing is owed any more."""
    if spend.problem_code == OWED and not is_owed(session, spend):
        spend.problem_code = spend.problem = None


def is_owed(session: Session, spend: SpendRow) -> bool:
    """Tell whether points that a reversed refund gave are still to be taken again."""
    query = select(SpendReturnRow.id).where(SpendReturnRow.spend_id == spend.id, RETURN_IS_OWED)
    return session.exec(query.limit(1)).first() is not None


def end_if_returned(session: Session, spend: SpendRow, now: datetime) -> None:
    """End a spend once all of it went back, and the customer has the points.

    Saleor may not have heard of a return that its customer has already: the answer to its request was lost. So the spend is
    looked at then as it was to be. What is to be taken again is looked at soon.
    """
    session.refresh(spend)
    query = select(SpendReturnRow).where(SpendReturnRow.spend_id == spend.id, col(SpendReturnRow.cancelled_at).is_(None))
    returns = session.exec(query).all()
    if spend.returned_units != spend.amount_units or any(one.credited_at is None for one in returns):
        return
    spend.stage, spend.ended_at = SpendStage.RETURNED, now
    if all(one.reported_at is not None for one in returns):
        spend.look_at = now if is_owed(session, spend) else None
