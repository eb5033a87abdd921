"""Take points off a checkout again: its customer wants to pay another way, or not at all."""

from collections.abc import Sequence

import structlog
from sqlalchemy import func
from sqlmodel import Session, col, select

from app.db.moved_possessions import in_a_period, periods_of
from app.db.tables import SpendReturnRow, SpendRow
from app.domain.spending import OVER, ReturnReason, SpendStage
from app.errors import NoPointsOnCheckout, PaymentTooNew
from app.usecases.confirmed_shoppers import SignedIn
from app.usecases.services import Services
from app.usecases.spending.giving_back import write_return

log = structlog.get_logger()

# What Saleor has not booked, or is being asked about, waits: the answer decides whether there is anything to give back.
_BOOKED = frozenset({SpendStage.CONFIRMED, SpendStage.ON_ORDER})


def take_points_off(services: Services, shopper: SignedIn, checkout_id: str) -> int:
    """Give back what the shopper's points pay of an open checkout; gives the points that come back. Saleor is told first.

    It goes back as the points of an abandoned checkout do: if the checkout is completed meanwhile, the payment stays.
    Asked again while they are on their way, it gives the same points.

    Raises NoPointsOnCheckout where the shopper's points pay nothing of it, or it is an order by now, and PaymentTooNew where
    Saleor is still asked whether it booked the payment.
    """
    now = services.clock()
    with services.database.writing() as session:
        periods = periods_of(session, shopper.store_id, shopper.email)
        query = select(SpendRow).where(
            SpendRow.store_id == shopper.store_id,
            SpendRow.saleor_checkout_id == checkout_id,
            in_a_period(periods, SpendRow.email_key, SpendRow.asked_at),
            col(SpendRow.stage).not_in(OVER),
        )
        spends = session.exec(query.order_by(col(SpendRow.id)).with_for_update()).all()
        if not spends or any(spend.saleor_order_id is not None for spend in spends):
            raise NoPointsOnCheckout
        if any(spend.stage not in _BOOKED or (spend.lease_until is not None and spend.lease_until > now) for spend in spends):
            raise PaymentTooNew
        for spend in spends:
            left = spend.amount_units - spend.returned_units
            if left > 0:
                write_return(session, spend, ReturnReason.ABANDONED, left, now)
                spend.look_at = now
        points = _on_their_way(session, [spend.id for spend in spends])
        if points == 0:
            # All of it was refunded before.
            raise NoPointsOnCheckout
    log.info("points taken off a checkout", store_id=shopper.store_id, points=points)
    return points


def _on_their_way(session: Session, spend_ids: Sequence[int | None]) -> int:
    """Add up the points that come back as those of an abandoned checkout, without what was refunded before."""
    query = select(func.coalesce(func.sum(SpendReturnRow.points), 0)).where(
        col(SpendReturnRow.spend_id).in_(spend_ids),
        SpendReturnRow.why == ReturnReason.ABANDONED,
        col(SpendReturnRow.cancelled_at).is_(None),
    )
    return int(session.exec(query).one())
