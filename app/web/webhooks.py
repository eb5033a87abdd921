"""Saleor's signed deliveries."""

from flask import Blueprint, Response, jsonify, request

from app.errors import BadRequest
from app.usecases.follow_app import follow_app
from app.usecases.services import Services
from app.usecases.verify_delivery import Delivery, verify_delivery
from app.usecases.wake_order import wake_order

ORDER_EVENTS = frozenset(
    {"OrderPaid", "OrderFullyPaid", "OrderRefunded", "OrderFullyRefunded", "OrderUpdated", "OrderCancelled", "OrderFulfilled"}
)


def blueprint(services: Services) -> Blueprint:
    """Routes of the webhooks."""
    routes = Blueprint("webhooks", __name__, url_prefix="/api/webhooks")

    @routes.post("/orders")
    def orders() -> Response:
        delivery = _verified(services)
        if delivery.type not in ORDER_EVENTS:
            raise BadRequest("This address takes the order events that Saleor Points subscribes to.")
        wake_order(services, delivery, services.clock())
        return jsonify(success=True)

    @routes.post("/app")
    def app() -> Response:
        follow_app(services, _verified(services))
        return jsonify(success=True)

    return routes


def _verified(services: Services) -> Delivery:
    # The raw bytes are what was signed; nothing is read from them before they are verified.
    body = request.get_data(cache=False)
    return verify_delivery(
        services,
        api_url=request.headers.get("Saleor-Api-Url", ""),
        signature=request.headers.get("Saleor-Signature", ""),
        body=body,
        now=services.clock(),
    )
