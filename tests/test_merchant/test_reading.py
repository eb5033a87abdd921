"""The overview, the log and a widget, as people read them who see, hear or type otherwise: axe finds no fault."""

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it comes without types
from playwright.sync_api import Page, expect

from app.usecases.merchants.adjust_points import adjust_customer
from app.usecases.operating.housekeeping import know_customers
from tests.standins.dashboard import StandInDashboard
from tests.test_merchant.calls import Desk
from tests.test_merchant.conftest import OpenFrame
from tests.test_merchant.test_the_frame import app_in
from tests.test_settling.test_refunds import ADA, paid_order


def faults_in(page: Page) -> list[str]:
    """Ask axe what is wrong with the app's page inside the Dashboard."""
    found = Axe().run(page.frames[1]).response["violations"]
    return [f"{fault['id']}: {node['html']}" for fault in found for node in fault["nodes"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_fault(desk: Desk, dashboard: StandInDashboard, frames: OpenFrame, theme: str) -> None:
    desk.world.saleor.shop.place_paid_order("60", email="")
    desk.world.saleor.shop.place_paid_order("40")
    desk.world.deliver()
    dashboard.theme = theme
    page = frames()
    page.goto(dashboard.page())

    for name in ("Overview", "Log"):
        app_in(page).get_by_role("link", name=name, exact=True).click()
        expect(app_in(page).get_by_role("heading", level=1)).to_have_text(name)
        expect(app_in(page).locator("main")).not_to_have_attribute("aria-busy", "true")
        assert faults_in(page) == [], name


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_fault_with_a_customers_history_and_the_changes_by_staff(
    desk: Desk, dashboard: StandInDashboard, frames: OpenFrame, theme: str
) -> None:
    order_id = paid_order(desk.world)
    desk.world.claim(order_id)
    for points in (30, -5):
        adjust_customer(desk.world.services, desk.world.store().slug, ADA, points=points, reason="why", who="eve@example.com")
    know_customers(desk.world.services)
    dashboard.theme = theme
    page = frames()

    for path, heading in ((f"customers/{ADA}", "Customers"), ("customers", "Customers"), ("log/changes", "Changes by staff")):
        page.goto(dashboard.page(f"/{path}"))
        expect(app_in(page).get_by_role("heading", level=1)).to_have_text(heading)
        expect(app_in(page).get_by_role("table").last).to_be_visible()
        assert faults_in(page) == [], heading
