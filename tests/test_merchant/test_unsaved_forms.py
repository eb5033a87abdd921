"""A form that was filled in and not saved: the page asks before it goes, in a real browser inside the Dashboard's frame."""

from playwright.sync_api import FrameLocator, expect

from tests.standins.dashboard import StandInDashboard
from tests.test_merchant.conftest import OpenFrame
from tests.test_merchant.test_pages_clicked import REFUSED, heading, noted
from tests.test_merchant.test_the_frame import app_in


def _asked(frame: FrameLocator) -> FrameLocator:
    expect(frame.get_by_role("dialog")).to_be_visible()
    return frame


def test_a_changed_form_is_not_left_unasked(dashboard: StandInDashboard, frames: OpenFrame) -> None:
    page = frames()
    page.goto(dashboard.page("/rules/new"))
    frame = app_in(page)
    heading(frame, "New rule")
    frame.get_by_label("Points per 1.00").fill("7")

    frame.get_by_role("link", name="All rules").click()
    _asked(frame).get_by_role("button", name="Stay").click()

    expect(frame.get_by_role("dialog")).to_be_hidden()
    expect(frame.get_by_label("Points per 1.00")).to_have_value("7")
    frame.get_by_role("link", name="All rules").click()
    _asked(frame).get_by_role("button", name="Leave without saving").click()
    heading(frame, "Rules")


def test_escape_stays_and_back_asks_as_well(dashboard: StandInDashboard, frames: OpenFrame) -> None:
    page = frames()
    page.goto(dashboard.page("/rules"))
    frame = app_in(page)
    frame.get_by_role("link", name="Rule for a channel").click()
    heading(frame, "New rule")
    frame.get_by_label("Returned goods count as refunded").check()

    page.evaluate("history.back()")
    _asked(frame)
    page.keyboard.press("Escape")

    expect(frame.get_by_role("dialog")).to_be_hidden()
    heading(frame, "New rule")
    expect(frame.get_by_label("Returned goods count as refunded")).to_be_checked()


def test_what_was_not_touched_or_was_put_back_is_left_at_once(dashboard: StandInDashboard, frames: OpenFrame) -> None:
    page = frames()
    page.goto(dashboard.page("/settings"))
    frame = app_in(page)
    name = frame.get_by_label("Shop name")
    before = name.input_value()
    name.fill("Other")
    name.fill(before)

    frame.get_by_role("link", name="Rules").click()

    heading(frame, "Rules")


def test_saving_one_form_does_not_drop_what_was_typed_into_another(dashboard: StandInDashboard, frames: OpenFrame) -> None:
    page = frames()
    page.goto(dashboard.page("/settings"))
    frame = app_in(page)
    frame.get_by_label("Shop name").fill("Corner Shop & Co")
    frame.get_by_label("Days until a claim expires").fill("12")

    frame.locator("#store").get_by_role("button", name="Save").click()
    _asked(frame).get_by_role("button", name="Stay").click()
    frame.locator("#brand").get_by_role("button", name="Save").click()
    _asked(frame).get_by_role("button", name="Leave without saving").click()

    noted(page, "Look saved")
    expect(frame.get_by_label("Shop name")).to_have_value("Corner Shop & Co")
    expect(frame.get_by_label("Days until a claim expires")).to_have_value("")


def test_a_form_that_was_refused_is_not_saved_either(dashboard: StandInDashboard, frames: OpenFrame) -> None:
    page = frames(expected=REFUSED)
    page.goto(dashboard.page("/settings"))
    frame = app_in(page)
    frame.get_by_label("Days until a claim expires").fill("never")
    frame.locator("#store").get_by_role("button", name="Save").click()
    expect(frame.locator("#default_expires_days-error")).to_be_visible()

    frame.get_by_role("link", name="Rules").click()

    _asked(frame)
