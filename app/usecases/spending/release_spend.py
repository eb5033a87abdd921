"""Payments by points that are still open, and how staff give one back before its time."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import structlog
from sqlmodel import Session, col, select

from app.db.logbook import write_log
from app.db.stores import find_store_by_slug
from app.db.tables import SpendRow, StoreRow
from app.domain.spending import OVER, ReturnReason, SpendStage, as_amount
from app.errors import BadRequest
from app.usecases.services import Services
from app.usecases.spending.giving_back import write_return

log = structlog.get_logger()

LISTED_MAX = 50
# Saleor has booked these. What it has not booked, the worker finds out within minutes and gives back by itself.
_BOOKED = frozenset({SpendStage.CONFIRMED, SpendStage.ON_ORDER})


@dataclass(frozen=True, slots=True)
class OpenPayment:
    """A payment by points that has not gone back whole. `order_id` is None while it pays a checkout."""

    id: int
    at: datetime
    email: str
    order_id: str | None
    currency: str
    amount: Decimal
    returned: Decimal
    points: int
    stage: SpendStage
    problem: str | None


def open_payments(services: Services, slug: str, *, before_id: int | None = None) -> list[OpenPayment]:
    """List up to fifty open payments of a store, newest first, by one query.

    Raises BadRequest when there is no such store.
    """
    with services.database.reading() as session:
        query = select(SpendRow).where(SpendRow.store_id == _store(session, slug).id, col(SpendRow.stage).not_in(OVER))
        if before_id is not None:
            query = query.where(col(SpendRow.id) < before_id)
        found = session.exec(query.order_by(col(SpendRow.id).desc()).limit(LISTED_MAX)).all()
    return [
        OpenPayment(
            id=row.id or 0,
            at=row.asked_at,
            email=row.email,
            order_id=row.saleor_order_id,
            currency=row.currency,
            amount=as_amount(row.amount_units, row.currency),
            returned=as_amount(row.returned_units, row.currency),
            points=row.points,
            stage=SpendStage(row.stage),
            problem=row.problem,
        )
        for row in found
    ]


def release_spend(services: Services, slug: str, spend_id: int, *, who: str) -> int:
    """Give back what is left of a payment; gives its points. The worker reports it to Saleor first, then credits the customer.

    Raises BadRequest when Saleor has not booked it yet, or has it no more, and as `find_spend` does.
    """
    now = services.clock()
    with services.database.writing() as session:
        _, spend = find_spend(session, slug, spend_id, now)
        if spend.problem_code == "missing":
            raise BadRequest("Saleor has no such payment any more. Say what becomes of its points: spends settle.")
        if spend.stage not in _BOOKED:
            raise BadRequest("Saleor is still asked whether it booked this payment. Please try again in some minutes.")
        back = write_return(session, spend, ReturnReason.STAFF, spend.amount_units - spend.returned_units, now, made_by=who)
        spend.look_at = now
        said = f"{back.points} points that paid {as_amount(back.amount_units, spend.currency)} {spend.currency} are given back."
        write_log(session, spend.store_id, "spend_released", said, now=now, made_by=who)
        points = back.points
    log.info("spend released", spend_id=spend_id, points=points)
    return points


def find_spend(session: Session, slug: str, spend_id: int, now: datetime) -> tuple[StoreRow, SpendRow]:
    """Find and lock a payment of which something is left, with its store.

    Raises BadRequest when the store has no such payment, nothing is left of it, or the worker has it in hand at this moment.
    """
    store = _store(session, slug)
    query = select(SpendRow).where(SpendRow.id == spend_id, SpendRow.store_id == store.id).with_for_update()
    spend = session.exec(query).first()
    if spend is None:
        raise BadRequest(f"The store has no payment {spend_id}.")
    if spend.lease_until is not None and spend.lease_until > now:
        raise BadRequest("The worker has this payment in hand. Please try again in a minute.")
    if spend.returned_units == spend.amount_units:
        raise BadRequest("All of this payment went back already, or is on its way.")
    return store, spend


def _store(session: Session, slug: str) -> StoreRow:
    store = find_store_by_slug(session, slug)
    if store is None or store.id is None:
        raise BadRequest(f"There is no store {slug}.")
    return store
