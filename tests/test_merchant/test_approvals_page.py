"""Changes above a limit: asked for on one page, decided on another, by somebody else who may."""

import re

import pytest
from playwright.sync_api import expect
from sqlmodel import select

from app.db.tables import ApprovalRequestRow
from app.usecases.merchants.adjust_points import adjust_customer, adjust_order
from app.usecases.merchants.change_store import change_store
from app.usecases.operating.create_store import create_store
from tests.browser import Opened
from tests.standins.dashboard import StandInDashboard
from tests.test_merchant.calls import Desk, notified, once_in, seen
from tests.test_merchant.conftest import OpenFrame
from tests.test_merchant.test_the_frame import app_in
from tests.test_settling.test_refunds import ADA, paid_order
from tests.test_staff.test_limits import requests_of, spend_all_and_refund

EVE = "eve@shop.example"
OF_ADA = f"customers/{ADA}"


def balance(desk: Desk) -> int:
    return desk.world.balance(ADA).available


def ask(desk: Desk, points: int = 20_000, who: str = EVE) -> None:
    adjusted = adjust_customer(desk.world.services, desk.world.store().slug, ADA, points=points, reason="sorry", who=who)
    assert adjusted is not None
    assert adjusted.waits_for_approval


def decide(desk: Desk, decision: str, number: int = 1, reason: str = "seen") -> int:
    once = once_in(Desk(desk.world).get(OF_ADA))
    form = {"once": once, f"{decision}-reason-{number}": reason}
    return desk.post(f"approvals/{number}/{decision}", form).status_code


def test_a_form_above_the_limit_changes_nothing_and_says_so_where_it_was_sent(desk: Desk) -> None:
    form = {"once": once_in(desk.get(OF_ADA)), "email": ADA, "points": "2000000000", "reason": "why not"}

    answers = [desk.post(f"{OF_ADA}/adjust", form) for _ in range(2)]

    assert notified(answers[0])["title"] == "The change waits for approval"
    assert notified(answers[1])["title"] == "This form was sent before"
    assert "changed" not in notified(answers[1])["text"]
    assert balance(desk) == 0
    assert seen(answers[1]).count("Waits for approval") == 1


def test_an_orders_form_above_the_limit_waits_too(desk: Desk) -> None:
    order_id = paid_order(desk.world)
    form = {"once": once_in(desk.get(f"orders/{order_id}")), "points": "10001", "reason": "late"}

    answer = desk.post(f"orders/{order_id}/adjust", form)
    desk.world.settle()

    assert notified(answer)["title"] == "The change waits for approval"
    assert "Waits for approval" in seen(answer)
    assert desk.world.order(order_id).granted == 100


@pytest.mark.parametrize("action", ["adjust", "write-off"])
def test_an_orders_form_that_is_sent_again_says_so_while_its_change_waits(desk: Desk, action: str) -> None:
    order_id = spend_all_and_refund(desk.world)
    change_store(desk.world.services, desk.world.store().slug, staff_change_max=10)
    form = {"once": once_in(desk.get(f"orders/{order_id}")), "points": "60", "reason": "late"}

    answers = [desk.post(f"orders/{order_id}/{action}", form) for _ in range(2)]

    assert notified(answers[0])["title"] == "The change waits for approval"
    assert notified(answers[1])["title"] == "This form was sent before"
    assert len(requests_of(desk.world.services)) == 1


@pytest.mark.parametrize(("waiting", "said"), [(51, "51"), (1000, "1,000"), (1002, "1,000+")])
def test_all_that_waits_is_counted_and_not_only_what_is_listed(desk: Desk, waiting: int, said: str) -> None:
    user_id = desk.world.saleor.shop.register_customer(ADA)
    ask(desk)
    with desk.world.services.database.writing() as session:
        [asked] = session.exec(select(ApprovalRequestRow))
        session.add_all(ApprovalRequestRow(**asked.model_dump(exclude={"id"})) for _ in range(waiting - 1))

    assert f"Needs approval: {said} " in seen(desk.get("overview"))
    assert f"Needs approval {said}, the oldest 50" in seen(desk.get("approvals"))
    assert f"{said} changes wait for approval" in seen(desk.widget("customer", customerId=user_id))


