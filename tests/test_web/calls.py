"""Requests to the app as a Saleor, a shopper or a stranger makes them."""

import json
import re
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit
from uuid import UUID

import requests
from sqlmodel import select

from app.db.tables import RuleRow, StoreRow
from tests.standins.saleor.orders import global_id
from tests.waiting import PATIENCE_SECONDS
from tests.world import World

TIMEOUT = PATIENCE_SECONDS
ORDER_ID = global_id("Order", str(UUID(int=7)))


def get(world: World, path: str, **headers: str) -> requests.Response:
    return ask(world, "GET", path, headers=headers)


def ask(world: World, method: str, path: str, **options: Any) -> requests.Response:
    """Ask without following redirects."""
    return requests.request(method, f"{world.url}{path}", allow_redirects=False, timeout=TIMEOUT, **options)


def press_button(world: World, path: str, **options: Any) -> requests.Response:
    """Send a form of a shopper's page, and open the page that it leads back to."""
    answer = ask(world, "POST", path, **options)
    if answer.status_code != 303:
        return answer
    leads_to = urljoin(f"{world.url}{path}", answer.headers["Location"])
    return requests.get(leads_to, allow_redirects=False, timeout=TIMEOUT)


def told(world: World, **changes: Any) -> dict[str, Any]:
    """Make the body of a delivery for the installed app; `changes` override fields of its order."""
    order = {
        "id": ORDER_ID,
        "updatedAt": "2026-05-04T09:00:00.000001+00:00",
        "status": "UNFULFILLED",
        "userEmail": "shopper@example.com",
        "total": {"gross": {"amount": 60.0}},
        "subtotal": {"gross": {"amount": 60.0}},
        "shippingPrice": {"gross": {"amount": 0.0}},
        "totalCharged": {"amount": 60.0},
        "totalRefunded": {"amount": 0.0},
    }
    return {"__typename": "OrderPaid", "recipient": {"id": world.store().app_id}, "order": {**order, **changes}}


def deliver(
    world: World, body: dict[str, Any] | bytes, *, signature: str | None = None, to: str = "orders", **headers: str | None
) -> requests.Response:
    """Deliver a body, signed by the stand-in Saleor if no signature is given. A header set to None is left out."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent: dict[str, str | None] = dict(world.saleor.webhook_headers("order_paid", raw))
    if signature is not None:
        sent |= {"Saleor-Signature": signature, "X-Saleor-Signature": signature}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(world, "POST", f"/api/webhooks/{to}", data=raw, headers={key: value for key, value in sent.items() if value})


def error_of(answer: requests.Response) -> tuple[int, str]:
    """Give status and code of a refusal."""
    return answer.status_code, answer.json()["error"]["code"]


def add_store(world: World, **values: Any) -> StoreRow:
    """Put a store into the database, past the installation."""
    store = StoreRow(
        **{
            "slug": "recorded",
            "name": "recorded",
            "saleor_api_url": "http://localhost:8000/graphql/",
            "app_id": "QXBwOjU=",
            "token_sealed": world.services.sealer.seal("a token"),
            "awards_from": world.clock(),
            "created_at": world.clock(),
            **values,
        }
    )
    with world.services.database.writing() as session:
        session.add(store)
    return store


def change_rule(world: World, **values: Any) -> None:
    """Change the store's only rule in place, before any order is placed."""
    with world.services.database.writing() as session:
        rule = session.exec(select(RuleRow)).one()
        for name, value in values.items():
            setattr(rule, name, value)
        session.add(rule)


def ready_order(world: World, *, total: str = "60", email: str = "shopper@example.com") -> str:
    """Place a paid order and settle it, so that its claim waits; give its id."""
    order_id = world.saleor.shop.place_paid_order(total, email=email)
    world.deliver()
    return order_id


def claim_path(world: World, order_id: str) -> str:
    """Follow the order's link and give the path that it leads to."""
    leads_to = world.follow(order_id)
    assert leads_to.status_code == 303, leads_to.text
    return urlsplit(leads_to.headers["Location"]).path


def text_of(answer: requests.Response) -> str:
    """Give what a reader sees of a page."""
    without_tags = re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<head>.*?</head>", "", answer.text))
    return " ".join(unescape(without_tags).split())
