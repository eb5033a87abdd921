"""The pages in the Dashboard's frame, in a real browser: handshake, fresh tokens, theme, deep links."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import FrameLocator, Page, Route, expect

from tests.browser import DESKTOP, OpenPage
from tests.standins.dashboard import StandInDashboard
from tests.test_merchant.calls import Desk
from tests.test_merchant.conftest import OpenFrame
from tests.world import World

# A refused token is a 401, which the browser's console names.
REFUSED = ("401",)
# The number of the step at which steps.js stands. NaN as long as it has not begun.
STEP = """Number(document.querySelector("iframe").contentWindow.location.search.split("-")[1])"""


def app_in(page: Page) -> FrameLocator:
    return page.frame_locator("#app")


def heard(page: Page, kind: str) -> list[dict[str, Any]]:
    """List what the app asked of the Dashboard."""
    told: list[dict[str, Any]] = page.evaluate(
        "kind => window.heard.filter(said => said.type === kind).map(said => said.payload)", kind
    )
    return told


def test_the_page_comes_with_the_handshake_and_asks_no_stranger(dashboard: StandInDashboard, frames: OpenFrame) -> None:
    page = frames()
    page.goto(dashboard.page())

    expect(app_in(page).get_by_role("heading", level=1)).to_have_text("Overview")
    expect(app_in(page).get_by_role("link", name="Overview")).to_have_attribute("aria-current", "page")
    assert page.context.cookies() == []


def test_tabs_that_the_user_may_not_open_are_not_shown(shop: World, desk: Desk, frames: OpenFrame) -> None:
    user = Desk(shop, ("MANAGE_ORDERS",))
    page = frames(expected=("403",))
    with StandInDashboard(shop.saleor.api_url, desk.app_id, f"{shop.url}/app", user.token) as dashboard:
        page.goto(dashboard.page("/rules"))
        frame = app_in(page)
        tabs = frame.get_by_role("navigation", name="Saleor Points").get_by_role("link")

        expect(frame.get_by_role("alert")).to_contain_text("MANAGE_APPS")
        expect(tabs).to_have_text(["Overview", "Orders", "Customers", "Log"])
        tabs.first.click()
        expect(frame.get_by_role("heading", level=1)).to_have_text("Overview")
        expect(tabs).to_have_text(["Overview", "Orders", "Customers", "Log"])


def test_the_pages_have_the_dashboards_typeface(dashboard: StandInDashboard, frames: OpenFrame) -> None:
    page = frames()
    page.goto(dashboard.page())
    expect(app_in(page).get_by_role("heading", level=1)).to_have_text("Overview")

    loaded = (
        app_in(page)
        .locator("html")
        .evaluate(
            """async () => {
                await document.fonts.ready;
                return [...document.fonts].filter(face => face.status === "loaded").map(face => face.family);
            }"""
        )
    )

    assert "Inter" in loaded


def test_theme_and_title_follow_the_dashboard(dashboard: StandInDashboard, frames: OpenFrame) -> None:
    page = frames()
    page.goto(dashboard.page())
    root = app_in(page).locator("html")

    expect(root).to_have_attribute("data-theme", "light")
    page.evaluate("window.dashboard.setTheme('dark')")
    expect(root).to_have_attribute("data-theme", "dark")


def test_an_expired_token_is_waited_out_and_nothing_is_lost(dashboard: StandInDashboard, desk: Desk, frames: OpenFrame) -> None:
    page = frames(expected=REFUSED)
    page.goto(dashboard.page())
    frame = app_in(page)
    expect(frame.get_by_role("heading", level=1)).to_have_text("Overview")
    desk.world.clock.advance(minutes=6)

    frame.get_by_role("link", name="Overview").click()
    expect(frame.locator("#says")).to_contain_text("Waiting for a fresh one")
    page.evaluate("window.dashboard.refresh()")

    expect(frame.locator("#says")).to_be_hidden()
    expect(frame.get_by_role("heading", level=1)).to_have_text("Overview")


def test_on_one_site_back_leads_back_in_two_presses(dashboard: StandInDashboard, frames: OpenFrame) -> None:
    page = frames(expected=("404", "403"))
    page.goto(dashboard.page("/nowhere/12", "?tab=log"))
    frame = app_in(page)
    expect(frame.get_by_role("heading", level=1)).to_have_text("Page not found")

    frame.get_by_role("link", name="Overview").click()
    expect(frame.get_by_role("heading", level=1)).to_have_text("Overview")
    expect(page).to_have_url(dashboard.page())
    assert heard(page, "updateRouting")[-1]["newRoute"] == ""

    page.evaluate("history.back()")
    expect(frame.get_by_role("heading", level=1)).to_have_text("Page not found")
    page.evaluate("history.back()")
    expect(page).to_have_url(dashboard.page("/nowhere/12", "?tab=log"))
    page.evaluate("history.go(2)")
    expect(frame.get_by_role("heading", level=1)).to_have_text("Overview")


def test_back_and_forward_take_one_press_a_page_and_the_address_agrees(dashboard: StandInDashboard, frames: OpenFrame) -> None:
    page = frames()
    page.goto(elsewhere(dashboard.page()))
    heading = app_in(page).get_by_role("heading", level=1)
    for name in ("Orders", "Rules", "Log"):
        go_to(page, name)
    length = page.evaluate("history.length")

    with held_loads(page):
        for path, name in (("/rules", "Rules"), ("/orders", "Orders"), ("", "Overview")):
            page.evaluate("history.back()")
            expect(heading).to_have_text(name)
            expect(page).to_have_url(elsewhere(dashboard.page(path)))
        for path, name in (("/orders", "Orders"), ("/rules", "Rules"), ("/log", "Log")):
            page.evaluate("history.forward()")
            expect(heading).to_have_text(name)
            expect(page).to_have_url(elsewhere(dashboard.page(path)))
    assert page.evaluate("history.length") == length


def test_after_a_reload_back_leads_to_the_page_of_the_address(dashboard: StandInDashboard, frames: OpenFrame) -> None:
    page = frames()
    page.goto(elsewhere(dashboard.page()))
    go_to(page, "Orders")
    go_to(page, "Rules")
    page.reload()
    heading = app_in(page).get_by_role("heading", level=1)
    expect(heading).to_have_text("Rules")

    page.evaluate("history.back()")

    expect(heading).to_have_text("Orders")
    expect(page).to_have_url(elsewhere(dashboard.page("/orders")))


def test_back_leaves_no_changed_form_unasked_and_keeps_its_address(dashboard: StandInDashboard, frames: OpenFrame) -> None:
    page = frames()
    page.goto(elsewhere(dashboard.page()))
    go_to(page, "Rules")
    frame = app_in(page)
    go_to(page, "Add a rule for a channel")
    frame.get_by_label("Points per 1.00").fill("7")

    page.evaluate("history.back()")
    frame.get_by_role("button", name="Stay").click()

    expect(page).to_have_url(elsewhere(dashboard.page("/rules/new")))
    expect(frame.get_by_label("Points per 1.00")).to_have_value("7")


def go_to(page: Page, name: str) -> None:
    """Click a link, and wait until the step to its page is written."""
    expect(app_in(page).locator("iframe")).to_be_attached()
    [frame] = page.main_frame.child_frames
    frame.wait_for_function(f"{STEP} >= 0")
    before = frame.evaluate(STEP)
    app_in(page).get_by_role("link", name=name, exact=True).click()
    frame.wait_for_function(f"before => {STEP} === before + 1", arg=before)


@contextmanager
def held_loads(page: Page) -> Iterator[None]:
    """Leave unanswered what the Dashboard loads into the app's frame, and see that the app ends each such load.

    So no load can be quicker than the app, as it sometimes is.
    """
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.is_navigation_request() and not route.request.url.endswith("/app/stay"):
            held.append(route)
        else:
            route.continue_()

    page.route("**/app/**", hold)
    try:
        yield
        while not all(route.request.failure for route in held):
            page.wait_for_event("requestfailed")
    finally:
        for route in held:
            if not route.request.failure:
                route.abort()
        page.unroute_all()


def elsewhere(address: str) -> str:
    """Give the Dashboard's address on another site than the app's, as it mostly is."""
    return address.replace("127.0.0.1", "localhost")


def test_a_reload_shows_the_same_period(dashboard: StandInDashboard, frames: OpenFrame) -> None:
    page = frames()
    page.goto(dashboard.page())
    app_in(page).get_by_label("Period").select_option("Last 12 months")
    app_in(page).get_by_role("button", name="Show").click()
    expect(app_in(page).locator("summary")).to_have_text("Each month in numbers")

    page.reload()

    expect(app_in(page).locator("summary")).to_have_text("Each month in numbers")
    expect(app_in(page).get_by_label("Period")).to_have_value("12m")


def test_a_reload_shows_the_same_rule_and_the_same_list(dashboard: StandInDashboard, desk: Desk, frames: OpenFrame) -> None:
    page = frames()
    page.goto(dashboard.page("/rules/channel/japan"))
    frame = app_in(page)
    expect(frame.get_by_role("heading", level=1)).to_have_text("Rule for the channel japan")
    page.reload()
    expect(frame.get_by_role("heading", level=1)).to_have_text("Rule for the channel japan")

    frame.get_by_role("link", name="Orders").click()
    frame.get_by_label("Number or e-mail").fill("ada+till@example.com & 100 %")
    frame.get_by_label("Status").select_option("problem")
    frame.get_by_role("button", name="Find").click()
    expect(frame.get_by_role("heading", name="Found")).to_be_visible()
    page.reload()
    expect(frame.get_by_label("Number or e-mail")).to_have_value("ada+till@example.com & 100 %")
    expect(frame.get_by_label("Status")).to_have_value("problem")


def test_the_customers_box_leads_to_that_customer(dashboard: StandInDashboard, desk: Desk, frames: OpenFrame) -> None:
    page = frames()
    page.goto(dashboard.page("/customers/ada~2Btill@example.com"))

    expect(app_in(page).get_by_label("E-mail")).to_have_value("ada+till@example.com")


def test_on_one_site_going_back_through_several_pages_never_shows_a_page_that_was_not_there(
    dashboard: StandInDashboard, frames: OpenFrame
) -> None:
    page = frames()
    page.goto(dashboard.page())
    frame = app_in(page)
    heading = frame.get_by_role("heading", level=1)
    for name in ("Orders", "Rules", "Log"):
        frame.get_by_role("link", name=name).click()
        expect(heading).to_have_text(name)

    page.evaluate("history.back()")
    expect(heading).to_have_text("Rules")
    page.evaluate("history.back()")  # The Dashboard has loaded the frame anew, at its new address.
    expect(page).to_have_url(dashboard.page("/rules"))
    expect(heading).to_have_text("Rules")
    with page.expect_request(lambda asked: "/app/pages/" in asked.url):
        page.evaluate("history.back()")  # The frame from before goes on where it was.
    expect(heading).to_have_text("Rules")
    expect(page).to_have_url(dashboard.page("/rules"))


def test_a_user_for_whom_the_dashboard_has_no_token_reads_why(desk: Desk, dashboard: StandInDashboard, frames: OpenFrame) -> None:
    dashboard.token = lambda: ""
    page = frames()
    page.goto(dashboard.page())

    expect(app_in(page).locator("main")).to_contain_text("lacks a permission")


def test_outside_the_dashboard_the_page_says_where_it_belongs(desk: Desk, opens: OpenPage) -> None:
    page = opens(viewport=DESKTOP).page
    page.goto(f"{desk.world.url}/app")

    expect(page.locator("main")).to_contain_text("part of the Saleor Dashboard")