def test_the_overview_and_the_boxes_show_what_waits(desk: Desk) -> None:
    order_id = paid_order(desk.world)
    user_id = desk.world.saleor.shop.register_customer(ADA)
    ask(desk)
    adjust_order(desk.world.services, desk.world.store().slug, order_id, points=20_000, reason="sorry", who=EVE)

    assert "Needs approval: 2" in seen(desk.get("overview"))
    assert "1 change waits for approval" in seen(desk.widget("order", orderId=order_id))
    assert "1 change waits for approval" in seen(desk.widget("customer", customerId=user_id))


def test_an_approval_makes_the_change_and_is_told_where_it_was_asked_for(desk: Desk) -> None:
    ask(desk)

    assert decide(desk, "approve") == 200

    assert balance(desk) == 20_000
    assert "Approved by admin@example.com" in seen(desk.get(OF_ADA))
    assert decide(desk, "approve") == 422
    assert balance(desk) == 20_000


def test_a_refusal_and_its_reason_are_told_where_it_was_asked_for(desk: Desk) -> None:
    ask(desk)

    assert decide(desk, "refuse", reason="too much") == 200

    assert balance(desk) == 0
    assert re.search("Refused by admin@example.com, .* too much", seen(desk.get(OF_ADA)))


@pytest.mark.parametrize("decision", ["approve", "refuse"])
def test_a_decision_needs_a_reason(desk: Desk, decision: str) -> None:
    ask(desk)

    assert decide(desk, decision, reason=" ") == 422
    assert balance(desk) == 0


@pytest.mark.parametrize("decision", ["approve", "refuse"])
def test_nobody_without_manage_apps_decides(desk: Desk, decision: str) -> None:
    ask(desk)
    order_manager = Desk(desk.world, ("MANAGE_ORDERS",))

    assert decide(order_manager, decision) == 403
    assert balance(desk) == 0
    assert "Only somebody with MANAGE_APPS can decide" in seen(order_manager.get("approvals"))
    assert Desk(desk.world, ("MANAGE_PRODUCTS",)).get("approvals").status_code == 403


def test_who_asked_cannot_post_the_approval(desk: Desk) -> None:
    ask(desk, who="admin@example.com")

    assert ">Approve<" not in desk.get("approvals").text
    assert decide(desk, "approve") == 422
    assert balance(desk) == 0


def test_who_has_a_new_address_is_still_the_one_who_asked(desk: Desk) -> None:
    form = {"once": once_in(desk.get(OF_ADA)), "email": ADA, "points": "20000", "reason": "sorry"}
    desk.post(f"{OF_ADA}/adjust", form)
    decision = {"once": once_in(desk.get(OF_ADA)), "approve-reason-1": "mine"}

    own = desk.post("approvals/1/approve", decision, token=desk.token(email="admin@new.example"))
    colleague = desk.token(email="colleague@example.com", user_id="VXNlcjo5OQ==")
    other = desk.post("approvals/1/approve", decision, token=colleague)

    assert own.status_code == 422
    assert "somebody else has to approve it" in seen(own)
    assert other.status_code == 200
    assert balance(desk) == 20_000


def test_a_new_address_is_no_new_day(desk: Desk) -> None:
    change_store(desk.world.services, desk.world.store().slug, staff_day_max=30)
    answers = []
    for address in ("admin@example.com", "admin@new.example"):
        form = {"once": once_in(desk.get(OF_ADA)), "email": ADA, "points": "20", "reason": "sorry"}
        answers.append(desk.post(f"{OF_ADA}/adjust", form, token=desk.token(email=address)))

    assert [notified(answer)["title"] for answer in answers] == ["20 points given", "The change waits for approval"]
    assert balance(desk) == 20


