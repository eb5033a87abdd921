"""The demo's shop page, used in a browser: a shopper signs in, fills a cart, uses points, and pays the rest."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import OpenPage
from tests.clock import MovableClock
from tests.demo.shop.server import DemoShop
from tests.demo.shop.setting_up import let_points_pay
from tests.standins.saleor import StandInSaleor
from tests.test_settling.test_refunds import ADA, paid_order
from tests.world import World, open_shop


@pytest.fixture
def world(fresh_sqlite: Callable[[], str], clock: MovableClock, saleor: StandInSaleor) -> Iterator[World]:
    """Ada has 1,550 points, and 100 of them pay 1.00."""
    with open_shop(fresh_sqlite(), clock, saleor) as opened:
        saleor.shop.register_customer(ADA)
        opened.claim(paid_order(opened, "1550"))
        opened.settle()
        yield opened


@pytest.fixture
def page(world: World, opens: OpenPage) -> Iterator[Page]:
    gateway = let_points_pay(world.saleor, world.url, points_per_unit="100")
    with DemoShop(world.saleor, gateway) as shop:
        shown = opens().page
        shown.goto(shop.url)
        yield shown
        # What it asked for last is answered before its servers stop.
        expect(shown.locator("main")).not_to_have_attribute("aria-busy", "true")


def sign_in(page: Page) -> None:
    page.get_by_label("E-mail").fill(ADA)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#who")).to_have_text(f"You are {ADA}.")


def test_a_shopper_uses_points_and_pays_the_rest(page: Page, world: World) -> None:
    sign_in(page)
    page.get_by_role("button", name="A teapot").click()
    expect(page.locator("#points")).to_have_text("You have 1550 points, worth 15.50 USD. You can use up to 15.50 USD here.")
    expect(page.locator("#left")).to_have_text("Left to pay: 65.00 USD")

    page.get_by_label("Amount", exact=True).fill("15")
    page.get_by_role("button", name="Use points").click()

    expect(page.locator("#used")).to_have_text("1500 points pay 15.00 USD.")
    expect(page.locator("#left")).to_have_text("Left to pay: 50.00 USD")
    expect(page.locator("#cart")).to_contain_text("Total 65.00 USD")
    expect(page.locator("#points")).to_contain_text("You have 50 points")
    assert world.balance(ADA).available == 50

    page.get_by_role("button", name="Place the order").click()
    expect(page.locator("#order")).to_contain_text("can not cover")
    page.get_by_role("button", name="Pay the rest by card").click()
    expect(page.locator("#left")).to_have_text("Left to pay: 0.00 USD")
    page.get_by_role("button", name="Place the order").click()
    expect(page.locator("#order")).to_contain_text("is placed")


def test_a_shopper_takes_the_points_out_again_and_a_refund_gives_some_back(page: Page, world: World) -> None:
    world.saleor.auto_deliver = True
    sign_in(page)
    page.get_by_role("button", name="A cup").click()
    expect(page.locator("#left")).to_have_text("Left to pay: 25.00 USD")
    page.get_by_label("Amount", exact=True).fill("10")
    page.get_by_role("button", name="Use points").click()
    expect(page.locator("#left")).to_have_text("Left to pay: 15.00 USD")

    page.get_by_role("button", name="Take the points out").click()
    expect(page.locator("#left")).to_have_text("Left to pay: 25.00 USD")
    expect(page.locator("#points")).to_contain_text("You have 1550 points")

    page.get_by_label("Amount", exact=True).fill("10")
    page.get_by_role("button", name="Use points").click()
    expect(page.locator("#left")).to_have_text("Left to pay: 15.00 USD")
    page.get_by_label("Amount of the points' payment").fill("4")
    page.get_by_role("button", name="Refund").click()
    expect(page.locator("#refunded")).to_have_text("The points are on their way back.")
    assert world.balance(ADA).available == 950


def test_a_guest_reads_why_points_do_not_pay(page: Page) -> None:
    page.get_by_role("button", name="A cup").click()

    expect(page.locator("#points")).to_have_text("Please sign in to pay with points.")


def test_an_amount_that_points_cannot_pay_is_refused_in_words(page: Page, world: World) -> None:
    sign_in(page)
    page.get_by_role("button", name="A cup").click()
    expect(page.locator("#left")).to_have_text("Left to pay: 25.00 USD")
    page.get_by_label("Amount", exact=True).fill("0")

    page.get_by_role("button", name="Use points").click()

    expect(page.locator("#used")).to_have_text("This amount cannot be paid with points.")
    assert world.balance(ADA).available == 1550
