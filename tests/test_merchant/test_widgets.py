"""The widgets that the Dashboard posts to, and the manifest that brings them."""

import re
from typing import Any
from urllib.parse import quote

import pytest
import requests
from playwright.sync_api import expect

from tests.browser import Opened
from tests.standins import faults
from tests.standins.dashboard import StandInDashboard
from tests.test_merchant.calls import Desk, seen
from tests.test_merchant.conftest import OpenFrame
from tests.test_merchant.test_the_frame import app_in, heard
from tests.waiting import PATIENCE_SECONDS
from tests.world import World

PAGES = [
    "ORDER_DETAILS_MORE_ACTIONS",
    "CUSTOMER_DETAILS_MORE_ACTIONS",
    "CUSTOMER_DETAILS_MORE_ACTIONS",
    "CUSTOMER_OVERVIEW_MORE_ACTIONS",
    "NAVIGATION_CUSTOMERS",
]
HOME = "HOMEPAGE_WIDGETS"
# What is not wholly within the frame as it is first seen, or holds more than it shows.
OUTSIDE = """page => [page, ...document.querySelectorAll('body, main, main *')].filter(part => {
  const place = part.getBoundingClientRect();
  const isSeen = part.checkVisibility() && !part.matches('.only-heard') && place.width > 0 && place.height > 0;
  return isSeen && (place.right > innerWidth + .5 || place.bottom > innerHeight + .5 || part.scrollWidth > part.clientWidth + 1
    && getComputedStyle(part).display !== 'inline');
}).map(part => part.outerHTML.slice(0, 120))"""
BOXES = ["ORDER_DETAILS_WIDGETS", "CUSTOMER_DETAILS_WIDGETS", "PRODUCT_DETAILS_WIDGETS"]
OF_CODES = ["GIFT_CARD_DETAILS_WIDGETS", "VOUCHER_DETAILS_WIDGETS"]
MOUNTS = {
    "3.20": PAGES,
    "3.21": PAGES,
    "3.22": [*BOXES, *OF_CODES, *PAGES],
    "3.23": [*BOXES, "HOMEPAGE_WIDGETS", *OF_CODES, *PAGES],
    "3.24": [*BOXES, "HOMEPAGE_WIDGETS", *OF_CODES, *PAGES],
}


def manifest(world: World, version: str) -> dict[str, Any]:
    address = f"{world.url}/api/manifest"
    told: dict[str, Any] = requests.get(address, headers={"Saleor-Schema-Version": version}, timeout=PATIENCE_SECONDS).json()
    return told


@pytest.mark.parametrize("version", MOUNTS)
def test_a_saleor_gets_the_widgets_that_its_dashboard_knows(shop: World, version: str) -> None:
    told = manifest(shop, version)

    assert told["appUrl"] == f"{shop.url}/app"
    assert [one["mount"] for one in told["extensions"]] == MOUNTS[version]
    # The Dashboard takes no other address of a page, and joins that of a box wrongly where it is not whole.
    starts = {"WIDGET": f"{shop.url}/app/widgets/", "APP_PAGE": "/"}
    assert all(one["url"].startswith(starts[one["target"]]) for one in told["extensions"])
    assert all(set(one["permissions"]) <= set(told["permissions"]) for one in told["extensions"])


def test_an_order_shows_its_points_and_where_to_go_on(desk: Desk) -> None:
    order_id = desk.world.saleor.shop.place_paid_order("60")
    desk.world.deliver()

    answer = desk.widget("order", orderId=order_id)

    assert answer.status_code == 200
    assert "60 points Ready to claim" in seen(answer)
    assert "/extensions/app/" in answer.text
    assert "set-cookie" not in answer.headers


def test_an_order_that_needs_a_person_says_what_to_do(desk: Desk) -> None:
    order_id = desk.world.saleor.shop.place_paid_order("60", email="")
    desk.world.deliver()

    assert "Add an e-mail address to the order" in seen(desk.widget("order", orderId=order_id))


def test_an_order_nobody_told_of_is_said_to_be_unknown(desk: Desk) -> None:
    order_id = desk.world.saleor.shop.place_paid_order("60")

    assert "Saleor Points has not seen this order yet" in seen(desk.widget("order", orderId=order_id))


