"""An order's metadata says how many points pay for it now."""

from decimal import Decimal

from app.domain.spending import PointsPayment, points_held
from app.domain.status import metadata_hash
from tests.test_spending.paying import PayingShop
from tests.test_spending.test_earning_on_the_rest import paid_with_points
from tests.test_spending.test_looking_after import later
from tests.test_spending.test_refund_requests import refund
from tests.test_spending.test_reversed_refunds import undo


def said(shop: PayingShop, order_id: str) -> str | None:
    return shop.world.metadata(order_id).get("points_spent")


def refund_points(shop: PayingShop, amount: str | None = None) -> None:
    refund(shop, shop.spends()[-1].saleor_transaction_id, amount)
    shop.world.deliver()


def test_the_order_says_what_points_paid(shop: PayingShop) -> None:
    assert said(shop, paid_with_points(shop, "105", "15")) == "1500"


def test_also_where_the_order_earns_nothing(shop: PayingShop) -> None:
    assert said(shop, paid_with_points(shop, "15", "15")) == "1500"


def test_what_a_refund_gives_back_is_not_said_any_more(shop: PayingShop) -> None:
    order_id = paid_with_points(shop, "105", "15")

    refund_points(shop, "5")
    assert said(shop, order_id) == "1000"
    refund_points(shop)
    assert said(shop, order_id) == ""


def test_a_reversed_refund_pays_again(shop: PayingShop) -> None:
    order_id = paid_with_points(shop, "105", "15")
    later(shop, minutes=2)
    refund_points(shop)
    later(shop, minutes=2)

    undo(shop, shop.spends()[0].saleor_transaction_id)
    later(shop, minutes=2)

    assert said(shop, order_id) == "1500"


def test_a_refund_of_the_money_leaves_it(shop: PayingShop) -> None:
    order_id = paid_with_points(shop, "105", "15")

    shop.world.saleor.till.refund(order_id, "30")
    shop.world.deliver()

    assert said(shop, order_id) == "1500"


def test_what_a_shopper_planted_is_overwritten(shop: PayingShop) -> None:
    shop.world.saleor.shop.plant_metadata({"points_spent": "99999"})
    order_id = shop.world.saleor.shop.place_paid_order("60")

    shop.world.deliver()

    assert said(shop, order_id) == ""


def test_an_order_without_the_key_says_the_same_as_one_that_points_did_not_pay() -> None:
    says = {"points_status": "ready", "points_amount": "60", "points_claim_url": "https://x.example/", "points_expires_on": ""}

    assert metadata_hash(says) == metadata_hash(says | {"points_spent": ""})
    assert metadata_hash(says) != metadata_hash(says | {"points_spent": "1500"})


def test_any_split_of_a_refund_holds_the_same_points() -> None:
    payment = PointsPayment(31, Decimal("10.33"))

    held = [points_held([payment], Decimal(charged)) for charged in ("10.33", "10.32", "5.17", "0.01", "0", "-5")]

    assert held == [31, 31, 16, 1, 0, 0]


def test_a_payment_that_was_made_anew_in_its_transaction_counts_first() -> None:
    payments = [PointsPayment(500, Decimal(5)), PointsPayment(1_500, Decimal(15))]

    assert points_held(payments, Decimal(5)) == 500
    assert points_held(payments, Decimal(20)) == 2_000
