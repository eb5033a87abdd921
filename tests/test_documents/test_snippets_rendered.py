"""The snippets of mails, rendered as Saleor's plugin and the SMTP app render them, with orders that Saleor really sent.

The plugin's engine is pybars itself, and its metadata is a mapping. The SMTP app's engine is Handlebars with helpers of
handlebars-helpers 0.10, three of which the snippets use; its metadata is a list of keys and values.
"""

import json
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pybars import Compiler  # type: ignore[import-untyped]  # it comes without types

from app.domain.order_link import order_link
from app.domain.status import KEYS, PointsStatus
from app.web.merchant.snippets import snippets

RECORDINGS = Path(__file__).parents[1] / "recordings"
BASE, STORE = "https://points.example.com", "shop-example-com"
SNIPPETS = {snippet.id: snippet.text for snippet in snippets(BASE, STORE)}
# For each word an order that Saleor sent in such a state.
ORDERS = {
    PointsStatus.PENDING: "order_created.checkout.guest.unpaid",
    PointsStatus.READY: "order_fully_paid.transaction",
    PointsStatus.CLAIMED: "order_fulfilled.loggedin",
    PointsStatus.CREDITED: "order_paid.checkout.loggedin.prepaid",
    PointsStatus.REVERSED: "order_fully_refunded.transaction",
    PointsStatus.NONE: "order_cancelled.after-full-refund",
}
AMOUNTS = {PointsStatus.READY: "60", PointsStatus.CLAIMED: "60", PointsStatus.CREDITED: "60"}
HELPERS = {
    "eq": lambda this, options, one, other: options["fn"](this) if one == other else "",
    "startsWith": lambda this, options, prefix, text: options["fn"](this) if str(text).startswith(prefix) else "",
    "url_encode": lambda _this, text: quote(str(text), safe="!'()*"),
}


def order_of(status: PointsStatus) -> dict[str, Any]:
    recording = json.loads((RECORDINGS / f"{ORDERS[status]}.json").read_text())
    order: dict[str, Any] = json.loads(recording["body"])["order"]
    return order


def written(order: Mapping[str, Any], status: PointsStatus, spent: str = "") -> dict[str, str]:
    """Give what the app writes on such an order."""
    link = "" if status is PointsStatus.NONE else order_link(BASE, STORE, order["id"])
    values = (status.value, AMOUNTS.get(status, "0"), link, "", spent)
    return dict(zip(KEYS, values, strict=True))


def rendered(id_: str, order: Mapping[str, Any], metadata: Mapping[str, str]) -> str:
    is_app = id_.startswith("smtp")
    shown = [{"key": key, "value": value} for key, value in metadata.items()] if is_app else dict(metadata)
    template = Compiler().compile(SNIPPETS[id_])
    helpers = HELPERS if is_app else {}
    return unescape(str(template({"order": {**order, "metadata": shown}}, helpers=helpers)))


@pytest.mark.parametrize("status", PointsStatus)
def test_the_computed_link_is_the_orders_own_whatever_the_order_says(status: PointsStatus) -> None:
    order = order_of(status)
    link = order_link(BASE, STORE, order["id"])

    for metadata in ({}, written(order, status)):
        assert f'href="{link}"' in rendered("smtp-always", order, metadata)
        # A browser sends "=" of an order's id as it stands; the page reads both.
        assert f"{BASE}/orders/{STORE}?o={order['id']}" in rendered("plugin-always", order, metadata)


@pytest.mark.parametrize("status", PointsStatus)
@pytest.mark.parametrize("id_", ["smtp-later", "plugin-later"])
def test_a_later_mail_has_the_link_only_where_there_are_points(id_: str, status: PointsStatus) -> None:
    order = order_of(status)

    mail = rendered(id_, order, written(order, status))

    assert mail == "" if status is PointsStatus.NONE else f'href="{order_link(BASE, STORE, order["id"])}"' in mail
    assert rendered(id_, order, {}) == ""


@pytest.mark.parametrize("id_", ["smtp-spent", "plugin-spent"])
def test_points_that_paid_are_told_only_where_some_did(id_: str) -> None:
    order = order_of(PointsStatus.READY)

    assert "You paid with 1500 points." in rendered(id_, order, written(order, PointsStatus.READY, spent="1500"))
    assert rendered(id_, order, written(order, PointsStatus.READY)) == ""


def test_a_link_that_a_shopper_planted_stands_in_no_mail_of_the_smtp_app() -> None:
    order = order_of(PointsStatus.READY)

    assert rendered("smtp-later", order, {"points_claim_url": "https://evil.example/points.example.com/"}) == ""