def test_a_customer_shows_the_balance_and_the_last_movements(desk: Desk) -> None:
    world = desk.world
    user_id = world.saleor.shop.register_customer("shopper@example.com")
    order_id = world.saleor.shop.place_paid_order("60")
    world.deliver()
    world.claim(order_id)
    world.settle()

    answer = seen(desk.widget("customer", customerId=user_id))

    assert "60 points to spend" in answer
    assert "+60 points, order 1 Claimed," in answer


def test_boxes_say_what_waits_and_lead_to_the_forms_that_give_points(desk: Desk) -> None:
    world = desk.world
    user_id = world.saleor.shop.register_customer("shopper@example.com")
    order_id = world.saleor.shop.place_paid_order("60")
    world.deliver()

    of_customer, of_order = desk.widget("customer", customerId=user_id), desk.widget("order", orderId=order_id)

    assert "60 waiting to be claimed" in seen(of_customer)
    assert "60 waiting to be claimed" in seen(of_order)
    assert opened_form(desk, of_customer) == "customers/shopper@example.com/give"
    assert opened_form(desk, of_order) == f"orders/{quote(order_id)}/give"


def test_only_a_customer_for_whom_nothing_waits_has_no_points_yet(desk: Desk) -> None:
    world = desk.world
    user_id = world.saleor.shop.register_customer("shopper@example.com")
    assert "No points yet" in seen(desk.widget("customer", customerId=user_id))

    world.saleor.shop.place_paid_order("60")
    world.deliver()

    answer = seen(desk.widget("customer", customerId=user_id))
    assert "60 waiting to be claimed" in answer
    assert "No points yet" not in answer


def opened_form(desk: Desk, box: requests.Response) -> str:
    """Follow "Give points" as the Dashboard would, and give the page that it leads to; the form there is open."""
    found = re.search(r'href="[^"]*/extensions/app/[^/"]+/([^"]*)"[^>]*>Give points<', box.text)
    assert found, box.text
    assert '<details class="confirm" open>' in desk.get(found[1]).text
    return found[1]


def test_a_customer_whom_saleor_does_not_know_has_no_points(desk: Desk) -> None:
    assert "This customer has no e-mail address" in seen(desk.widget("customer", customerId="VXNlcjo5OTk5"))


def test_a_saleor_that_does_not_answer_is_a_sentence(desk: Desk) -> None:
    desk.world.saleor.faults.always(faults.status(500), on="Customer")

    answer = desk.widget("customer", customerId="VXNlcjo1")

    assert answer.status_code == 503
    assert "500" in seen(answer)


def test_the_home_widget_shows_the_days_and_what_needs_a_person(desk: Desk) -> None:
    desk.world.saleor.shop.place_paid_order("60", email="")
    desk.world.saleor.shop.place_paid_order("40")
    desk.world.deliver()

    answer = seen(desk.widget("home"))

    assert "Given 40" in answer
    assert "Order 1" in answer


@pytest.mark.parametrize("name", ["order", "customer", "home", "product", "gift-card", "voucher"])
def test_no_token_is_a_sentence_and_no_blank(desk: Desk, name: str) -> None:
    answer = desk.widget(name, token="")

    assert answer.status_code == 403
    assert "needs the permission MANAGE_ORDERS" in seen(answer)


@pytest.mark.parametrize("name", ["order", "customer", "home", "product", "gift-card", "voucher"])
def test_a_token_that_is_not_good_shows_nothing(desk: Desk, name: str) -> None:
    expired = desk.widget(name, token=desk.token(exp=1))
    other = desk.widget(name, token=desk.token(app="QXBwOjk5"))
    lacking = Desk(desk.world, ("MANAGE_PRODUCTS",)).widget(name)

    assert [expired.status_code, other.status_code, lacking.status_code] == [401, 401, 403]


@pytest.mark.parametrize(
    ("name", "context"),
    [
        ("order", {"orderId": "x"}),
        ("order", {}),
        ("customer", {"customerId": "<b>"}),
        ("gift-card", {}),
        ("voucher", {"voucherId": "<b>"}),
    ],
)
def test_what_the_dashboard_would_never_send_is_refused(desk: Desk, name: str, context: dict[str, str]) -> None:
    assert desk.widget(name, **context).status_code == 400


