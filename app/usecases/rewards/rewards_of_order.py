"""Which rewards' codes an order used, and what came back for it, as staff see it on the order's page."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import case, func, select
from sqlmodel import col

from app.db.tables import RedemptionRefundRow, RedemptionRow, RedemptionUseRow, RewardVersionRow
from app.domain.spending import as_amount
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class UsedReward:
    """A reward whose code an order used. A voucher has no amount. `points_back`: all that come back for this
    order. `not_yet`: those of them that are not credited.
    """

    name: str
    email: str
    points: int
    used: Decimal | None
    currency: str
    returns: bool
    points_back: int
    not_yet: int
    seen_at: datetime


def rewards_of_order(services: Services, store_id: int, saleor_order_id: str) -> list[UsedReward]:
    """List the rewards that an order used, by one query."""
    points = col(RedemptionRefundRow.points)
    is_not_yet = col(RedemptionRefundRow.id).is_not(None) & col(RedemptionRefundRow.credited_at).is_(None)
    query = (
        select(
            RedemptionUseRow,
            RedemptionRow,
            RewardVersionRow,
            func.coalesce(func.sum(points), 0),
            func.coalesce(func.sum(case((is_not_yet, points), else_=0)), 0),
        )
        .join(RedemptionRow, col(RedemptionRow.id) == col(RedemptionUseRow.redemption_id))
        .join(RewardVersionRow, col(RewardVersionRow.id) == col(RedemptionRow.version_id))
        .outerjoin(
            RedemptionRefundRow,
            (col(RedemptionRefundRow.redemption_id) == col(RedemptionRow.id))
            & (col(RedemptionRefundRow.saleor_order_id) == col(RedemptionUseRow.saleor_order_id)),
        )
        .where(col(RedemptionRow.store_id) == store_id, col(RedemptionUseRow.saleor_order_id) == saleor_order_id)
        .group_by(col(RedemptionUseRow.id), col(RedemptionRow.id), col(RewardVersionRow.id))
        .order_by(col(RedemptionUseRow.id))
    )
    with services.database.reading() as session:
        return [
            UsedReward(
                name=version.name,
                email=taken.email,
                points=taken.points,
                used=as_amount(use.amount_units, taken.currency) if taken.currency else None,
                currency=taken.currency,
                returns=version.return_on_refund,
                points_back=int(points_back),
                not_yet=int(not_yet),
                seen_at=use.seen_at,
            )
            for use, taken, version, points_back, not_yet in session.execute(query)
        ]
