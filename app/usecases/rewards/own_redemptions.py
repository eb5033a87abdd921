"""The rewards that one signed-in shopper took: list them with their codes, and give one back. Nobody else's are found.

What was taken at an address from which staff moved the shopper here is the shopper's. What staff moved away is not any more.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from app.db.moved_possessions import in_a_period, periods_of
from app.db.tables import RedemptionRow, RewardVersionRow
from app.domain.redemptions import RedemptionStage
from app.errors import BadRequest, NoRedemption, NotWithdrawn
from app.usecases.confirmed_shoppers import SignedIn
from app.usecases.rewards.see_redemption import Redemption, as_redemption
from app.usecases.rewards.withdraw import withdraw
from app.usecases.services import Services

PAGE_MAX = 50
# As staff read it in the log: no address stands there.
_WHO = "the customer"


@dataclass(frozen=True, slots=True)
class OwnRedemptions:
    """Redemptions, newest first. `older` is the number to ask for next; None where there is no more."""

    redemptions: tuple[Redemption, ...]
    older: int | None


def list_own_redemptions(services: Services, shopper: SignedIn, *, size: int, before: int | None = None) -> OwnRedemptions:
    """List a page of what a shopper took, by three queries."""
    with services.database.reading() as session:
        query = _theirs(session, shopper)
        if before is not None:
            query = query.where(col(RedemptionRow.id) < before)
        rows = session.exec(query.order_by(col(RedemptionRow.id).desc()).limit(size + 1)).all()
    shown = rows[:size]
    older = shown[-1][0].id if len(rows) > size else None
    return OwnRedemptions(tuple(as_redemption(services.sealer, row, name) for row, name in shown), older)


def withdraw_own(services: Services, shopper: SignedIn, reference: UUID) -> Redemption:
    """Begin to give a shopper's reward back. Again is no second time, also when it has gone back by then.

    Raises NoRedemption where the shopper took none of this id, and NotWithdrawn where it was used, is over, or its points are
    not taken yet.
    """
    found = see_own(services, shopper, reference)
    if found.stage is RedemptionStage.WITHDRAWN:
        return found
    try:
        withdraw(services, shopper.store_id, reference, who=_WHO)
    except BadRequest as refused:
        raise NotWithdrawn(refused.message) from None
    return see_own(services, shopper, reference)


def see_own(services: Services, shopper: SignedIn, reference: UUID) -> Redemption:
    """See a reward that a shopper took.

    Raises NoRedemption where the shopper took none of this id.
    """
    with services.database.reading() as session:
        found = session.exec(_theirs(session, shopper).where(RedemptionRow.reference == reference)).first()
    if found is None:
        raise NoRedemption
    row, name = found
    return as_redemption(services.sealer, row, name)


def _theirs(session: Session, shopper: SignedIn) -> Any:
    periods = periods_of(session, shopper.store_id, shopper.email)
    return (
        select(RedemptionRow, RewardVersionRow.name)
        .join(RewardVersionRow, col(RewardVersionRow.id) == col(RedemptionRow.version_id))
        .where(RedemptionRow.store_id == shopper.store_id, in_a_period(periods, RedemptionRow.email_key, RedemptionRow.asked_at))
    )