def test_in_the_dashboard_a_widget_says_how_tall_it_is(desk: Desk, dashboard: StandInDashboard, frames: OpenFrame) -> None:
    order_id = desk.world.saleor.shop.place_paid_order("60")
    desk.world.deliver()
    extension = manifest(desk.world, "3.24")["extensions"][0]
    page = frames()

    page.goto(dashboard.widget(extension, orderId=order_id))

    expect(app_in(page).locator("main")).to_contain_text("60 points")
    page.wait_for_function("window.heard.length > 0")
    assert 0 < int(heard(page, "widgetResize")[-1]["height"]) < 400
    assert desk.world.store().dashboard_url == dashboard.url
    link = app_in(page).get_by_role("link", name="Open in Saleor Points").get_attribute("href") or ""
    assert link.startswith(f"{dashboard.url}/dashboard/extensions/app/")
    assert "%3D" in link


@pytest.mark.parametrize("troubled", [0, 1, 5])
def test_nothing_of_the_home_box_is_cut_off_at_any_width(
    desk: Desk, dashboard: StandInDashboard, frames: OpenFrame, troubled: int
) -> None:
    desk.world.saleor.shop.place_paid_order("1234567")
    for _ in range(troubled):
        desk.world.saleor.shop.place_paid_order("40", email="")
    desk.world.deliver()
    page = frames()
    page.goto(dashboard.widget(next(one for one in manifest(desk.world, "3.24")["extensions"] if one["mount"] == HOME)))
    box = app_in(page).locator("html")
    expect(box).to_contain_text("Points of the last 30 days")

    for width in range(300, 1401, 50):
        page.set_viewport_size({"width": width, "height": 500})
        expect(box).to_have_js_property("clientWidth", width)
        outside = box.evaluate(OUTSIDE)

        assert outside == [], width


def test_the_home_box_names_some_orders_and_leads_to_all(desk: Desk) -> None:
    for _ in range(5):
        desk.world.saleor.shop.place_paid_order("40", email="")
    desk.world.deliver()

    answer = desk.widget("home")

    assert seen(answer).count("The order has no e-mail address") == 2
    assert "Needs you : 5" in seen(answer) or "Needs you: 5" in seen(answer)
    assert "All 5 orders" in seen(answer)
    assert "/orders/find/state=problem" in answer.text


def test_in_the_dashboard_a_widget_without_a_token_is_a_sentence(
    desk: Desk, dashboard: StandInDashboard, frames: OpenFrame
) -> None:
    dashboard.token = lambda: ""
    page = frames(expected=("403",))

    page.goto(dashboard.widget(manifest(desk.world, "3.24")["extensions"][2]))

    expect(app_in(page).locator("main")).to_contain_text("needs the permission MANAGE_ORDERS")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_widget_shuts_anybody_out(desk: Desk, dashboard: StandInDashboard, frames: OpenFrame, theme: str) -> None:
    order_id = desk.world.saleor.shop.place_paid_order("60")
    desk.world.saleor.shop.place_paid_order("40", email="")
    desk.world.deliver()
    product_id = desk.world.saleor.shop.list_product(default_channel=("10", "20"))
    dashboard.theme = theme
    page = frames()

    for extension in manifest(desk.world, "3.24")["extensions"]:
        if extension["target"] != "WIDGET":
            continue
        context = {"orderId": order_id} if extension["mount"] == "ORDER_DETAILS_WIDGETS" else {"productId": product_id}
        if extension["mount"] in {"CUSTOMER_DETAILS_WIDGETS", *OF_CODES}:
            # test_code_boxes has two of them. A customer of the stand-in is told by orders; their box has the same parts.
            continue
        page.goto(dashboard.widget(extension, **context))
        expect(app_in(page).locator("main")).to_contain_text("points")
        expect(app_in(page).locator("html")).to_have_attribute("data-theme", theme)
        # The stand-in's own page around the frame is nobody's concern.
        assert Opened(page.frames[1]).faults() == []  # type: ignore[arg-type]  # a frame is asked just as a page
