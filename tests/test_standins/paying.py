"""A payment app that answers what a test tells it to, in a Saleor that lets it handle payments."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.standins.saleor import StandInSaleor
from tests.standins.saleor.payments import Transaction
from tests.standins.serving import Answer, Manner, Request, json_answer
from tests.test_standins.recording import Installed, RecordingApp

SESSION = """
sourceObject {
  __typename
  ... on Checkout { id email user { id email isConfirmed isActive } channel { slug } languageCode totalBalance { amount }
    totalPrice { gross { amount currency } } transactions { id } }
  ... on Order { id userEmail user { id email isConfirmed isActive } channel { slug } languageCodeEnum totalBalance { amount }
    total { gross { amount currency } } }
}
"""
PRINCIPAL = "issuingPrincipal { __typename ... on User { id email } ... on App { id } }"
PAYING = f"""
subscription {{
  event {{
    __typename
    {PRINCIPAL}
    ... on TransactionInitializeSession {{
      data idempotencyKey merchantReference action {{ amount currency actionType }} transaction {{ id token }} {SESSION}
    }}
    ... on PaymentGatewayInitializeSession {{ amount data {SESSION} }}
  }}
}}
"""
REQUESTED = f"""
subscription {{
  event {{
    __typename
    {PRINCIPAL}
    ... on TransactionRefundRequested {{ action {{ amount currency actionType }} transaction {{ ...Asked }} }}
    ... on TransactionCancelationRequested {{ action {{ amount currency actionType }} transaction {{ ...Asked }} }}
    ... on TransactionChargeRequested {{ action {{ amount currency actionType }} transaction {{ ...Asked }} }}
  }}
}}
fragment Asked on TransactionItem {{
  id order {{ id }} checkout {{ id }} events {{ id type pspReference amount {{ amount }} }}
}}
"""
SESSIONS = ("TRANSACTION_INITIALIZE_SESSION", "PAYMENT_GATEWAY_INITIALIZE_SESSION")
REQUESTS = ("TRANSACTION_REFUND_REQUESTED", "TRANSACTION_CANCELATION_REQUESTED", "TRANSACTION_CHARGE_REQUESTED")
Answering = Callable[[Mapping[str, Any]], Answer]


@dataclass
class PayingApp(RecordingApp):
    """Answer each payment webhook by `answer`, and keep what was asked."""

    answer: Answering = lambda _told: json_answer({})
    asked: list[dict[str, Any]] = field(default_factory=list)
    bodies_asked: list[bytes] = field(default_factory=list)

    def manifest(self) -> dict[str, Any]:
        paying = [
            {"name": name, "targetUrl": f"{self.server.url}/pay", "query": query, "syncEvents": list(events)}
            for name, query, events in (("sessions", PAYING, SESSIONS), ("requests", REQUESTED, REQUESTS))
        ]
        whole = super().manifest()
        return {**whole, "permissions": ["MANAGE_ORDERS", "HANDLE_PAYMENTS"], "webhooks": [*whole["webhooks"], *paying]}

    def _handle(self, request: Request) -> Answer:
        if request.path != "/pay":
            return super()._handle(request)
        self.bodies_asked.append(request.body)
        if not request.body:
            return json_answer({"error": {"code": "EMPTY"}}, 400)
        self.asked.append(json.loads(request.body))
        return self.answer(self.asked[-1])


@dataclass(frozen=True)
class Paying:
    """A Saleor with the payment app in it."""

    saleor: StandInSaleor
    app: PayingApp
    installed: Installed

    gateway = "points.example"

    def pay(self, source_id: str, amount: str | None = None, **options: Any) -> Transaction:
        """Ask the app for money of a checkout or an order, and return the transaction as it stands afterwards."""
        return self.saleor.payments.initialize(source_id, self.gateway, amount, **options).transaction


def charges(psp_reference: str, amount: str | None = None) -> Answering:
    """Say that what was asked, or `amount`, is charged."""

    def answer(told: Mapping[str, Any]) -> Answer:
        charged = told["action"]["amount"] if amount is None else amount
        return json_answer({"result": "CHARGE_SUCCESS", "pspReference": psp_reference, "amount": charged})

    return answer


def answers(**fields: Any) -> Answering:
    return lambda _told: json_answer(fields)


def fails(status: int) -> Answering:
    return lambda _told: json_answer({}, status)


def hangs_up(_told: Mapping[str, Any]) -> Answer:
    """Give no answer. Saleor waits 18 seconds for one; a connection that ends says the same sooner."""
    return Answer(manner=Manner.CUT)
