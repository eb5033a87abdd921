"""Read what Saleor sends while a storefront waits: a payment, or the question what could be paid."""

from typing import NamedTuple

from app.domain.payment_request import PaymentRequest
from app.errors import BadRequest
from app.saleor.session_parsing import parse_payment
from app.usecases.operating.verify_delivery import Sent, verify_delivery
from app.usecases.services import Services

CHARGE = "TransactionInitializeSession"
GATEWAY = "PaymentGatewayInitializeSession"


class ReadPayment(NamedTuple):
    """A verified request, and the store that it is for."""

    store_id: int
    asked: PaymentRequest


def read_payment(services: Services, sent: Sent, kind: str) -> ReadPayment:
    """Verify a delivery, and read it. `kind` is the one that its address is for.

    Raises UnknownStore, BadSignature or BadRequest for good, Unavailable when a later attempt may pass.
    """
    delivery = verify_delivery(services, sent, services.clock())
    if delivery.type != kind:
        raise BadRequest(f"This address takes only {kind}.")
    return ReadPayment(delivery.signer.store_id, parse_payment(delivery.body))
