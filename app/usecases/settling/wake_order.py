"""Wake an order: an event says that it may have changed."""

from datetime import datetime

import structlog

from app.db.intake import take_in
from app.errors import BadRequest, Unavailable
from app.saleor.parsing import parse_told
from app.usecases.operating.verify_delivery import Delivery, Sent, verify_delivery, verify_remembered
from app.usecases.services import Services

log = structlog.get_logger()

ORDER_EVENTS = frozenset(
    {
        "OrderCreated",
        "OrderPaid",
        "OrderFullyPaid",
        "OrderRefunded",
        "OrderFullyRefunded",
        "OrderUpdated",
        "OrderCancelled",
        "OrderFulfilled",
    }
)


def wake_order(services: Services, sent: Sent, now: datetime) -> None:
    """Verify a delivery, and wake its order if what it tells differs from what was last read.

    A delivery without an order is passed over: Saleor could not show the order, and the sweep will find it.
    Raises what `verify_delivery` does, and BadRequest when the order is not of the form that our subscription asks for.
    """
    remembered = verify_remembered(services, sent)
    if remembered is not None and _wake(services, remembered, now):
        return
    if not _wake(services, verify_delivery(services, sent, now), now):
        raise Unavailable("The store was changed just now. Deliver this again later.")


def _wake(services: Services, delivery: Delivery, now: datetime) -> bool:
    """Wake the delivery's order; False, and nothing done, where its store is not any more as it was when it was read."""
    if delivery.type not in ORDER_EVENTS:
        raise BadRequest("This address takes the order events that Saleor Points subscribes to.")
    order = delivery.body.get("order")
    if order is None:
        log.warning("delivery without an order", store_id=delivery.signer.store_id, type=delivery.type)
        return True
    try:
        told = parse_told(order)
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError):
        raise BadRequest("The delivery's order is not of the form that Saleor Points subscribed to.") from None
    with services.database.intake() as connection:
        return take_in(connection, delivery.signer, told, delivery.type, now)
