"""Tables and charts that are wider than their frame: what is cut off, and that one sees it."""

from playwright.sync_api import ViewportSize, expect

from tests.browser import PHONE
from tests.standins.dashboard import StandInDashboard
from tests.test_merchant.calls import Desk
from tests.test_merchant.conftest import OpenFrame
from tests.test_merchant.test_orders_page import make_orders
from tests.test_merchant.test_the_frame import app_in
from tests.test_settling.test_refunds import paid_order

# What the real Dashboard's menu leaves of a window that is 1280 wide.
BESIDE_THE_MENU: ViewportSize = {"width": 1019, "height": 800}
FITS = "one => one.scrollWidth <= one.clientWidth"


def test_beside_the_dashboards_menu_the_list_of_orders_fits(desk: Desk, dashboard: StandInDashboard, frames: OpenFrame) -> None:
    paid_order(desk.world, email="ashley.cook@example.com")
    make_orders(desk.world, 3)
    page = frames(viewport=BESIDE_THE_MENU)

    page.goto(dashboard.page("/orders"))
    orders = app_in(page).get_by_role("region", name="Orders and their points")
    expect(orders).to_be_visible()
    assert orders.evaluate(FITS)


def test_on_a_phone_the_newest_days_of_the_chart_are_seen_first(dashboard: StandInDashboard, frames: OpenFrame) -> None:
    page = frames(viewport=PHONE)
    page.goto(dashboard.page("/"))
    chart = app_in(page).get_by_role("region", name="Chart of points")

    expect(chart).to_be_visible()

    assert not chart.evaluate(FITS)
    assert chart.evaluate(
        "one => one.querySelector('.of-light').getBoundingClientRect().right <= one.getBoundingClientRect().right + 1"
    )
