"""What points paid earns nothing, unless the rule lets it."""

from decimal import Decimal

from sqlmodel import select

from app.db.tables import RuleRow
from tests.standins.saleor.orders import Order
from tests.test_spending.paying import ADA, PayingShop


def paid_with_points(shop: PayingShop, total: str, points: str) -> str:
    """Complete a checkout of which points paid a part and a card the rest, and settle the order."""
    saleor = shop.world.saleor
    saleor.checkouts.allow_unpaid.add("default-channel")
    checkout_id = shop.cart(total)
    assert shop.pay(checkout_id, points).transaction.charged == Decimal(points)
    order_id = saleor.checkouts.complete(checkout_id)
    rest = Decimal(total) - Decimal(points)
    if rest:
        saleor.till.charge(order_id, str(rest), is_separate=True)
    shop.world.deliver()
    return order_id


def report_refund(shop: PayingShop, order_id: str, amount: str) -> None:
    """Let the points' own payment go back in part, as the app reports it."""
    saleor, [spend] = shop.world.saleor, shop.spends()
    app = saleor.apps.installed[shop.world.store().app_id or ""]
    saleor.payments.report(app, spend.saleor_transaction_id, "REFUND_SUCCESS", f"back {amount}", amount)
    shop.world.deliver()


def due(shop: PayingShop, order_id: str) -> int:
    return shop.world.order(order_id).due


def test_an_order_earns_on_what_money_paid(shop: PayingShop) -> None:
    order_id = paid_with_points(shop, "105", "15")

    assert due(shop, order_id) == 90
    order: Order = shop.world.saleor.book[order_id]
    assert order.charged == 105


def test_points_alone_earn_nothing(shop: PayingShop) -> None:
    assert due(shop, paid_with_points(shop, "15", "15")) == 0


def test_points_that_go_back_change_nothing_of_what_money_earned(shop: PayingShop) -> None:
    order_id = paid_with_points(shop, "105", "15")

    report_refund(shop, order_id, "15")

    assert due(shop, order_id) == 90


def test_money_that_goes_back_takes_what_it_earned(shop: PayingShop) -> None:
    order_id = paid_with_points(shop, "105", "15")

    shop.world.saleor.till.refund(order_id, "30")
    shop.world.deliver()

    assert due(shop, order_id) == 60


def test_a_rule_may_let_points_earn(shop: PayingShop) -> None:
    with shop.world.services.database.writing() as session:
        for rule in session.exec(select(RuleRow)):
            rule.points_earn = True

    order_id = paid_with_points(shop, "105", "15")

    assert due(shop, order_id) == 105
    assert ADA in shop.world.order(order_id).email  # type: ignore[operator]  # it has one


def test_which_payment_holds_what_is_a_change(shop: PayingShop) -> None:
    # Both hold 50, then one of them 40: first the card, and before anybody looks the points instead.
    shop.world.clock.advance(minutes=5)
    order_id = paid_with_points(shop, "40", "20")
    assert due(shop, order_id) == 20

    shop.world.saleor.till.refund(order_id, "5")
    shop.world.deliver()
    assert due(shop, order_id) == 15
    shop.world.saleor.till.reverse_refund(order_id, "5")
    report_refund(shop, order_id, "5")

    assert due(shop, order_id) == 20
