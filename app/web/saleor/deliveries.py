"""Saleor's signed deliveries."""

from flask import Blueprint, Response, jsonify, request

from app.usecases.operating.follow_app import follow_app
from app.usecases.operating.follow_customers import follow_customers
from app.usecases.operating.verify_delivery import Sent, verify_delivery
from app.usecases.services import Services
from app.usecases.settling.wake_order import wake_order


def blueprint(services: Services) -> Blueprint:
    """Routes of the webhooks."""
    routes = Blueprint("webhooks", __name__, url_prefix="/api/webhooks")

    @routes.post("/orders")
    def orders() -> Response:
        wake_order(services, sent_delivery(), services.clock())
        return jsonify(success=True)

    @routes.post("/app")
    def app() -> Response:
        follow_app(services, verify_delivery(services, sent_delivery(), services.clock()))
        return jsonify(success=True)

    @routes.post("/customers")
    def customers() -> Response:
        follow_customers(services, verify_delivery(services, sent_delivery(), services.clock()))
        return jsonify(success=True)

    return routes


def sent_delivery() -> Sent:
    """Give what arrived with this request."""
    # The raw bytes are what was signed; nothing is read from them before they are verified.
    return Sent(
        api_url=request.headers.get("Saleor-Api-Url", ""),
        signature=request.headers.get("Saleor-Signature", ""),
        body=request.get_data(cache=False),
    )
