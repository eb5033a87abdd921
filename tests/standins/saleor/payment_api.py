"""The mutations and queries of payments: what storefronts, staff and payment apps call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.standins.saleor.action_requests import ActionRequests
from tests.standins.saleor.app_payments import AppPayments, due_of
from tests.standins.saleor.asking_apps import HANDLE_PAYMENTS
from tests.standins.saleor.callers import Caller, denied
from tests.standins.saleor.checkouts import Checkout, Checkouts
from tests.standins.saleor.orders import Order
from tests.standins.saleor.payment_wire import PaymentWire
from tests.standins.saleor.refusals import Refusal, errors_of

GATEWAY = "PAYMENT_GATEWAY_INITIALIZE_SESSION"


@dataclass(frozen=True)
class PaymentApi:
    """Serve payments to one caller. Whoever knows an id may pay for it, as in Saleor."""

    payments: AppPayments
    requests: ActionRequests
    checkouts: Checkouts
    wire: PaymentWire
    caller: Caller
    # Checkouts and orders as a replica shows them: reads come from there, what a mutation answers does not.
    seen: Callable[[], Mapping[str, Checkout | Order]]

    def root(self) -> dict[str, Callable[..., Any]]:
        return {
            "checkout": self.checkout,
            "transaction": self.transaction,
            "paymentGatewayInitialize": self.gateways,
            "transactionInitialize": self.initialize,
            "transactionProcess": self.process,
            "transactionRequestAction": self.request,
            "transactionEventReport": self.report,
            "checkoutComplete": self.complete,
            "orderCancel": self.cancel,
        }

    def checkout(self, _info: Any, **args: Any) -> dict[str, Any] | None:
        found = self.seen().get(args["id"])
        is_there = isinstance(found, Checkout) and found.order_id is None
        return self.wire.checkout(found) if is_there and isinstance(found, Checkout) else None

    def transaction(self, _info: Any, **args: Any) -> dict[str, Any] | None:
        """Show a transaction to its app, and to those who may see all payments."""
        for source in self.seen().values():
            for one in source.transactions if not _is_gone(source) else ():
                if one.id == args["id"] and (self.caller.may(HANDLE_PAYMENTS) or self._owns(one.app)):
                    return self.wire.transaction(one, source)
        return None

    def gateways(self, _info: Any, **args: Any) -> dict[str, Any]:
        try:
            source = self.payments.source(args["id"])
        except Refusal as refusal:
            return {"gatewayConfigs": [], "errors": errors_of(refusal)}
        asking = self.payments.asking
        wanted = args.get("paymentGateways") or [
            {"id": app.identifier} for app in asking.apps.installed.values() if asking.webhook(app, GATEWAY)
        ]
        return {"gatewayConfigs": [self._config(one, source, args.get("amount")) for one in wanted], "errors": []}

    def initialize(self, _info: Any, **args: Any) -> dict[str, Any]:
        gateway = args["paymentGateway"]

        def begin() -> Any:
            return self.payments.initialize(
                args["id"],
                gateway["id"],
                args.get("amount"),
                key=args.get("idempotencyKey"),
                data=gateway.get("data"),
                by=self.caller.principal,
                action=args.get("action") or "CHARGE",
            )

        return self._session(begin)

    def process(self, _info: Any, **args: Any) -> dict[str, Any]:
        return self._session(lambda: self.payments.process(args["id"], data=args.get("data"), by=self.caller.principal))

    def request(self, _info: Any, **args: Any) -> dict[str, Any]:
        self._require(self.caller.may(HANDLE_PAYMENTS))
        try:
            self.requests.ask(args["id"], args["actionType"], args.get("amount"), by=self.caller.principal)
        except Refusal as refusal:
            return {"transaction": None, "errors": errors_of(refusal)}
        return {"transaction": self.wire.transaction(self.payments[args["id"]]), "errors": []}

    def report(self, _info: Any, **args: Any) -> dict[str, Any]:
        self._require(self.caller.may(HANDLE_PAYMENTS))
        try:
            app = self.caller.app
            if app is None or not self._owns(self.payments[args["id"]].app):
                raise denied("OWNER")
            told = self.payments.report(
                app,
                args["id"],
                args["type"],
                args["pspReference"],
                args.get("amount"),
                message=args.get("message") or "",
                actions=None if args.get("availableActions") is None else tuple(args["availableActions"]),
            )
        except Refusal as refusal:
            return {"alreadyProcessed": None, "transaction": None, "transactionEvent": None, "errors": errors_of(refusal)}
        fields = self.wire.transaction(told.transaction)
        event = next(one for one in fields["events"] if one["id"] == told.event.id)
        return {"alreadyProcessed": told.is_known, "transaction": fields, "transactionEvent": event, "errors": []}

    def complete(self, _info: Any, **args: Any) -> dict[str, Any]:
        try:
            order_id = self.checkouts.complete(args["id"])
        except Refusal as refusal:
            return {"order": None, "confirmationNeeded": False, "errors": errors_of(refusal)}
        return {"order": self.wire.order_fields(self.payments.book[order_id]), "confirmationNeeded": False, "errors": []}

    def cancel(self, _info: Any, **args: Any) -> dict[str, Any]:
        self._require(self.caller.may("MANAGE_ORDERS"))
        self.checkouts.shop.cancel(args["id"])
        return {"order": self.wire.order_fields(self.payments.book[args["id"]]), "errors": []}

    def _session(self, begin: Callable[[], Any]) -> dict[str, Any]:
        try:
            session = begin()
        except Refusal as refusal:
            return {"transaction": None, "transactionEvent": None, "data": None, "errors": errors_of(refusal)}
        fields = self.wire.transaction(session.transaction)
        event = next(one for one in fields["events"] if one["id"] == session.event.id)
        return {"transaction": fields, "transactionEvent": event, "data": session.data, "errors": []}

    def _config(self, gateway: Mapping[str, Any], source: Checkout | Order, amount: Any) -> dict[str, Any]:
        asking = self.payments.asking
        app = asking.active(gateway["id"])
        if app is None or asking.webhook(app, GATEWAY) is None:
            message = "Active app with `HANDLE_PAYMENT` permissions or app webhook not found."
            return {"id": gateway["id"], "data": None, "errors": errors_of(Refusal("NOT_FOUND", message, "id"))}
        about = {
            "sourceObject": self.wire.source(source),
            "data": gateway.get("data"),
            "amount": float(due_of(source) if amount is None else amount),
        }
        status, answer = asking.ask(app, GATEWAY, about, self.caller.principal)
        if answer is None or status >= 300:
            message = "Unable to process a payment gateway response."
            return {"id": gateway["id"], "data": None, "errors": errors_of(Refusal("INVALID", message, "id"))}
        return {"id": gateway["id"], "data": answer.get("data"), "errors": []}

    def _owns(self, identifier: str | None) -> bool:
        return self.caller.app is not None and self.caller.app.identifier == identifier

    @staticmethod
    def _require(is_allowed: bool) -> None:
        if not is_allowed:
            raise denied(HANDLE_PAYMENTS)


def _is_gone(source: Checkout | Order) -> bool:
    return isinstance(source, Checkout) and source.order_id is not None
