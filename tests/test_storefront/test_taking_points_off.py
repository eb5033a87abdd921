"""A shopper takes points off a checkout again: Saleor is told first, and nobody else's payment is touched."""

from urllib.parse import quote

import pytest
import requests

from app.domain.spending import ReturnReason, SpendStage
from tests.test_spending.conftest import give
from tests.test_spending.paying import PayingShop
from tests.test_spending.test_looking_after import booked, later, look_after
from tests.test_spending.test_refund_requests import refund
from tests.test_staff.test_moved_customers import move
from tests.test_storefront.calls import ADA, EVE, ORIGIN, Storefront, code_of


@pytest.fixture
def shop(embedded_storefront: Storefront) -> PayingShop:
    """Ada has 2,000 points: they pay 20.00."""
    opened = PayingShop(embedded_storefront.world)
    opened.open()
    give(embedded_storefront.world, ADA, 2_000)
    return opened


def take_off(shop: PayingShop, checkout_id: str, by: str = ADA) -> requests.Response:
    return Storefront(shop.world).ask(f"checkouts/{quote(checkout_id, safe='')}/points", by=by, method="DELETE")


def test_points_come_back_once_saleor_was_told(shop: PayingShop) -> None:
    cart = shop.cart()
    session = shop.pay(cart, "15")
    later(shop, minutes=3)

    answer = take_off(shop, cart)
    again = take_off(shop, cart)
    before = shop.points()
    look_after(shop)

    assert (answer.status_code, answer.json()) == (202, {"points": 1_500, "state": "returning"})
    assert again.json() == answer.json()
    assert before == (500, 1_500), "nothing is credited before Saleor was told"
    assert (shop.points(), booked(shop, session)) == ((2_000, 0), (0, 15))
    [back] = shop.returns()
    assert back.why == ReturnReason.ABANDONED
    assert shop.spends()[0].stage == SpendStage.RETURNED
    assert shop.differences() == []


def test_what_was_refunded_before_is_not_told_again(shop: PayingShop) -> None:
    cart = shop.cart()
    session = shop.pay(cart, "15")
    later(shop, minutes=3)
    refund(shop, session.transaction.id, "5")

    answer, again = take_off(shop, cart), take_off(shop, cart)
    look_after(shop)

    assert (answer.json(), again.json()) == ({"points": 1_000, "state": "returning"}, answer.json())
    assert (shop.points(), booked(shop, session)) == ((2_000, 0), (0, 15))
    assert code_of(take_off(shop, cart)) == "NO_POINTS_ON_CHECKOUT"
    assert shop.differences() == []


def test_a_checkout_that_is_completed_meanwhile_keeps_its_payment(shop: PayingShop) -> None:
    cart = shop.cart("15")
    session = shop.pay(cart, "15")
    later(shop, minutes=3)
    assert take_off(shop, cart).status_code == 202

    shop.world.saleor.checkouts.complete(cart)
    look_after(shop)

    assert (shop.points(), booked(shop, session)) == ((500, 1_500), (15, 0))
    assert code_of(take_off(shop, cart)) == "NO_POINTS_ON_CHECKOUT"
    assert shop.differences() == []


def test_a_payment_that_saleor_may_not_have_booked_yet_waits(shop: PayingShop) -> None:
    cart = shop.cart()
    shop.pay(cart, "15")

    answer = take_off(shop, cart)

    assert (answer.status_code, code_of(answer)) == (409, "PAYMENT_TOO_NEW")
    assert shop.returns() == []


def test_nobody_takes_off_what_another_paid(shop: PayingShop) -> None:
    cart = shop.cart()
    shop.pay(cart, "15")
    later(shop, minutes=3)

    strange, unknown = take_off(shop, cart, by=EVE), take_off(shop, "Q2hlY2tvdXQ6bm9uZQ==", by=EVE)

    assert (strange.status_code, strange.json()) == (unknown.status_code, unknown.json())
    assert code_of(strange) == "NO_POINTS_ON_CHECKOUT"
    assert shop.returns() == []


def test_the_shops_page_may_send_it(shop: PayingShop) -> None:
    before = Storefront(shop.world).ask("checkouts/x/points", by=None, method="OPTIONS", headers={"Origin": ORIGIN})

    assert before.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "DELETE" in before.headers["Access-Control-Allow-Methods"]


def test_a_customer_who_was_moved_takes_off_what_the_old_address_paid(shop: PayingShop) -> None:
    cart = shop.cart()
    session = shop.pay(cart, "15")
    later(shop, minutes=3)
    move(shop.world, ADA, EVE)

    at_the_old_address, answer = take_off(shop, cart), take_off(shop, cart, by=EVE)
    look_after(shop)

    assert (code_of(at_the_old_address), answer.status_code) == ("NO_POINTS_ON_CHECKOUT", 202)
    assert (shop.world.balance(EVE).available, booked(shop, session)) == (2_000, (0, 15))
    assert shop.differences() == []