def test_what_another_store_asked_for_is_neither_shown_nor_decided(desk: Desk) -> None:
    services, once, token = desk.world.services, once_in(desk.get(OF_ADA)), desk.token()
    other = create_store(services, "Other")
    adjust_customer(services, other, ADA, points=20_000, reason="theirs", who=EVE)

    answer = desk.post("approvals/1/approve", {"once": once, "approve-reason-1": "mine now"}, token=token)

    assert answer.status_code == 422
    assert "theirs" not in seen(answer)
    assert "Needs approval" not in seen(desk.get("overview", token=token))
    assert [asked.state for asked in requests_of(services)] == ["waiting"]


@pytest.mark.parametrize("path", ["approvals/1/delete", "approvals/99999999999999999999/approve"])
def test_no_other_decision_exists(desk: Desk, path: str) -> None:
    assert desk.post(path, {"once": once_in(desk.get(OF_ADA))}).status_code == 404


def test_the_limits_are_set_by_a_form(desk: Desk) -> None:
    once = once_in(desk.get("settings"))
    answer = desk.post("settings/limits", {"once": once, "staff_change_max": "7", "staff_day_max": ""})

    store = desk.world.store()
    assert answer.status_code == 200
    assert (store.staff_change_max, store.staff_day_max) == (7, None)


@pytest.mark.parametrize("text", ["-1", "many", "1.5", "2147483648"])
def test_a_limit_that_is_none_is_refused_beside_its_field(desk: Desk, text: str) -> None:
    once = once_in(desk.get("settings"))

    answer = desk.post("settings/limits", {"once": once, "staff_change_max": text, "staff_day_max": "5"})

    assert answer.status_code == 422
    assert 'id="staff_change_max-error"' in answer.text
    assert desk.world.store().staff_day_max == 50_000


def test_only_manage_apps_sets_limits(desk: Desk) -> None:
    once = once_in(desk.get("settings"))

    answer = Desk(desk.world, ("MANAGE_ORDERS",)).post("settings/limits", {"once": once, "staff_change_max": ""})

    assert answer.status_code == 403
    assert desk.world.store().staff_change_max == 10_000


@pytest.mark.parametrize(("permissions", "status"), [(("MANAGE_ORDERS",), 422), (("MANAGE_ORDERS", "MANAGE_APPS"), 200)])
def test_who_may_not_set_limits_moves_no_more_than_they_allow(desk: Desk, permissions: tuple[str, ...], status: int) -> None:
    change_store(desk.world.services, desk.world.store().slug, staff_change_max=10)
    adjust_customer(desk.world.services, desk.world.store().slug, ADA, points=10, reason="sorry", who=EVE)
    paid_order(desk.world)
    mover = Desk(desk.world, permissions)
    form = {"once": once_in(mover.get(OF_ADA)), "email": ADA, "to": "bob@example.com", "reason": "typo"}

    answer = mover.post(f"{OF_ADA}/move", form)

    assert answer.status_code == status
    assert ("MANAGE_APPS can move this customer" in seen(answer)) == (status == 422)
    assert balance(desk) == (10 if status == 422 else 0)


def test_in_the_dashboard_a_change_is_approved_by_two_presses(desk: Desk, dashboard: StandInDashboard, frames: OpenFrame) -> None:
    ask(desk)
    page = frames()
    page.goto(dashboard.page("/approvals"))
    app = app_in(page)

    app.get_by_text("Approve", exact=True).click()
    app.get_by_label("Reason").first.fill("I saw the complaint")
    app.get_by_role("button", name="Approve change").click()

    expect(app.locator("main")).to_contain_text("Nothing waits for approval")
    expect(app.locator("main")).to_contain_text("I saw the complaint")
    assert balance(desk) == 20_000
    assert Opened(page.frames[1]).faults() == []  # type: ignore[arg-type]  # a frame is asked just as a page


def test_whoever_decides_and_manages_no_orders_begins_there_and_finds_no_link_that_is_closed_to_them(desk: Desk) -> None:
    ask(desk)
    decider = Desk(desk.world, ("MANAGE_APPS",))

    page = decider.get("overview")

    assert f"+20,000 {ADA} sorry the limit of one change" in seen(page)
    assert "Approve change" in seen(page)
    assert "/app/customers" not in page.text
    assert "/app/overview" not in page.text
    assert "/app/customers" in desk.get("approvals").text
