"""The card of the permissions: what each feature needs, what is there, and how a missing one is asked for."""

from datetime import timedelta
from uuid import uuid4

import pytest
import requests
from playwright.sync_api import expect

from app.usecases.settling.sweep_orders import sweep_orders
from tests.standins import faults
from tests.standins.dashboard import StandInDashboard
from tests.test_merchant.calls import Desk, notified, seen
from tests.test_merchant.conftest import OpenFrame
from tests.test_merchant.test_the_frame import app_in, heard
from tests.test_settling.test_refunds import ADA, paid_order

CARD = "settings/permissions"


def permit(desk: Desk, *permissions: str) -> None:
    desk.world.saleor.apps.permit(desk.app_id, *permissions)


def test_the_card_says_what_is_granted(desk: Desk) -> None:
    answer = desk.get(CARD)

    assert "Points for orders" in seen(answer)
    assert "MANAGE_ORDERS Granted" in seen(answer)
    assert "MANAGE_USERS Missing" in seen(answer)
    assert "Pay with points" in seen(answer)
    assert "HANDLE_PAYMENTS Missing" in seen(answer)


def test_a_saleor_that_does_not_tell_of_deleted_customers_has_no_line_for_it(desk: Desk) -> None:
    desk.world.change_store(saleor_version="3.22")

    assert "MANAGE_USERS" not in seen(desk.get(CARD))


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
    permit(desk, "MANAGE_ORDERS", "MANAGE_USERS", "HANDLE_PAYMENTS")
    desk.get(CARD)
    asked = counts["OwnApp"]
    desk.get(CARD)
    assert counts["OwnApp"] == asked

    desk.world.clock.advance(minutes=1)
    desk.get(CARD)

    assert counts["OwnApp"] == asked + 1


def test_a_permission_that_was_taken_away_is_missed_as_soon_as_saleor_tells_it(desk: Desk) -> None:
    permit(desk, "MANAGE_ORDERS", "MANAGE_USERS", "HANDLE_PAYMENTS")
    desk.get(CARD)
    permit(desk, "MANAGE_ORDERS", "HANDLE_PAYMENTS")
    desk.world.saleor.deliveries.deliver()

    assert "MANAGE_USERS Missing" in seen(desk.get(CARD))


def test_who_lacks_the_permission_is_told_that_somebody_else_must_grant_it(desk: Desk) -> None:
    permit(desk)
    answer = Desk(desk.world, permissions=("MANAGE_APPS",)).get(CARD)

    assert "Your account does not have MANAGE_ORDERS" in seen(answer)
    assert "data-grant" not in answer.text


def erasing(desk: Desk, **typed: str) -> requests.Response:
    return desk.post("settings/erasing", {"once": uuid4().hex, "erases_deleted": "yes", "erase_after_days": "30"} | typed)


def test_erasing_is_refused_while_the_permission_is_missing(desk: Desk) -> None:
    answer = erasing(desk)

    assert answer.status_code == 422
    assert "Grant the app MANAGE_USERS first" in seen(answer)
    assert desk.world.store().erase_after_days is None


def test_erasing_is_switched_on_with_its_webhook_and_off_again(desk: Desk) -> None:
    permit(desk, "MANAGE_ORDERS", "MANAGE_USERS")
    [app] = desk.world.saleor.apps.installed.values()

    on = erasing(desk)
    assert (notified(on)["status"], desk.world.store().erase_after_days) == ("success", 30)
    assert {"Orders", "App", "Customers"} == {webhook.name for webhook in app.webhooks}

    off = erasing(desk, erases_deleted="")
    assert (notified(off)["status"], desk.world.store().erase_after_days) == ("success", None)
    assert {"Orders", "App"} == {webhook.name for webhook in app.webhooks}


