"""The card of the permissions: what each feature needs, what is there, and how a missing one is asked for."""

from playwright.sync_api import expect

from tests.standins import faults
from tests.standins.dashboard import StandInDashboard
from tests.test_merchant.calls import Desk, seen
from tests.test_merchant.conftest import OpenFrame
from tests.test_merchant.test_the_frame import app_in, heard

CARD = "settings/permissions"


def permit(desk: Desk, *permissions: str) -> None:
    desk.world.saleor.apps.permit(desk.app_id, *permissions)


def test_the_card_says_what_is_granted(desk: Desk) -> None:
    answer = desk.get(CARD)

    assert "Points for orders" in seen(answer)
    assert "MANAGE_ORDERS Granted" in seen(answer)
    assert "data-grant" not in answer.text


def test_a_missing_permission_is_shown_at_once_and_can_be_asked_for(desk: Desk) -> None:
    permit(desk)
    answer = desk.get(CARD)

    assert "MANAGE_ORDERS Missing" in seen(answer)
    assert 'data-grant="MANAGE_ORDERS"' in answer.text


def test_a_granted_permission_is_seen_by_the_next_look(desk: Desk) -> None:
    permit(desk)
    desk.get(CARD)
    permit(desk, "MANAGE_ORDERS")

    assert "MANAGE_ORDERS Granted" in seen(desk.get(CARD))


def test_what_is_complete_is_asked_once_a_minute(desk: Desk) -> None:
    counts = desk.world.saleor.counts
    desk.get(CARD)
    asked = counts["OwnApp"]
    desk.get(CARD)
    assert counts["OwnApp"] == asked

    desk.world.clock.advance(minutes=1)
    desk.get(CARD)

    assert counts["OwnApp"] == asked + 1


def test_who_lacks_the_permission_is_told_that_somebody_else_must_grant_it(desk: Desk) -> None:
    permit(desk)
    answer = Desk(desk.world, permissions=("MANAGE_APPS",)).get(CARD)

    assert "Your account does not have MANAGE_ORDERS" in seen(answer)
    assert "data-grant" not in answer.text


def test_a_saleor_that_does_not_answer_is_said(desk: Desk) -> None:
    desk.world.saleor.faults.always(faults.status(500), on="OwnApp")
    answer = desk.get(CARD)

    assert answer.status_code == 200
    assert "Saleor did not tell the app's permissions" in seen(answer)


def test_the_card_is_for_manage_apps_alone(desk: Desk) -> None:
    answer = Desk(desk.world, permissions=("MANAGE_ORDERS",)).get(CARD)

    assert answer.status_code == 403


def test_a_permission_is_granted_by_the_dashboard_and_the_page_shows_it(
    desk: Desk, dashboard: StandInDashboard, frames: OpenFrame
) -> None:
    permit(desk)
    page = frames()
    page.goto(dashboard.page("/settings"))
    app_in(page).get_by_role("button", name="Grant").click()
    page.get_by_role("button", name="Approve").click()

    card = app_in(page).locator("#permissions")
    expect(card).to_contain_text("Granted")
    expect(page).to_have_url(dashboard.page("/settings"))
    assert heard(page, "notification") == []
    page.reload()
    expect(app_in(page).get_by_role("heading", level=1)).to_have_text("Settings")


def test_a_denied_permission_leads_back_and_says_so(desk: Desk, dashboard: StandInDashboard, frames: OpenFrame) -> None:
    permit(desk)
    page = frames()
    page.goto(dashboard.page("/settings"))
    app_in(page).get_by_role("button", name="Grant").click()
    page.get_by_role("button", name="Deny").click()

    expect(app_in(page).locator("#permissions")).to_contain_text("Missing")
    expect(page).to_have_url(dashboard.page("/settings"))
    [told] = heard(page, "notification")
    assert told["text"] == "You denied it. Nothing was changed."
