"""The gateway tells a signed-in customer what points could pay, or why not. It takes nothing."""

from decimal import Decimal
from typing import Any

import pytest
import requests

from tests.test_spending.paying import ADA, PayingShop
from tests.world import TIMEOUT

GATEWAYS = """
mutation Gateways($id: ID!, $amount: PositiveDecimal, $gateways: [PaymentGatewayToInitialize!]) {
  paymentGatewayInitialize(id: $id, amount: $amount, paymentGateways: $gateways) {
    gatewayConfigs { id data errors { code } }
    errors { code }
  }
}
"""


def quoted(shop: PayingShop, source_id: str, amount: str | None = None, *, by: str | None = ADA) -> dict[str, Any]:
    """Ask as the storefront does: with the customer's token, or with none."""
    saleor = shop.world.saleor
    headers = {} if by is None else {"Authorization": f"Bearer {saleor.user_token(email=by)}"}
    variables = {"id": source_id, "amount": amount, "gateways": [{"id": shop.gateway}]}
    answer = requests.post(saleor.api_url, json={"query": GATEWAYS, "variables": variables}, headers=headers, timeout=TIMEOUT)
    [config] = answer.json()["data"]["paymentGatewayInitialize"]["gatewayConfigs"]
    told: dict[str, Any] = config["data"]
    return told


def test_a_customer_sees_what_points_can_pay(shop: PayingShop) -> None:
    shop.set_rule(least_points=100, greatest_share=Decimal("0.5"))

    assert quoted(shop, shop.cart("30")) == {
        "currency": "USD",
        "points": 2_000,
        "worth": "20.00",
        "least": {"points": 100, "amount": "1.00"},
        "greatest": {"points": 1_500, "amount": "15.00"},
        "whyNot": None,
    }
    assert shop.points() == (2_000, 0)
    assert shop.spends() == []


def test_a_customer_reads_why_points_cannot_pay(shop: PayingShop) -> None:
    checkout_id = shop.cart("30", language="PL")
    shop.pay(checkout_id, "20")

    told = quoted(shop, checkout_id)

    assert (told["points"], told["greatest"]) == (0, None)
    assert told["whyNot"] == {"code": "no_points", "message": "Nie masz punktów do wydania."}


@pytest.mark.parametrize(("by", "code"), [(None, "not_signed_in"), ("bob@example.com", "not_yours")])
def test_others_learn_nothing_of_a_customers_points(shop: PayingShop, by: str | None, code: str) -> None:
    shop.customer("bob@example.com")

    told = quoted(shop, shop.cart("30"), by=by)

    assert told["whyNot"]["code"] == code
    assert (told["points"], told["worth"], told["least"], told["greatest"]) == (None, None, None, None)