def test_an_app_that_is_installed_again_is_told_of_deleted_customers_again(desk: Desk) -> None:
    world = desk.world
    permit(desk, "MANAGE_ORDERS", "MANAGE_USERS")
    erasing(desk)
    world.saleor.apps.uninstall(desk.app_id)
    world.saleor.deliveries.deliver()
    world.install()
    app = list(world.saleor.apps.installed.values())[-1]
    assert {webhook.name for webhook in app.webhooks} == {"Orders", "App"}

    list(sweep_orders(world.services, timedelta(minutes=3)))

    assert {webhook.name for webhook in app.webhooks} == {"Orders", "App", "Customers"}
    asked = world.saleor.counts["OwnWebhooks"]
    world.clock.advance(minutes=5)
    list(sweep_orders(world.services, timedelta(minutes=3)))
    assert world.saleor.counts["OwnWebhooks"] == asked


@pytest.mark.parametrize("days", ["", "soon", "-1", "366", "9" * 20])
def test_days_that_will_not_do_are_said_beside_their_field(desk: Desk, days: str) -> None:
    permit(desk, "MANAGE_ORDERS", "MANAGE_USERS")
    answer = erasing(desk, erase_after_days=days)

    assert answer.status_code == 422
    assert 'id="erase_after_days-error"' in answer.text
    assert desk.world.store().erase_after_days is None


def test_a_webhook_that_saleor_does_not_change_is_said(desk: Desk) -> None:
    permit(desk, "MANAGE_ORDERS", "MANAGE_USERS")
    desk.world.saleor.faults.always(faults.status(500), on="OwnWebhooks")
    answer = erasing(desk)

    assert notified(answer)["title"] == "Saved, but Saleor did not change the webhook"
    assert desk.world.store().erase_after_days == 30


def test_a_deleted_customer_is_shown_and_kept_by_whoever_may_erase(desk: Desk) -> None:
    permit(desk, "MANAGE_ORDERS", "MANAGE_USERS")
    erasing(desk)
    paid_order(desk.world)
    desk.world.saleor.shop.register_customer(ADA)
    desk.world.clock.advance(minutes=1)
    desk.world.saleor.delete_customer(ADA)
    desk.world.deliver()
    eraser = Desk(desk.world, permissions=("MANAGE_ORDERS", "MANAGE_USERS"))

    page = eraser.get(f"customers/{ADA}")
    assert "Saleor deleted this customer on" in seen(page)
    assert "Keep this customer" not in seen(desk.get(f"customers/{ADA}"))
    sent = {"once": uuid4().hex, "email": ADA}
    assert desk.post(f"customers/{ADA}/keep", sent).status_code == 403

    kept = eraser.post(f"customers/{ADA}/keep", sent)

    assert notified(kept)["title"] == "The customer is kept"
    assert "Saleor deleted this customer" not in seen(kept)
    assert notified(eraser.post(f"customers/{ADA}/keep", sent | {"once": uuid4().hex}))["status"] == "warning"


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
    permit(desk, "MANAGE_ORDERS", "HANDLE_PAYMENTS")
    desk.permissions = ("MANAGE_ORDERS", "MANAGE_APPS", "MANAGE_USERS", "HANDLE_PAYMENTS")
    page = frames()
    page.goto(dashboard.page("/settings"))
    app_in(page).get_by_role("button", name="Grant").click()
    page.get_by_role("button", name="Approve").click()

    card = app_in(page).locator("#permissions")
    expect(card).to_contain_text("Granted")
    expect(card).not_to_contain_text("Missing")
    expect(page).to_have_url(dashboard.page("/settings"))
    assert heard(page, "notification") == []
    page.reload()
    expect(app_in(page).get_by_role("heading", level=1)).to_have_text("Settings")


def test_a_denied_permission_leads_back_and_says_so(desk: Desk, dashboard: StandInDashboard, frames: OpenFrame) -> None:
    permit(desk, "MANAGE_ORDERS", "HANDLE_PAYMENTS")
    desk.permissions = ("MANAGE_ORDERS", "MANAGE_APPS", "MANAGE_USERS", "HANDLE_PAYMENTS")
    page = frames()
    page.goto(dashboard.page("/settings"))
    app_in(page).get_by_role("button", name="Grant").click()
    page.get_by_role("button", name="Deny").click()

    expect(app_in(page).locator("#permissions")).to_contain_text("Missing")
    expect(page).to_have_url(dashboard.page("/settings"))
    [told] = heard(page, "notification")
    assert told["text"] == "You denied it. Nothing was changed."
