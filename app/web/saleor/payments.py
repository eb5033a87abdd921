"""Points as a payment: what Saleor asks while a storefront waits for the answer."""

from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, jsonify

from app.domain.payment_request import PaymentRequest
from app.domain.spending import PointsPayment
from app.usecases.services import Services
from app.usecases.spending.charge import Charged, charge
from app.usecases.spending.payment_session import CHARGE, GATEWAY, read_payment
from app.usecases.spending.quote import Quote, quote
from app.web.saleor.deliveries import sent_delivery
from app.web.saleor.payment_words import sentence_for

# What Saleors from 3.22 on show staff as the name of the method.
METHOD = {"type": "OTHER", "name": "Loyalty points"}


def blueprint(services: Services) -> Blueprint:
    """Routes of the payment webhooks."""
    routes = Blueprint("payments", __name__, url_prefix="/api/webhooks/payments")

    @routes.post("/gateway")
    def gateway() -> Response:
        store_id, asked = read_payment(services, sent_delivery(), GATEWAY)
        return jsonify(data=_as_data(quote(services, store_id, asked), asked))

    @routes.post("/charge")
    def charged() -> Response:
        store_id, asked = read_payment(services, sent_delivery(), CHARGE)
        outcome = charge(services, store_id, asked)
        if isinstance(outcome, Charged):
            return jsonify(_as_success(outcome))
        said = sentence_for(outcome.why, asked.source.language, least_points=outcome.least_points)
        return jsonify(
            result="CHARGE_FAILURE",
            amount=_money(asked.amount or Decimal(0)),
            message=said,
            data={"code": outcome.why.value, "message": said},
        )

    return routes


def _as_success(charged: Charged) -> dict[str, Any]:
    return {
        "pspReference": str(charged.reference),
        "result": "CHARGE_SUCCESS",
        "amount": _money(charged.amount),
        "actions": ["REFUND"],
        "data": {"points": charged.points, "amount": _money(charged.amount)},
        "paymentMethodDetails": METHOD,
    }


def _as_data(told: Quote, asked: PaymentRequest) -> dict[str, Any]:
    why_not = None
    if told.why_not is not None:
        said = sentence_for(told.why_not, asked.source.language, least_points=told.least_points)
        why_not = {"code": told.why_not.value, "message": said}
    return {
        "currency": told.currency,
        "points": told.points,
        "worth": None if told.worth is None else _money(told.worth),
        "least": _payment(told.least),
        "greatest": _payment(told.greatest),
        "whyNot": why_not,
    }


def _payment(payment: PointsPayment | None) -> dict[str, Any] | None:
    return None if payment is None else {"points": payment.points, "amount": _money(payment.amount)}


def _money(amount: Decimal) -> str:
    """Write an amount exactly: as text, so that nobody reads it as a binary fraction."""
    return format(amount, "f")
