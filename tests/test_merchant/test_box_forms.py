"""The forms in the boxes of the Dashboard: give points there, and see what came of it."""

from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Page, ViewportSize, expect

from app.usecases.merchants.change_store import change_store
from tests.browser import DESKTOP, Opened
from tests.standins.dashboard import StandInDashboard
from tests.test_merchant.calls import Desk, once_in, seen
from tests.test_merchant.conftest import OpenFrame
from tests.test_merchant.test_the_frame import app_in
from tests.test_merchant.test_widgets import OUTSIDE, manifest
from tests.test_settling.test_refunds import ADA, paid_order
from tests.test_staff.test_limits import requests_of
from tests.test_staff.test_moved_customers import work

NARROW: ViewportSize = {"width": 300, "height": 900}
BOXES = ("order", "customer")


def subject(desk: Desk, name: str) -> dict[str, str]:
    """Make what the box is about, and give how the Dashboard names it."""
    if name == "order":
        return {"orderId": paid_order(desk.world)}
    return {"customerId": desk.world.saleor.shop.register_customer(ADA)}


def form_of(desk: Desk, name: str, about: dict[str, str], **typed: str) -> dict[str, str]:
    fields = {"once": once_in(desk.box(name, **about)), "points": "25", "reason": "late parcel", **about, **typed}
    return {"email": ADA, **fields} if name == "customer" else fields


def given(desk: Desk, name: str, about: dict[str, str]) -> int:
    """Give how many points the subject has got."""
    work(desk.world)
    return desk.world.order(about["orderId"]).granted - 100 if name == "order" else desk.world.balance(ADA).available


