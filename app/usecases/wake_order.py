"""Wake an order: an event says that it may have changed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from app.errors import BadRequest
from app.saleor.parsing import parse_told
from app.store.waiting import wake_told
from app.usecases.services import Services
from app.usecases.verify_delivery import Delivery

log = structlog.get_logger()

TYPE_LENGTH_MAX = 64


def wake_order(services: Services, delivery: Delivery, now: datetime) -> None:
    """Wake the order of a verified delivery, if what it tells differs from what was last read.

    A delivery without an order is passed over: Saleor could not show the order, and the sweep will find it.
    Raises BadRequest when the order is not of the form that our subscription asks for.
    """
    order = delivery.body.get("order")
    if order is None:
        log.warning("delivery without an order", store_id=delivery.store_id, type=delivery.type[:TYPE_LENGTH_MAX])
        return
    _wake(services, delivery, order, now)


def _wake(services: Services, delivery: Delivery, order: Mapping[str, Any], now: datetime) -> None:
    try:
        told = parse_told(order)
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError):
        raise BadRequest("The delivery's order is not of the form that Saleor Points subscribed to.") from None
    # What a wake loses with the machine's power, the sweep finds again: SQLite need not wait for the disk here.
    with services.database.writing(durable=False) as session:
        wake_told(session, delivery.store_id, told, delivery.type[:TYPE_LENGTH_MAX], now)
