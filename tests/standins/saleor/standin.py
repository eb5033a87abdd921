"""A Saleor that a test can drive: its shop, its apps, its deliveries and its faults on one real HTTP server."""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Self
from urllib.parse import urlsplit

from tests.standins.faults import FaultPlan
from tests.standins.saleor.action_requests import ActionRequests
from tests.standins.saleor.api import Api
from tests.standins.saleor.app_mutations import app_fields
from tests.standins.saleor.app_payments import AppPayments
from tests.standins.saleor.apps import App, Apps, InstallResult
from tests.standins.saleor.asking_apps import AskingApps
from tests.standins.saleor.book import STAFF, Clock, OrderBook, OrderEmission, Principal
from tests.standins.saleor.callers import caller_with, signed_in
from tests.standins.saleor.checkouts import Checkout, Checkouts
from tests.standins.saleor.code_api import CodeApi
from tests.standins.saleor.deliveries import Deliveries, Delivery, Parcel
from tests.standins.saleor.goods import Goods
from tests.standins.saleor.keys import SigningKey, dashboard_claims, user_claims
from tests.standins.saleor.manifests import Webhook
from tests.standins.saleor.orders import Order
from tests.standins.saleor.payloads import payload_of, typename
from tests.standins.saleor.payment_api import PaymentApi
from tests.standins.saleor.payment_wire import PaymentWire
from tests.standins.saleor.payments import Transaction
from tests.standins.saleor.promo_codes import PromoCodes
from tests.standins.saleor.shop import CURRENCIES, Shop
from tests.standins.saleor.till import Till
from tests.standins.saleor.wire import instant
from tests.standins.serving import Answer, LocalServer, Request, json_answer

OPERATION = re.compile(r"\b(?:query|mutation)\s+(\w+)")


