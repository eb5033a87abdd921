"""Every action of orders, customers, rules and settings, clicked in a real browser inside the Dashboard's frame."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from app.usecases.merchants.adjust_points import adjust_order
from app.usecases.moving.move_waiting import move_waiting
from tests.browser import DESKTOP, PHONE, Opened, OpenPage
from tests.standins.coggins import StandInCoggins
from tests.standins.dashboard import StandInDashboard
from tests.test_merchant.calls import Desk
from tests.test_merchant.conftest import OpenFrame
from tests.test_merchant.test_order_page import adjustments, lost_call
from tests.test_merchant.test_orders_page import make_orders
from tests.test_merchant.test_settings_page import accounts, picture
from tests.test_merchant.test_the_frame import app_in, heard
from tests.test_settling.test_refunds import ADA, paid_order, refund, spend
from tests.world import World

# A form that was filled in wrongly is answered with 422, which the browser's console names.
REFUSED = ("422",)


def heading(frame: FrameLocator, text: str) -> None:
    expect(frame.get_by_role("heading", level=1)).to_contain_text(text)


def noted(page: Page, title: str) -> None:
    """Wait until the Dashboard was asked to show a notification."""
    page.wait_for_function(
        "title => window.heard.some(said => said.type === 'notification' && said.payload.title.startsWith(title))", arg=title
    )


def settle(world: World) -> None:
    world.settle()
    while move_waiting(world.services):
        pass


def test_an_order_is_found_and_explained_and_all_are_exported(
    dashboard: StandInDashboard, desk: Desk, frames: OpenFrame, tmp_path: Path
) -> None:
    number = desk.world.order(paid_order(desk.world)).number or ""
    paid_order(desk.world, email="grace@example.com")
    page = frames()
    page.goto(dashboard.page("/orders"))
    frame = app_in(page)

    heading(frame, "Orders")
    with page.expect_download() as download:
        frame.get_by_role("link", name="Export CSV").click()
    download.value.save_as(tmp_path / "orders.csv")
    assert (tmp_path / "orders.csv").read_text().count("\n") == 3
    frame.get_by_label("Number or e-mail").fill(number)
    frame.get_by_role("button", name="Find").click()
    frame.get_by_role("link", name=f"#{number}").click()
    heading(frame, f"Order #{number}")
    expect(frame.locator("#explain")).to_contain_text("rounded down once: 100 points")


def test_an_orders_points_are_changed_and_its_claim_withdrawn(dashboard: StandInDashboard, desk: Desk, frames: OpenFrame) -> None:
    world = desk.world
    order_id = paid_order(world)
    page = frames(expected=REFUSED)
    page.goto(dashboard.page(f"/orders/{order_id}"))
    frame = app_in(page)

    # Asked once, refused with what was typed still there, then done once although it is clicked twice.
    frame.locator("summary", has_text="Give or take extra points").click()
    frame.get_by_label("Points", exact=True).fill("many")
    frame.get_by_label("Reason", exact=True).fill("late parcel")
    frame.get_by_role("button", name="Change points").click()
    expect(frame.locator("#points-error")).to_contain_text("whole number")
    expect(frame.get_by_label("Reason", exact=True)).to_have_value("late parcel")
    frame.get_by_label("Points", exact=True).fill("25")
    frame.get_by_role("button", name="Change points").dblclick()
    noted(page, "The points are being changed")
    settle(world)
    assert [one.points for one in adjustments(world)] == [25]

    frame.get_by_role("button", name="Retry now").dblclick()
    noted(page, "Checking the order")
    settle(world)

    page.goto(dashboard.page(f"/orders/{order_id}"))
    frame.locator("summary", has_text="Withdraw the claim link of 125 points").click()
    frame.get_by_role("button", name="Cancel").first.click()
    frame.locator("summary", has_text="Withdraw the claim link of 125 points").click()
    frame.get_by_label("Reason for withdrawing").fill("ordered by mistake")
    frame.get_by_role("button", name="Withdraw").dblclick()
    noted(page, "The claim link is being withdrawn")
    settle(world)
    assert world.order(order_id).granted == 25


def test_a_shortfall_is_let_go_by_clicking(dashboard: StandInDashboard, desk: Desk, frames: OpenFrame) -> None:
    world = desk.world
    order_id = paid_order(world, "60")
    world.claim(order_id)
    spend(world, 60)
    refund(world, order_id, "60")
    page = frames()
    page.goto(dashboard.page(f"/orders/{order_id}"))
    frame = app_in(page)

    frame.locator("summary", has_text="Write off 60 points").click()
    frame.get_by_role("button", name="Write off").dblclick()
    noted(page, "Points written off")
    settle(world)

    assert world.order(order_id).shortfall == 0


def test_unknown_movements_are_resolved_by_clicking(coggins_desk: Desk, frames: OpenFrame) -> None:
    world = coggins_desk.world
    first, *others = lost_call(world, 3)
    with StandInDashboard(world.saleor.api_url, coggins_desk.app_id, f"{world.url}/app", coggins_desk.token) as dashboard:
        page = frames()
        frame = app_in(page)
        page.goto(dashboard.page(f"/orders/{first}"))
        frame.locator("summary", has_text="It did not").click()
        frame.get_by_role("button", name="No, it did not").dblclick()
        noted(page, "Recorded: it did not")

        page.goto(dashboard.page(f"/orders/{others[0]}"))
        frame.locator("summary", has_text="All of them went through").click()
        frame.get_by_role("button", name="Yes, all of them").dblclick()
        noted(page, "Recorded for the whole request")
    settle(world)

    assert [world.order(order_id).granted for order_id in (first, *others)] == [10, 10, 10]
    assert [len(world.movements(order_id)) for order_id in (first, *others)] == [2, 1, 1]


def test_a_customer_is_found_and_given_points(dashboard: StandInDashboard, desk: Desk, frames: OpenFrame) -> None:
    page = frames(expected=REFUSED)
    page.goto(dashboard.page("/customers"))
    frame = app_in(page)

    frame.get_by_label("E-mail").fill("nobody")
    frame.get_by_role("button", name="Find").click()
    expect(frame.get_by_text("No customers found")).to_be_visible()
    frame.get_by_label("E-mail").fill(ADA)
    frame.get_by_role("button", name="Find").click()
    frame.locator("summary", has_text="Give or take points").click()
    frame.get_by_label("Points", exact=True).fill("30")
    frame.get_by_label("Reason").fill("welcome")
    frame.get_by_role("button", name="Change balance").dblclick()
    noted(page, "30 points given")
    settle(desk.world)

    assert desk.world.balance(ADA).available == 30


def test_a_rule_is_tried_and_saved(dashboard: StandInDashboard, desk: Desk, frames: OpenFrame) -> None:
    world = desk.world
    paid_order(world)
    page = frames(expected=REFUSED)
    page.goto(dashboard.page("/rules"))
    frame = app_in(page)

    frame.get_by_role("link", name="Change").click()
    heading(frame, "Default rule")
    rate = frame.get_by_label("Points per 1.00")
    rate.fill("-3")
    frame.get_by_label("Most points for one order").fill("250")
    frame.get_by_role("button", name="Save rule").click()
    expect(frame.locator("#points_per_unit-error")).to_have_text("This cannot be less than 0.")
    expect(frame.get_by_label("Most points for one order")).to_have_value("250")
    rate.fill("3")
    frame.get_by_role("button", name="Try it on the last 50 orders").click()
    expect(frame.locator("#trial")).to_contain_text("(+150)")
    frame.get_by_role("button", name="Save rule").dblclick()
    noted(page, "Rule saved")
    heading(frame, "Rules")

    frame.get_by_role("link", name="Add a rule for a channel").click()
    frame.get_by_label("Channel").select_option("japan")
    frame.get_by_role("button", name="Save rule").dblclick()
    expect(frame.get_by_role("heading", name="Channel japan")).to_be_visible()
    frame.locator("summary", has_text="Use the default rule").click()
    frame.get_by_role("button", name="Use the default rule", exact=True).dblclick()
    noted(page, "The channel uses the default rule")
    expect(frame.locator("main")).to_contain_text("Uses the default rule")


def test_settings_are_changed(
    dashboard: StandInDashboard, desk: Desk, frames: OpenFrame, coggins: StandInCoggins, tmp_path: Path
) -> None:
    world = desk.world
    (tmp_path / "logo.png").write_bytes(picture())
    (tmp_path / "logo.txt").write_text("this is no picture")
    page = frames(expected=REFUSED)
    page.goto(dashboard.page("/settings"))
    frame = app_in(page)
    brand, store, provider, keys = (frame.locator(f"#{name}") for name in ("brand", "store", "provider", "keys"))

    brand.get_by_label("Shop name").fill("Corner Shop")
    brand.get_by_label("Colour").fill("#b3261e")
    preview = frame.frame_locator("#brand-preview iframe")
    expect(preview.locator("body")).to_contain_text("Corner Shop")
    expect(preview.get_by_role("button", name="Claim my points", include_hidden=True)).to_have_css(
        "background-color", "rgb(179, 38, 30)"
    )
    brand.get_by_label("Logo").set_input_files(tmp_path / "logo.txt")
    brand.get_by_role("button", name="Save").click()
    expect(frame.locator("#logo-error")).to_contain_text("cannot be read")
    expect(brand.get_by_label("Shop name")).to_have_value("Corner Shop")
    brand.get_by_label("Logo").set_input_files(tmp_path / "logo.png")
    brand.get_by_role("button", name="Save").dblclick()
    noted(page, "Look saved")
    # The page stays where it is.
    expect(brand.get_by_role("button", name="Save")).to_be_focused()
    expect(brand.get_by_role("button", name="Save")).to_be_in_viewport()
    assert (world.store().name, world.store().logo_mark is not None) == ("Corner Shop", True)

    store.get_by_label("Time zone").select_option("Europe/Berlin")
    store.get_by_label("Add a note").check()
    store.get_by_role("button", name="Save").dblclick()
    noted(page, "Settings saved")
    assert (world.store().time_zone, world.store().order_notes) == ("Europe/Berlin", True)

    keys.get_by_label("Name of the new key").fill("the till")
    keys.get_by_role("button", name="Create key").dblclick()
    expect(frame.locator("#new-key")).to_have_text(re.compile("[0-9a-f-]{36}"))
    keys.locator("summary", has_text="Revoke").click()
    keys.get_by_role("button", name="Revoke key").dblclick()
    expect(keys).to_contain_text("Revoked")

    frame.locator("#snippets button").first.click()
    expect(frame.locator("#snippets button").first).to_have_text(re.compile("Copied|Selected"))

    provider.get_by_label("Points provider").select_option("coggins")
    provider.get_by_label("Address", exact=True).fill(coggins.url)
    provider.get_by_label("API key").fill("wrong")
    provider.get_by_role("button", name="Test connection").click()
    expect(frame.locator("#connection")).to_contain_text("API key")
    provider.get_by_role("button", name="Save").click()
    expect(frame.locator("#key-error")).to_contain_text("API key")
    expect(provider.get_by_label("Address", exact=True)).to_have_value(coggins.url)
    provider.get_by_label("API key").fill(coggins.key)
    provider.get_by_role("button", name="Save").dblclick()
    noted(page, "Points are now kept at Coggins")
    assert [account.kind for account in accounts(world) if account.is_current] == ["coggins"]
    assert coggins.key not in frame.locator("main").inner_html()
    assert heard(page, "notification")


# The times that stand on more than one line, or reach out of what they stand in. A table may be scrolled.
BROKEN_TIMES = """times => times.filter(time => {
    const [box, around] = [time.getBoundingClientRect(), time.closest("dd, li, p, .notice, td").getBoundingClientRect()];
    return time.getClientRects().length > 1 || (!time.closest(".table") && box.right > around.right + 1);
}).map(time => time.outerHTML)"""


@pytest.mark.parametrize("width", [320, 768, 1400])
def test_dates_stand_on_one_line(dashboard: StandInDashboard, desk: Desk, frames: OpenFrame, width: int) -> None:
    world = desk.world
    order_id = paid_order(world)
    spent = paid_order(world, amount="50", email="grace@example.com")
    world.claim(spent)
    adjust_order(world.services, world.store().slug, order_id, points=5, reason="kind", who="eve@example.com")
    world.settle()
    page = frames(viewport={"width": width, "height": 800})
    for path in (
        "",
        "/orders",
        f"/orders/{order_id}",
        f"/orders/{spent}",
        "/customers/grace@example.com",
        "/rules",
        "/log",
        "/log/changes",
    ):
        page.goto(dashboard.page(path))
        frame = app_in(page)
        expect(frame.locator("main")).not_to_have_attribute("aria-busy", "true")
        for details in frame.locator("details").all():
            details.evaluate("one => { one.open = true; }")
        assert frame.locator("time").evaluate_all(BROKEN_TIMES) == [], path
        assert path == "/rules" or frame.locator("time").count() > 0, path


def test_fields_of_coggins_are_shown_where_it_is_chosen(dashboard: StandInDashboard, frames: OpenFrame) -> None:
    page = frames()
    page.goto(dashboard.page("/settings"))
    provider = app_in(page).locator("#provider")

    expect(provider.get_by_label("Address", exact=True)).to_be_hidden()
    expect(provider.get_by_role("button", name="Test connection")).to_be_hidden()
    provider.get_by_label("Points provider").select_option("coggins")
    expect(provider.get_by_label("Address", exact=True)).to_be_visible()
    expect(provider.get_by_role("button", name="Test connection")).to_be_visible()
    provider.get_by_label("Points provider").select_option("embedded")
    expect(provider.get_by_label("API key")).to_be_hidden()


# Colours do not depend on the width.
@pytest.mark.parametrize(("theme", "viewport"), [("light", DESKTOP), ("dark", PHONE)], ids=["light-wide", "dark-narrow"])
def test_nobody_stumbles_over_these_pages(
    dashboard: StandInDashboard, desk: Desk, opens: OpenPage, theme: str, viewport: dict[str, int]
) -> None:
    world = desk.world
    order_id = paid_order(world)
    make_orders(world, 60)
    dashboard.theme = theme
    opened: Opened = opens(viewport=viewport, hosts_max=2, expected=("can escape its sandboxing",))  # type: ignore[arg-type]  # a size
    pages = ("", "/overview/test", "/orders", f"/orders/{order_id}", "/customers", "/rules", "/rules/new", "/settings")
    for path in pages:
        opened.page.goto(dashboard.page(path, f"?email={ADA}" if path == "/customers" else ""))
        frame = app_in(opened.page)
        expect(frame.locator("main")).not_to_have_attribute("aria-busy", "true")
        for details in frame.locator("details").all():
            details.evaluate("one => { one.open = true; }")
        # The stand-in's own page around the frame is nobody's concern.
        assert Opened(opened.page.frames[1]).faults() == []  # type: ignore[arg-type]  # a frame is asked just as a page
        assert frame.locator("html").evaluate("page => page.scrollWidth <= page.clientWidth"), path
