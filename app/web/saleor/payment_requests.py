"""Points as a payment: what staff, or Saleor itself, ask for later. A worker of Saleor sends it and notes the answer."""

from flask import Blueprint, Response, jsonify

from app.errors import BadRequest
from app.usecases.operating.verify_delivery import verify_delivery
from app.usecases.services import Services
from app.usecases.spending.refund import Refunded, refund
from app.web.saleor.deliveries import sent_delivery

CANCEL_EVENT = "TransactionCancelationRequested"
CHARGE_EVENT = "TransactionChargeRequested"
NOT_NOW = "Saleor Points cannot do this now. Please try again in some minutes."
NO_CANCEL = "Points are charged at once, so there is nothing to cancel. Refund the payment instead."
NO_CHARGE = "Points are charged at once, so there is nothing left to charge."


def blueprint(services: Services) -> Blueprint:
    """Routes of the requests. None answers 5xx: Saleor would send the request again, with an empty body."""
    routes = Blueprint("payment_requests", __name__, url_prefix="/api/webhooks/payments")

    @routes.post("/refund")
    def refunds() -> Response:
        return jsonify(_refund_answer(refund(services, verify_delivery(services, sent_delivery(), services.clock()))))

    @routes.post("/cancel")
    def cancel() -> Response:
        _require(services, CANCEL_EVENT)
        return jsonify(result="CANCEL_FAILURE", message=NO_CANCEL)

    @routes.post("/charge-requested")
    def charge_requested() -> Response:
        _require(services, CHARGE_EVENT)
        return jsonify(result="CHARGE_FAILURE", message=NO_CHARGE)

    @routes.after_request
    def answer_no_fault(answer: Response) -> Response:
        if answer.status_code < 500:
            return answer
        return jsonify(result="REFUND_FAILURE", message=NOT_NOW)

    return routes


def _require(services: Services, kind: str) -> None:
    """Verify the delivery, and that it is of the kind that its address is for."""
    if verify_delivery(services, sent_delivery(), services.clock()).type != kind:
        raise BadRequest(f"This address takes only {kind}.")


def _refund_answer(refunded: Refunded) -> dict[str, str]:
    if refunded.refusal:
        return {"result": "REFUND_FAILURE", "pspReference": refunded.reference, "message": refunded.refusal}
    return {"result": "REFUND_SUCCESS", "pspReference": refunded.reference, "amount": refunded.amount}
