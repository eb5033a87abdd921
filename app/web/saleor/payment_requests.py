"""Points as a payment: what staff, or Saleor itself, ask for later. A worker of Saleor sends it and notes the answer."""

from hashlib import sha256
from uuid import UUID, uuid4, uuid5

from flask import Blueprint, Response, g, jsonify, request

from app.errors import BadRequest
from app.usecases.operating.verify_delivery import Sent, verify_delivery
from app.usecases.services import Services
from app.usecases.spending.refund import Refunded, refund
from app.web.saleor.deliveries import sent_delivery

CANCEL_EVENT = "TransactionCancelationRequested"
CHARGE_EVENT = "TransactionChargeRequested"
NOT_NOW = "Saleor Points cannot do this now. Please try again in some minutes."
NO_CANCEL = "Points are charged at once, so there is nothing to cancel. Refund the payment instead."
NO_CHARGE = "Points are charged at once, so there is nothing left to charge."
# What references of these answers are made in. It never changes.
_REFUSALS = UUID("c1b7f6f2-0f4e-4f0a-9a51-6d1a0d7f2b3c")
# By the last part of the address.
_FAILURES = {"refund": "REFUND_FAILURE", "cancel": "CANCEL_FAILURE", "charge-requested": "CHARGE_FAILURE"}


def blueprint(services: Services) -> Blueprint:
    """Routes of the requests. None answers 5xx: Saleor would send the request again, with an empty body."""
    routes = Blueprint("payment_requests", __name__, url_prefix="/api/webhooks/payments")

    @routes.post("/refund")
    def refunds() -> Response:
        return jsonify(_refund_answer(refund(services, verify_delivery(services, _sent(), services.clock()))))

    @routes.post("/cancel")
    def cancel() -> Response:
        _require(services, CANCEL_EVENT)
        return _failed(NO_CANCEL)

    @routes.post("/charge-requested")
    def charge_requested() -> Response:
        _require(services, CHARGE_EVENT)
        return _failed(NO_CHARGE)

    @routes.after_request
    def answer_no_fault(answer: Response) -> Response:
        if answer.status_code < 500:
            return answer
        return _failed(NOT_NOW)

    return routes


def _sent() -> Sent:
    """Read what was sent, and keep it for an answer that fails."""
    sent = sent_delivery()
    g.payment_request = sent
    return sent


def _failed(message: str) -> Response:
    """Answer a failure under a reference of its own, made of the request: the same request again is answered the same.

    Saleor takes two failures without a reference for the same one, and notes an error where their amounts differ.
    """
    sent: Sent | None = g.get("payment_request")
    reference = uuid4() if sent is None else uuid5(_REFUSALS, sha256(sent.body).hexdigest())
    result = _FAILURES[request.path.rsplit("/", 1)[-1]]
    return jsonify(result=result, pspReference=str(reference), message=message)


def _require(services: Services, kind: str) -> None:
    """Verify the delivery, and that it is of the kind that its address is for."""
    if verify_delivery(services, _sent(), services.clock()).type != kind:
        raise BadRequest(f"This address takes only {kind}.")


def _refund_answer(refunded: Refunded) -> dict[str, str]:
    if refunded.refusal:
        return {"result": "REFUND_FAILURE", "pspReference": refunded.reference, "message": refunded.refusal}
    return {"result": "REFUND_SUCCESS", "pspReference": refunded.reference, "amount": refunded.amount}
