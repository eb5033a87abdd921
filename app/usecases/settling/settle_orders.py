"""Settle a batch of orders: make the points granted the points due."""

from collections.abc import Callable
from datetime import datetime

import structlog

from app.db.queue import release
from app.errors import SaleorRefused, Unavailable
from app.logs import innermost_place
from app.usecases.moving.pausing import pause_store, resume_store
from app.usecases.services import Services
from app.usecases.settling.batch import DEFECT, Batch, InHand
from app.usecases.settling.calling import call
from app.usecases.settling.deciding import compute_due, decide, load_books, settle_shown_claims
from app.usecases.settling.noting import note_orders
from app.usecases.settling.planning import write_plans
from app.usecases.settling.reading import read_orders
from app.usecases.settling.resting import rest_orders
from app.usecases.settling.taking import take_batch
from app.usecases.settling.telling import tell_orders

__all__ = ["settle_orders"]

log = structlog.get_logger()

# A decision of two parts takes two rounds; the longest useful one (a claim replaced, debits from several customers) a few
# more. What is not done then comes first in the next batch.
ROUNDS_MAX = 8


def settle_orders(services: Services) -> bool:
    """Settle up to 100 waiting orders of one store, and tell whether any waited.

    Read, decide, plan, call, record: again for orders that need another movement. Then tell Saleor, and let them rest.
    """
    batch = take_batch(services)
    if batch is None:
        return False
    try:
        read_orders(services, batch)
    except (Unavailable, SaleorRefused) as error:
        with services.database.writing() as session:
            release(session, batch.lease_token)
        pause_store(services, batch.store, error, services.clock())
        return True
    resume_store(services, batch.store)
    _move_points(services, batch)
    tell_orders(services, batch)
    note_orders(services, batch)
    rest_orders(services, batch)
    log.info("orders settled", store=batch.store.slug, orders=len(batch.hands))
    return True


def _move_points(services: Services, batch: Batch) -> None:
    for _ in range(ROUNDS_MAX):
        load_books(services, batch)
        now = services.clock()
        hands = batch.active()
        for hand in hands:
            _guarded(batch, hand, now, compute_due)
        settle_shown_claims(services, batch, now)
        for hand in hands:
            _guarded(batch, hand, now, decide)
        movements = write_plans(services, batch, now)
        in_hand = {movement.order_id for movement in movements}
        call(services, batch, movements)
        for hand in hands:
            # What needed no step, and was kept from none, is settled. What an earlier worker had left to be asked for is not:
            # with that out of the way, it is decided anew.
            hand.is_done = hand.is_done or (hand.decision.step is None and hand.id not in in_hand)
        if not batch.active():
            return
    for hand in batch.active():
        hand.wait(services.clock())


def _guarded(batch: Batch, hand: InHand, now: datetime, step: Callable[[Batch, InHand, datetime], None]) -> None:
    """Do a step of one order. A defect at this order must not hold up the ninety-nine others."""
    if hand.is_done:
        return
    try:
        step(batch, hand, now)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        log.error("defect", order_id=hand.id, kind=type(error).__name__, where=innermost_place(error))  # noqa: TRY400 - an error's text may hold an e-mail
        hand.retry(now, DEFECT)
