"""The shop's server: its page, and what a storefront's server does with its own token."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import requests

from tests.standins.saleor import StandInSaleor
from tests.standins.saleor.checkouts import Checkout
from tests.standins.saleor.orders import new_id
from tests.standins.saleor.payments import Transaction
from tests.standins.saleor.refusals import Refusal
from tests.standins.serving import Answer, LocalServer, Request, json_answer
from tests.waiting import PATIENCE_SECONDS

FOLDER = Path(__file__).parent
FILES = {
    "/": ("shop.html", "text/html; charset=utf-8"),
    "/shop.js": ("shop.js", "text/javascript; charset=utf-8"),
    "/shop.css": ("shop.css", "text/css; charset=utf-8"),
}


class DemoShop:
    """Serve the page, pass its calls on to Saleor's API, and do what this Saleor does not serve: sign in, carts, cards."""

    def __init__(self, saleor: StandInSaleor, gateway: str) -> None:
        self.saleor = saleor
        self.gateway = gateway
        self.server = LocalServer(self._handle)
        self._actions: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "/shop/sign-in": self._sign_in,
            "/shop/cart": self._cart,
            "/shop/card": self._pay_by_card,
            "/shop/refund": self._refund,
        }

    @property
    def url(self) -> str:
        return self.server.url

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()

    def _handle(self, request: Request) -> Answer:
        if request.method == "GET" and request.path in FILES:
            name, content_type = FILES[request.path]
            text = (FOLDER / name).read_text().replace("{gateway}", self.gateway)
            return Answer(body=text.encode(), content_type=content_type)
        if request.path == "/favicon.ico":
            return Answer(status=204)
        if request.path == "/graphql/":
            return self._to_saleor(request)
        if request.path in self._actions:
            return json_answer(self._actions[request.path](json.loads(request.body)))
        return json_answer({"error": "The shop does not have this page."}, 404)

    def _to_saleor(self, request: Request) -> Answer:
        """Pass a call on: the page may then stand on another address than Saleor."""
        headers = {"Content-Type": "application/json"}
        if "Authorization" in request.headers:
            headers["Authorization"] = request.headers["Authorization"]
        answer = requests.post(self.saleor.api_url, data=request.body, headers=headers, timeout=PATIENCE_SECONDS)
        return Answer(status=answer.status_code, body=answer.content)

    def _sign_in(self, asked: Mapping[str, Any]) -> dict[str, str]:
        self.saleor.shop.register_customer(asked["email"])
        return {"token": self.saleor.user_token(email=asked["email"])}

    def _cart(self, asked: Mapping[str, Any]) -> dict[str, str]:
        """Make the cart of a customer, or change what lies in it."""
        if asked.get("checkout"):
            self.saleor.checkouts.change_lines(asked["checkout"], *asked["prices"])
            return {"checkout": asked["checkout"]}
        return {"checkout": self.saleor.checkouts.create(*asked["prices"], user=asked["email"], shipping="5")}

    def _pay_by_card(self, asked: Mapping[str, Any]) -> dict[str, bool]:
        """Charge what is still due, as an app for cards would: totalBalance, not totalPrice."""

        def charge(checkout: Checkout) -> Checkout:
            paid = Transaction(new_id("TransactionItem"), name="Card").charge(checkout.due, self.saleor.clock())
            return replace(checkout, transactions=(*checkout.transactions, paid))

        self.saleor.checkouts.change(asked["checkout"], charge)
        return {"paid": True}

    def _refund(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for a refund of the points' transaction, with the token of the shop's own app."""
        try:
            self.saleor.requests.ask(asked["transaction"], "REFUND", asked.get("amount") or None)
        except Refusal as refusal:
            return {"error": refusal.message}
        return {"asked": True}
