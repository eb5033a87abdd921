"""The page of paying with points: the permission, the spend rules, their trial, and the webhooks that follow."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import requests
from playwright.sync_api import expect
from sqlmodel import select

from app.db.tables import SpendRuleRow
from app.usecases.operating.housekeeping import do_housekeeping
from tests.standins import faults
from tests.standins.dashboard import StandInDashboard
from tests.test_merchant.calls import Desk, notified, once_in, seen
from tests.test_merchant.conftest import OpenFrame
from tests.test_merchant.test_the_frame import app_in
from tests.test_settling.test_refunds import ADA
from tests.world import World

PAGE = "settings/spending"
GOOD: dict[str, Any] = {
    "channel": "",
    "points_per_unit": "100",
    "least_points": "",
    "greatest_share": "",
    "hold_hours": "",
    "return_on_cancel": "yes",
    "is_active": "yes",
}
PAYMENTS = {"Points: gateway", "Points: charge", "Points: refund", "Points: cancel", "Points: charge requested"}


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """The app has the permission that payments need."""
    desk.world.saleor.apps.permit(desk.app_id, "MANAGE_ORDERS", "HANDLE_PAYMENTS")
    return desk


def spend_rules(world: World) -> list[SpendRuleRow]:
    with world.services.database.reading() as session:
        return list(session.exec(select(SpendRuleRow).order_by(SpendRuleRow.id)))  # type: ignore[arg-type]  # a column


def save(desk: Desk, place: str = "default", **typed: Any) -> requests.Response:
    """Save the form twice, as an impatient merchant does; gives the first answer."""
    sent = GOOD | {"once": once_in(desk.get(f"{PAGE}/{place}"))} | typed
    first = desk.post(f"{PAGE}/{place}/save", sent)
    desk.post(f"{PAGE}/{place}/save", sent)
    return first


def webhooks(desk: Desk) -> set[str]:
    return {webhook.name for webhook in desk.world.saleor.apps.installed[desk.app_id].webhooks}


def test_a_new_store_is_no_gateway_and_says_what_to_do(desk: Desk) -> None:
    text = seen(desk.get(PAGE))

    assert "Paying with points" in text
    assert "Points cannot pay yet" in text
    assert "Set the default rule" in text
    assert webhooks(desk) == {"Orders", "App"}
    assert "once you switch it on" in seen(desk.get("settings"))


def test_a_rule_that_is_on_makes_the_webhooks_and_off_removes_them(desk: Desk) -> None:
    on = save(desk)

    assert notified(on)["title"] == "Spend rule saved"
    assert webhooks(desk) >= PAYMENTS
    assert "On 100 points pay 1.00 (500 points pay 5), up to the whole total" in seen(on)
    assert "Customers can pay with points at the checkout." in seen(desk.get("settings"))

    save(desk, is_active="")

    assert webhooks(desk) == {"Orders", "App"}
    assert [(rule.is_active, rule.created_by) for rule in spend_rules(desk.world)] == [
        (True, "admin@example.com"),
        (False, "admin@example.com"),
    ]


def test_each_payment_webhook_has_its_own_event_and_address(desk: Desk) -> None:
    save(desk)

    told = {
        (webhook.sync_events, webhook.target_url.removeprefix(desk.world.url))
        for webhook in desk.world.saleor.apps.installed[desk.app_id].webhooks
        if webhook.name in PAYMENTS
    }

    assert told == {
        (("PAYMENT_GATEWAY_INITIALIZE_SESSION",), "/api/webhooks/payments/gateway"),
        (("TRANSACTION_INITIALIZE_SESSION",), "/api/webhooks/payments/charge"),
        (("TRANSACTION_REFUND_REQUESTED",), "/api/webhooks/payments/refund"),
        (("TRANSACTION_CANCELATION_REQUESTED",), "/api/webhooks/payments/cancel"),
        (("TRANSACTION_CHARGE_REQUESTED",), "/api/webhooks/payments/charge-requested"),
    }


def test_it_is_not_switched_on_while_the_permission_is_missing(desk: Desk) -> None:
    desk.world.saleor.apps.permit(desk.app_id, "MANAGE_ORDERS")

    answer = save(desk)

    assert answer.status_code == 422
    assert "the app lacks the permission HANDLE_PAYMENTS" in seen(answer)
    assert spend_rules(desk.world) == []
    assert webhooks(desk) == {"Orders", "App"}


def test_a_rule_that_is_off_can_be_prepared_without_the_permission(desk: Desk) -> None:
    desk.world.saleor.apps.permit(desk.app_id, "MANAGE_ORDERS")

    assert notified(save(desk, is_active=""))["status"] == "success"
    assert webhooks(desk) == {"Orders", "App"}


def test_saving_what_is_in_force_makes_no_version(desk: Desk) -> None:
    save(desk)

    assert notified(save(desk, points_per_unit="100.0", greatest_share="100"))["title"].startswith("Nothing to save")
    assert len(spend_rules(desk.world)) == 1


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("points_per_unit", "", "Write a number"),
        ("points_per_unit", "0", "must be more than 0"),
        ("points_per_unit", "-1", "cannot be less than 0"),
        ("points_per_unit", "1,5", "with a point before the decimals"),
        ("points_per_unit", "1000001", "cannot be more than 1,000,000"),
        ("least_points", "1.5", "whole number"),
        ("least_points", "1000001", "whole number from 0 to 1,000,000"),
        ("greatest_share", "0", "must be more than 0"),
        ("greatest_share", "101", "cannot be more than 100"),
        ("hold_hours", "0", "must be 1 or more"),
        ("hold_hours", "721", "whole number from 0 to 720"),
    ],
)
def test_a_wrong_value_is_said_beside_its_field_and_kept(desk: Desk, field: str, typed: str, said: str) -> None:
    answer = save(desk, **{field: typed})

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert said in seen(answer)
    assert f'value="{typed}"' in answer.text
    assert spend_rules(desk.world) == []


def test_a_channel_gets_a_rule_of_its_own_and_may_follow_the_default_again(desk: Desk) -> None:
    save(desk)
    save(desk, "new", channel="japan", points_per_unit="1", greatest_share="50", least_points="10")
    page = desk.get(PAGE)
    assert "Channel japan" in seen(page)
    assert "up to 50 % of the total, from 10 points on" in seen(page)

    sent = {"once": once_in(page), "channel": "japan"}
    answers = [desk.post(f"{PAGE}/channel/japan/end", sent) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [rule.greatest_share for rule in spend_rules(desk.world)] == [Decimal(1), Decimal("0.5"), Decimal("0.5")]
    assert "Uses the default rule" in seen(desk.get(PAGE))
    assert webhooks(desk) >= PAYMENTS


def test_a_channel_alone_can_let_points_pay(desk: Desk) -> None:
    save(desk, "new", channel="japan", points_per_unit="1")
    assert webhooks(desk) >= PAYMENTS

    desk.post(f"{PAGE}/channel/japan/end", {"once": once_in(desk.get(PAGE)), "channel": "japan"})

    assert webhooks(desk) == {"Orders", "App"}


def test_a_rule_for_a_channel_that_saleor_does_not_have_is_refused(desk: Desk) -> None:
    answer = save(desk, "new", channel="nope")

    assert answer.status_code == 422
    assert "Saleor has no channel nope" in seen(answer)
    assert "Choose the channel" in seen(save(desk, "new", channel=" "))
    assert spend_rules(desk.world) == []


@pytest.mark.parametrize(("place", "about"), [("default", "japan"), ("channel/japan", ""), ("channel/japan", "korea")])
@pytest.mark.parametrize("action", ["save", "try"])
def test_a_form_about_another_rule_than_its_page_is_refused(desk: Desk, place: str, about: str, action: str) -> None:
    answer = desk.post(f"{PAGE}/{place}/{action}", GOOD | {"once": uuid4().hex, "channel": about})

    assert answer.status_code == 400
    assert "something else than its page" in seen(answer)
    assert spend_rules(desk.world) == []


@pytest.mark.parametrize("place", ["channel", "channel/", "channel/a/b", "edit", "default/x"])
def test_a_place_that_names_no_rule_is_not_found(desk: Desk, place: str) -> None:
    assert desk.get(f"{PAGE}/{place}").status_code == 404


def test_webhooks_that_saleor_does_not_change_are_said_and_made_later(desk: Desk) -> None:
    desk.world.saleor.faults.always(faults.status(500), on="WebhookCreate")
    answer = save(desk)

    assert notified(answer)["title"] == "Saved, but Saleor did not change the webhooks"
    assert len(spend_rules(desk.world)) == 1

    desk.world.saleor.faults.clear()
    save(desk)

    assert webhooks(desk) >= PAYMENTS


def test_webhooks_that_were_left_are_removed_by_housekeeping(desk: Desk) -> None:
    save(desk)
    desk.world.saleor.faults.always(faults.status(500), on="OwnWebhooks")
    save(desk, is_active="")
    assert webhooks(desk) >= PAYMENTS

    desk.world.saleor.faults.clear()
    do_housekeeping(desk.world.services)

    assert webhooks(desk) == {"Orders", "App"}


def test_a_draft_is_tried_on_the_last_orders_and_nothing_is_saved(desk: Desk) -> None:
    world = desk.world
    for email, total in ((ADA, "100"), ("guest@example.com", "40")):
        if email == ADA:
            world.saleor.shop.register_customer(email)
        order_id = world.saleor.shop.place_order(total, email=email)
        world.saleor.till.charge(order_id, total)
    world.deliver()
    for order in world.orders():
        world.claim_what_waits(order.saleor_order_id)

    text = seen(desk.post(f"{PAGE}/default/try", GOOD | {"points_per_unit": "10", "greatest_share": "50"}))

    assert "Of the last 2 orders, worth 140.00 USD, points could have paid at most 50.00 USD" in text
    assert "10.00 USD with the points that these customers have today" in text
    assert spend_rules(world) == []


def test_a_draft_that_cannot_be_says_why(desk: Desk) -> None:
    answer = desk.post(f"{PAGE}/default/try", GOOD | {"points_per_unit": "0"})

    assert answer.status_code == 422
    assert "Points that pay 1.00: This must be more than 0." in seen(answer)
    assert "No orders to try it on" in seen(desk.post(f"{PAGE}/default/try", GOOD))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", PAGE),
        ("GET", f"{PAGE}/permission"),
        ("GET", f"{PAGE}/default"),
        ("POST", f"{PAGE}/default/save"),
        ("POST", f"{PAGE}/new/try"),
        ("POST", f"{PAGE}/channel/japan/end"),
    ],
)
def test_the_page_is_for_manage_apps_alone(desk: Desk, method: str, path: str) -> None:
    stranger = Desk(desk.world, permissions=("MANAGE_ORDERS",))

    answer = stranger.ask(method, path, data=GOOD | {"once": "0" * 32} if method == "POST" else None)

    assert answer.status_code == 403
    assert "MANAGE_APPS" in seen(answer)
    assert spend_rules(desk.world) == []


def test_who_lacks_the_permission_is_told_that_somebody_else_must_grant_it(desk: Desk) -> None:
    desk.world.saleor.apps.permit(desk.app_id, "MANAGE_ORDERS")
    answer = desk.get(f"{PAGE}/permission")

    assert "Your account does not have HANDLE_PAYMENTS" in seen(answer)
    assert "data-grant" not in answer.text


def test_the_permission_is_granted_in_the_dashboard_and_the_page_switches_it_on(
    desk: Desk, dashboard: StandInDashboard, frames: OpenFrame
) -> None:
    desk.world.saleor.apps.permit(desk.app_id, "MANAGE_ORDERS")
    desk.permissions = ("MANAGE_ORDERS", "MANAGE_APPS", "HANDLE_PAYMENTS")
    page = frames()
    page.goto(dashboard.page("/settings/spending"))
    app_in(page).get_by_role("button", name="Grant").click()
    page.get_by_role("button", name="Approve").click()

    expect(app_in(page).locator("#spending-permission")).to_contain_text("Granted")
    expect(page).to_have_url(dashboard.page("/settings/spending"))
    app_in(page).get_by_role("link", name="Set the default rule").click()
    app_in(page).get_by_label("Points that pay 1.00").fill("50")
    app_in(page).get_by_role("button", name="Try it on the last 50 orders").click()
    expect(app_in(page).locator("#trial")).to_contain_text("No orders to try it on")
    app_in(page).get_by_role("button", name="Save spend rule").click()

    expect(app_in(page).get_by_text("50 points pay 1.00", exact=False).first).to_be_visible()
    expect(page).to_have_url(dashboard.page("/settings/spending"))
    assert webhooks(desk) >= PAYMENTS