class StandInSaleor:
    """Serve /graphql/ and the key set; `shop`, `till` and `goods` change orders, `deliveries` tells the apps.

    `checkouts`, `payments` and `requests` are for those who pay by an app, `gift_cards`, `vouchers` and `codes` for codes.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        currencies: Mapping[str, str] = CURRENCIES,
        auto_deliver: bool = False,
        version: str = "3.24.0-a.0",
        key: SigningKey | None = None,
    ) -> None:
        self.clock = clock
        self.version = version
        self.auto_deliver = auto_deliver
        self.server = LocalServer(self._handle)
        # Making a key takes a tenth of a second: tests that make many Saleors may share one.
        self.key = key or SigningKey()
        self.faults = FaultPlan()
        self.counts: Counter[str] = Counter()
        self.deliveries = Deliveries()
        self.book = OrderBook(clock, self._orders_told)
        self.shop = Shop(self.book, currencies)
        self.till = Till(self.book)
        self.goods = Goods(self.book, self.shop)
        self.apps = Apps(self._app_told, lambda: self.api_url)
        self.checkouts = Checkouts(self.book, self.shop)
        self.codes = PromoCodes(self.book, self.checkouts)
        self.gift_cards, self.vouchers = self.codes.cards, self.codes.vouchers
        asking = AskingApps(self.apps, self._body_of, self.webhook_headers)
        self.payments = AppPayments(self.book, self.checkouts, asking, self._source_fields, self._transaction_fields)
        self.requests = ActionRequests(self.payments, asking, lambda: self.auto_deliver)
        self.wire = PaymentWire(self.apps, self.shop, self._order_fields, self.payments.source_of, self.gift_cards.get)
        self.api = Api(self.shop, self.apps, version, self._orders_seen, self._token_root, self.wire.made_by, self.gift_cards.get)
        self._lagging: Mapping[str, Order] | datetime | None = None
        self._counting = threading.Lock()

    def start(self) -> Self:
        self.server.start()
        return self

    def stop(self) -> None:
        self.server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def api_url(self) -> str:
        return f"{self.server.url}/graphql/"

    @property
    def domain(self) -> str:
        return urlsplit(self.server.url).netloc

    def install(self, manifest_url: str, schema_version: str | None = None) -> InstallResult:
        return self.apps.install(manifest_url, schema_version or ".".join(self.version.split(".")[:2]))

    def rotate_key(self) -> None:
        self.key.rotate()

    def serve_orders_as_of(self, seen: Mapping[str, Order] | datetime | None) -> None:
        """Answer reads from a replica that stopped at a moment or at a `book.snapshot()`; None: no lag.

        Checkouts, transactions, cards and vouchers are read from it, too, where it stopped at a moment.
        """
        self._lagging = seen

    def delete_customer(self, email: str, event: str = "CUSTOMER_DELETED") -> None:
        """Let staff delete a customer, or with ACCOUNT_DELETED the customer themselves."""
        customer = self.shop.remove_customer(email)
        user = {"__typename": "User", "id": customer.id, "email": customer.email}
        for app in list(self.apps.installed.values()):
            if app.is_active and "MANAGE_USERS" in app.permissions:
                self._queue(app, event, None, STAFF, about={"user": user})
        if self.auto_deliver:
            self.deliveries.deliver()

    def break_order(self, order_id: str, field: str = "status") -> None:
        """Let a non-null field of the order fail: `order: null` in webhooks, `orders: null` in reads."""
        self.api.broken_fields[order_id] = field

    def refuse_metadata(self, order_id: str, code: str = "INVALID", message: str = "Not this order.") -> None:
        """Answer updateMetadata of the order with an error, and of its neighbours as usual."""
        self.api.metadata_refusals[order_id] = {"field": "input", "code": code, "message": message}

    def mend(self) -> None:
        """Undo `break_order`, `refuse_metadata`, `serve_orders_as_of` and all faults."""
        self.api.broken_fields.clear()
        self.api.metadata_refusals.clear()
        self.faults.clear()
        self._lagging = None

    def user_token(self, *, email: str = "shopper@example.com", is_staff: bool = False) -> str:
        """Return a token of a customer or of staff, signed with the key that signs webhooks."""
        return self.key.sign_token(user_claims(self.api_url, self.clock(), email=email, is_staff=is_staff))

    def shopper_token(self, email: str, **claims: Any) -> str:
        """Return the access token of a customer who has an account and signed in now; `claims` override single claims."""
        known = self.shop.customer_with(email)
        assert known is not None, "only customers with an account sign in"
        own = user_claims(self.api_url, self.clock(), email=known.email, is_staff=known.is_staff)
        return self.key.sign_token(own | {"user_id": known.id} | claims)

    def dashboard_token(
        self,
        app_id: str,
        *,
        permissions: Sequence[str] = ("MANAGE_ORDERS",),
        user_permissions: Sequence[str] = ("MANAGE_ORDERS", "MANAGE_APPS"),
        **claims: Any,
    ) -> str:
        """Return what the Dashboard hands to the app's page; `claims` override single claims."""
        own = dashboard_claims(self.api_url, self.clock(), app_id, permissions=permissions, user_permissions=user_permissions)
        return self.key.sign_token(own | claims)

    def webhook_headers(self, event: str, body: bytes) -> dict[str, str]:
        """Return the headers of a delivery, signed over `body`."""
        signature = self.key.sign_detached(body)
        told = {"Event": event.lower(), "Domain": self.domain, "Signature": signature}
        return {
            "User-Agent": f"Saleor/{self.version[:4]}",
            "Content-Type": "application/json",
            **{f"X-Saleor-{name}": value for name, value in told.items()},
            **{f"Saleor-{name}": value for name, value in told.items()},
            "Saleor-Api-Url": self.api_url,
        }

    def _orders_seen(self) -> Mapping[str, Order]:
        if self._lagging is None:
            return self.book.snapshot()
        return self.book.as_of(self._lagging) if isinstance(self._lagging, datetime) else self._lagging

    def _checkouts_seen(self) -> Mapping[str, Checkout]:
        if isinstance(self._lagging, datetime):
            return self.checkouts.as_of(self._lagging)
        return self.checkouts.snapshot()

    def _token_root(self, token: str | None) -> Mapping[str, Callable[..., Any]]:
        caller = caller_with(token, self.apps, self.shop)

        def seen() -> Mapping[str, Checkout | Order]:
            return {**self._checkouts_seen(), **self._orders_seen()}

        as_of = self._lagging if isinstance(self._lagging, datetime) else None
        payments = PaymentApi(self.payments, self.requests, self.checkouts, self.wire, caller, seen)
        codes = CodeApi(self.codes, self.shop, self.wire, caller, as_of)
        me = {"me": lambda _info: signed_in(token, self.apps, self.shop, self.clock())}
        return {**payments.root(), **codes.root(), **me}

    def _order_fields(self, order: Order) -> dict[str, Any]:
        return self.api.fields_of(order)

    def _source_fields(self, source: Checkout | Order) -> Mapping[str, Any]:
        return self.wire.source(source)

    def _transaction_fields(self, transaction: Transaction) -> Mapping[str, Any]:
        return self.wire.transaction(transaction)

    def _body_of(self, app: App, webhook: Webhook, event: str, about: Mapping[str, Any], by: Mapping[str, str] | None) -> bytes:
        told = {
            "__typename": typename(event),
            "issuedAt": instant(self.clock()),
            "version": self.version,
            "issuingPrincipal": by,
            "recipient": app_fields(app),
        }
        return payload_of(webhook.query, {**told, **about})

    def _handle(self, request: Request) -> Answer:
        if request.path == "/.well-known/jwks.json" and request.method == "GET":
            self._count("jwks")
            return self.faults.play("jwks", lambda: json_answer(self.key.jwks()))
        if request.path != "/graphql/" or request.method != "POST":
            return Answer(404, b"Not found", "text/html")
        query = json.loads(request.body)
        name = query.get("operationName") or _operation(query.get("query") or "")
        self._count(name)
        return self.faults.play(name, lambda: self._graphql(query, request))

    def _graphql(self, query: Mapping[str, Any], request: Request) -> Answer:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        status, body = self.api.answer(query, token if scheme.casefold() == "bearer" else None)
        return json_answer(body, status, (("Date", format_datetime(self.clock(), usegmt=True)),))

    def _count(self, name: str) -> None:
        with self._counting:
            self.counts[name] += 1

    def _orders_told(self, emissions: list[OrderEmission]) -> None:
        """Queue the events of one mutation for the apps that hear them."""
        for emission in emissions:
            for app in list(self.apps.installed.values()):
                if app.is_active and "MANAGE_ORDERS" in app.permissions:
                    self._queue(app, emission.name, emission.order_id, emission.by)
        if self.auto_deliver:
            self.deliveries.deliver()

    def _app_told(self, app: App, event: str) -> None:
        self._queue(app, event, None, STAFF)
        if self.auto_deliver:
            self.deliveries.deliver()

    def _queue(
        self, app: App, event: str, order_id: str | None, by: Principal | None, about: Mapping[str, Any] | None = None
    ) -> None:
        issued_at = instant(self.clock())

        def build(delivery: Delivery) -> Parcel:
            subject = {"app": app_fields(app)} if order_id is None else {"order": self.api.fields_of(self.book[order_id])}
            told = {
                "issuedAt": issued_at if about is not None else instant(self.clock()),
                "version": self.version,
                "issuingPrincipal": by,
                "recipient": app_fields(app),
            }
            body = payload_of(
                delivery.webhook.query, {"__typename": typename(event), **told, **(subject if about is None else about)}
            )
            return Parcel(body, self.webhook_headers(event, body))

        heard = [webhook for webhook in app.webhooks if webhook.is_active and event in webhook.events]
        self.deliveries.add(
            Delivery(event, app.id, order_id, webhook, build, lambda: app.is_active or order_id is None) for webhook in heard
        )


def _operation(document: str) -> str:
    named = OPERATION.search(document)
    return named[1] if named else "anonymous"