@pytest.mark.parametrize("name", BOXES)
def test_a_form_that_is_sent_twice_gives_once(desk: Desk, name: str) -> None:
    about = subject(desk, name)
    form = form_of(desk, name, about)

    answers = [desk.box(f"{name}/give", **form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert "This form was sent before" in seen(answers[1])
    assert "This form was sent before" not in seen(answers[0])
    assert given(desk, name, about) == 25


@pytest.mark.parametrize("name", BOXES)
def test_a_gift_above_the_limit_waits_and_the_box_says_so(desk: Desk, name: str) -> None:
    about = subject(desk, name)
    change_store(desk.world.services, desk.world.store().slug, staff_change_max=10)

    answer = desk.box(f"{name}/give", **form_of(desk, name, about))

    assert "The change waits for approval" in seen(answer)
    assert "1 change waits for approval" in seen(answer)
    assert '/approvals"' in answer.text
    assert [asked.points for asked in requests_of(desk.world.services)] == [25]
    assert given(desk, name, about) == 0


WRONG: list[tuple[dict[str, str], str]] = [
    ({"points": "many"}, "Enter a whole number of points"),
    ({"points": "0"}, "Points must be a whole number"),
    ({"reason": " "}, "Say why"),
    ({"once": "x"}, "This form is not complete"),
]


@pytest.mark.parametrize("name", BOXES)
@pytest.mark.parametrize(("wrong", "said"), WRONG)
def test_a_form_that_is_wrong_comes_back_with_what_was_typed(desk: Desk, name: str, wrong: dict[str, str], said: str) -> None:
    about = subject(desk, name)

    answer = desk.box(f"{name}/give", **form_of(desk, name, about, **wrong))

    assert answer.status_code == 422
    assert said in seen(answer)
    assert '<details class="confirm" open>' in answer.text
    assert f'value="{wrong.get("points", "25")}"' in answer.text
    assert given(desk, name, about) == 0


@pytest.mark.parametrize("name", BOXES)
def test_taking_more_than_is_there_is_told_first(desk: Desk, name: str) -> None:
    about = subject(desk, name)
    form = form_of(desk, name, about, points="-500")
    takes = "100" if name == "order" else "0"

    first = desk.box(f"{name}/give", **form)
    second = desk.box(f"{name}/give", **form, takes=takes)

    assert first.status_code == 422
    assert "not there" in seen(first)
    assert f'name="takes" value="{takes}"' in first.text
    assert second.status_code == 200
    assert given(desk, name, about) == -int(takes)


def test_a_form_about_an_address_that_saleor_changed_since_gives_nobody_points(desk: Desk) -> None:
    about = subject(desk, "customer")

    answer = desk.box("customer/give", **form_of(desk, "customer", about, email="other@example.com"))

    assert answer.status_code == 422
    assert "about something else" in seen(answer)
    assert given(desk, "customer", about) == 0


@pytest.mark.parametrize("name", BOXES)
def test_nobody_gives_points_without_a_good_token_of_an_order_manager(desk: Desk, name: str) -> None:
    about = subject(desk, name)
    form = form_of(desk, name, about)

    nobody = desk.box(f"{name}/give", **{**form, "accessToken": ""})
    late = desk.box(f"{name}/give", **{**form, "accessToken": desk.token(exp=1)})
    other_app = desk.box(f"{name}/give", **{**form, "accessToken": desk.token(app="QXBwOjk5")})
    lacking = Desk(desk.world, ("MANAGE_PRODUCTS",)).box(f"{name}/give", **form)

    assert [answer.status_code for answer in (nobody, late, other_app, lacking)] == [403, 401, 401, 403]
    assert given(desk, name, about) == 0


@pytest.mark.parametrize("name", BOXES)
def test_a_box_that_the_dashboard_posts_to_has_the_link_and_no_form(desk: Desk, name: str) -> None:
    about = subject(desk, name)

    posted, asked = desk.widget(name, **about), desk.box(name, **about)

    assert "data-give" not in posted.text
    assert '/give" target' in posted.text
    assert "data-give" in asked.text


def test_an_order_says_what_staff_changed_last_and_what_that_took(desk: Desk) -> None:
    about = subject(desk, "order")
    for points in ("25", "-500"):
        desk.box("order/give", **form_of(desk, "order", about, points=points), takes="125")
        work(desk.world)

    assert "Last change by staff: \N{MINUS SIGN}125 admin@example.com" in seen(desk.box("order", **about))


def box_at(page: Page, dashboard: StandInDashboard, desk: Desk, name: str, about: dict[str, str]) -> FrameLocator:
    page.goto(dashboard.widget(extension(desk, name), **about))
    frame = app_in(page)
    expect(frame.locator("summary", has_text="Give points")).to_be_visible()
    return frame


def extension(desk: Desk, name: str) -> dict[str, Any]:
    mount = f"{name.upper()}_DETAILS_WIDGETS"
    return next(one for one in manifest(desk.world, "3.22")["extensions"] if one["mount"] == mount)


def fill(frame: FrameLocator, points: str = "25", reason: str = "late parcel") -> None:
    frame.locator("summary", has_text="Give points").click()
    frame.get_by_label("Points").fill(points)
    frame.get_by_label("Reason").fill(reason)


def test_points_are_given_in_the_orders_box_and_it_shows_the_outcome_by_itself(
    desk: Desk, dashboard: StandInDashboard, frames: OpenFrame
) -> None:
    page = frames()
    frame = box_at(page, dashboard, desk, "order", subject(desk, "order"))
    expect(frame.locator("main")).to_contain_text("100 points")
    fill(frame)

    frame.get_by_label("Reason").press("Enter")
    expect(frame.get_by_role("status").first).to_contain_text("The points are being changed")
    expect(frame.locator("[data-first]")).to_be_focused()
    expect(frame.locator("[data-again]")).to_be_visible()
    work(desk.world)

    expect(frame.locator("main")).to_contain_text("125 points")
    expect(frame.locator("[data-again]")).to_have_count(0)
    expect(frame.locator("main")).to_contain_text("Last change by staff: +25")
    expect(frame.locator("#announcer")).to_have_text("Updated")
    expect(frame.get_by_label("Points")).to_be_hidden()


def test_points_are_given_in_the_customers_box(desk: Desk, dashboard: StandInDashboard, frames: OpenFrame) -> None:
    page = frames()
    frame = box_at(page, dashboard, desk, "customer", subject(desk, "customer"))
    fill(frame)

    frame.get_by_role("button", name="Give", exact=True).click()

    expect(frame.get_by_role("status").first).to_contain_text("25 points given")
    expect(frame.locator("main")).to_contain_text("25 points to spend")
    expect(frame.locator("main")).to_contain_text("+25 points")


def test_a_form_that_is_open_stays_while_the_box_is_brought_up_to_date(
    desk: Desk, dashboard: StandInDashboard, frames: OpenFrame
) -> None:
    about = subject(desk, "order")
    desk.world.saleor.till.refund(about["orderId"], "40")
    desk.world.saleor.deliveries.deliver()
    frame = box_at(frames(), dashboard, desk, "order", about)
    expect(frame.locator("[data-again]")).to_be_visible()
    fill(frame, reason="late")

    desk.world.settle()

    expect(frame.locator("main")).to_contain_text("60 points")
    expect(frame.get_by_label("Reason")).to_be_focused()
    expect(frame.get_by_label("Reason")).to_have_value("late")
    expect(frame.locator("form")).to_have_count(1)


def test_what_was_typed_stays_where_the_app_cannot_be_reached(desk: Desk, dashboard: StandInDashboard, frames: OpenFrame) -> None:
    page = frames(expected=("ERR_FAILED",))
    about = subject(desk, "order")
    frame = box_at(page, dashboard, desk, "order", about)
    fill(frame)

    page.route("**/widgets/order/give", lambda route: route.abort("failed"), times=1)
    frame.get_by_role("button", name="Give", exact=True).click()
    expect(frame.get_by_role("alert")).to_have_text("Saleor Points cannot be reached. Press the button again.")
    frame.get_by_role("button", name="Give", exact=True).click()

    expect(frame.locator("main")).to_contain_text("The points are being changed")
    assert given(desk, "order", about) == 25


def test_a_token_that_ended_meanwhile_loses_nothing(desk: Desk, dashboard: StandInDashboard, frames: OpenFrame) -> None:
    page = frames(expected=("401",))
    about = subject(desk, "customer")
    frame = box_at(page, dashboard, desk, "customer", about)
    fill(frame)
    desk.world.clock.advance(minutes=6)

    frame.get_by_role("button", name="Give", exact=True).click()
    expect(frame.get_by_role("alert")).to_contain_text("The Dashboard's token is over")
    page.evaluate("window.dashboard.refresh()")
    frame.get_by_role("button", name="Give", exact=True).click()

    expect(frame.locator("main")).to_contain_text("25 points given")
    assert given(desk, "customer", about) == 25


@pytest.mark.parametrize("viewport", [DESKTOP, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", BOXES)
def test_a_boxs_form_shuts_nobody_out_and_fits(
    desk: Desk, dashboard: StandInDashboard, frames: OpenFrame, name: str, theme: str, viewport: ViewportSize
) -> None:
    dashboard.theme = theme
    page = frames(viewport=viewport, expected=("422",))
    about = subject(desk, name)
    change_store(desk.world.services, desk.world.store().slug, staff_change_max=10)
    frame = box_at(page, dashboard, desk, name, about)
    page.locator("#app").evaluate("frame => { frame.width = Math.min(400, innerWidth); }")
    fill(frame, points="many")
    frame.get_by_role("button", name="Give", exact=True).click()
    expect(frame.get_by_label("Points")).to_be_focused()
    assert Opened(page.frames[1]).faults() == []  # type: ignore[arg-type]  # a frame is asked just as a page
    assert cut_off(page) == []

    frame.get_by_label("Points").fill("25")
    frame.get_by_role("button", name="Give", exact=True).click()
    expect(frame.get_by_role("alert")).to_contain_text("The change waits for approval")

    assert Opened(page.frames[1]).faults() == []  # type: ignore[arg-type]  # a frame is asked just as a page
    assert cut_off(page) == []
    link = frame.get_by_role("link", name="Approvals").get_attribute("href") or ""
    assert link.endswith("/approvals")


def cut_off(page: Page) -> list[str]:
    """List what is not wholly within the frame, once the frame is as tall as the box asked for."""
    page.frames[1].wait_for_function("document.body.getBoundingClientRect().height <= innerHeight")
    outside: list[str] = app_in(page).locator("html").evaluate(OUTSIDE)
    return outside


def test_cancel_closes_the_form(desk: Desk, dashboard: StandInDashboard, frames: OpenFrame) -> None:
    frame = box_at(frames(), dashboard, desk, "customer", subject(desk, "customer"))
    fill(frame)

    frame.get_by_role("button", name="Cancel").click()

    expect(frame.get_by_label("Points")).to_be_hidden()
    expect(frame.locator("summary")).to_be_focused()
