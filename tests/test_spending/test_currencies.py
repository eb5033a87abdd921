"""Points pay in currencies with three digits and with none, and one balance pays in two of them."""

from decimal import Decimal

import pytest

from app.domain.spending import SpendStage
from tests.test_spending.paying import PayingShop
from tests.test_spending.test_looking_after import later
from tests.test_spending.test_refund_requests import refund


def paid(shop: PayingShop, amount: str, channel: str) -> str:
    """Pay a whole order by points; gives the transaction."""
    checkout_id = shop.cart(amount, channel=channel)
    session = shop.pay(checkout_id)
    assert session.transaction.charged == Decimal(amount)
    shop.world.saleor.checkouts.complete(checkout_id)
    later(shop, minutes=2)
    return session.transaction.id


@pytest.mark.parametrize(
    ("channel", "amount", "rate", "taken", "parts"),
    [
        ("kuwait", "1.234", "1000", 1_234, ("0.001", "0.400", "0.833")),
        ("kuwait", "12.000", "3", 36, ("4.001", "4.001", "3.998")),
        ("japan", "1000", "0.3", 300, ("333", "334", "333")),
        ("japan", "3", "100", 300, ("1", "1", "1")),
    ],
)
def test_an_order_is_paid_and_refunded_in_parts(
    shop: PayingShop, channel: str, amount: str, rate: str, taken: int, parts: tuple[str, ...]
) -> None:
    shop.set_rule(points_per_unit=Decimal(rate))
    transaction_id = paid(shop, amount, channel)
    assert shop.points() == (2_000 - taken, taken)

    given = []
    for part in parts:
        refund(shop, transaction_id, part)
        given.append(shop.points()[0])

    assert given == sorted(given)
    assert shop.points() == (2_000, 0)
    assert shop.spends()[0].stage == SpendStage.RETURNED
    assert shop.world.saleor.payments[transaction_id].charged == 0
    assert shop.differences() == []


def test_what_is_worth_less_than_the_smallest_coin_pays_nothing(shop: PayingShop) -> None:
    shop.set_rule(points_per_unit=Decimal(10_000))

    assert shop.pay(shop.cart("10", channel="japan")).data["code"] == "too_small"
    assert shop.pay(shop.cart("0.100", channel="kuwait"), "0.100").transaction.charged == Decimal("0.100")
    assert shop.points() == (1_000, 1_000)


def test_one_balance_pays_in_two_currencies_by_the_rule_of_each_channel(shop: PayingShop) -> None:
    shop.set_rule(channel="japan", points_per_unit=Decimal(1))
    yen, dollars = shop.cart("900", channel="japan"), shop.cart("60")

    assert shop.pay(yen).transaction.charged == 900
    assert shop.pay(dollars).transaction.charged == 11

    assert [(spend.currency, spend.points) for spend in shop.spends()] == [("JPY", 900), ("USD", 1_100)]
    assert shop.points() == (0, 2_000)
    assert shop.differences() == []
