"""The page of staff's changes: who changed what, when and why, newest first."""

import re
from html import unescape

import pytest
from playwright.sync_api import expect

from app.usecases.merchants.adjust_points import adjust_customer, adjust_order, write_off
from app.usecases.merchants.move_customer import move_customer
from tests.standins.dashboard import StandInDashboard
from tests.test_merchant.calls import Desk, seen
from tests.test_merchant.conftest import OpenFrame
from tests.test_merchant.test_orders_page import counted
from tests.test_merchant.test_the_frame import app_in
from tests.test_settling.test_provider_faults import provider
from tests.test_settling.test_refunds import ADA, paid_order, refund, spend
from tests.test_staff.test_list_of_staff_changes import EVE, make_changes
from tests.test_staff.test_moved_customers import work

DAN, BOB = "dan@example.com", "bob@example.com"
# Each of the three tables that keep changes, and what the changes of one page took of orders and of customers.
QUERIES_MAX = 12


def give(desk: Desk, points: int, who: str, reason: str = "welcome") -> None:
    adjust_customer(desk.world.services, desk.world.store().slug, ADA, points=points, reason=reason, who=who)


def let_go(desk: Desk, who: str) -> str:
    """Write off what an order lacks whose points were spent before it was refunded. Gives the order's number."""
    world = desk.world
    order_id = paid_order(world)
    world.claim(order_id)
    spend(world, 60)
    refund(world, order_id, "100")
    number = world.order(order_id).number or ""
    write_off(world.services, world.store().slug, number, who=who)
    world.settle()
    return number


def move(desk: Desk, who: str, from_email: str = ADA, to_email: str = BOB) -> None:
    move_customer(desk.world.services, desk.world.store().slug, from_email, to_email, reason="a typing error", who=who)


def older(text: str) -> str:
    """Give the address of the next page; empty where it is the last."""
    found = re.search(r'href="/app/([^"]*)" rel="next"', text)
    return unescape(found[1]) if found else ""


def test_changes_of_customers_and_orders_are_listed_with_who_and_why(desk: Desk) -> None:
    order_id = paid_order(desk.world)
    give(desk, 30, EVE)
    desk.world.clock.advance(seconds=1)
    adjust_order(desk.world.services, desk.world.store().slug, order_id, points=-5, reason="a mistake", who=BOB)

    text = seen(desk.get("log/changes"))

    of_bob = f"{BOB} \N{MINUS SIGN}5 #{desk.world.order(order_id).number} a mistake"
    of_eve = f"{EVE} +30 {ADA} welcome"
    assert of_bob in text
    assert of_eve in text
    assert text.index(of_bob) < text.index(of_eve)


def test_write_offs_and_moved_customers_stand_among_them_newest_first(desk: Desk) -> None:
    number = let_go(desk, EVE)
    desk.world.clock.advance(seconds=1)
    give(desk, 30, DAN)
    desk.world.clock.advance(seconds=1)
    move(desk, DAN)

    text = seen(desk.get("log/changes"))

    lines = (f"{DAN} 30 {ADA} to {BOB} Moved a typing error", f"{DAN} +30 {ADA} welcome", f"{EVE} 60 #{number} written off")
    assert [line for line in lines if line in text] == list(lines)
    assert sorted(lines, key=text.index) == list(lines)


def test_a_change_that_was_refused_moved_nothing(desk: Desk) -> None:
    adjust_customer(desk.world.services, desk.world.store().slug, ADA, points=-100, reason="a mistake", who=EVE)

    assert f"{EVE} 0 asked \N{MINUS SIGN}100 {ADA} a mistake" in seen(desk.get("log/changes"))
    assert "0 asked \N{MINUS SIGN}100 a mistake" in seen(desk.get(f"customers/{ADA}"))


def test_a_gift_that_coggins_refused_moved_nothing(coggins_desk: Desk) -> None:
    world = coggins_desk.world
    provider(world).rules.refuse_items(lambda _item: True)
    adjust_customer(world.services, world.store().slug, ADA, points=30, reason="welcome", who=EVE)
    work(world)

    assert f"{EVE} 0 asked +30 {ADA} welcome" in seen(coggins_desk.get("log/changes"))


def test_one_staff_users_changes_are_found(desk: Desk) -> None:
    give(desk, 7, DAN)
    number = let_go(desk, EVE)
    move(desk, BOB)

    of_dan, of_eve, of_bob = (seen(desk.get(f"log/changes?who={who}")) for who in (DAN, EVE, BOB))

    written_off, moved = f"#{number} written off", f"{ADA} to {BOB} Moved"
    assert [("+7" in page, written_off in page, moved in page) for page in (of_dan, of_eve, of_bob)] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    assert "No changes by this staff user" in seen(desk.get("log/changes?who=nobody@example.com"))


def test_the_next_page_is_a_link_that_keeps_who_was_asked_for(desk: Desk) -> None:
    count = make_changes(desk.world, 15)

    newest = desk.get(f"log/changes?who={EVE}")
    rest = desk.get(older(newest.text))

    assert rest.status_code == 200
    assert newest.text.count("<tr><td>") == 50
    assert rest.text.count("<tr><td>") == count - 50
    assert older(rest.text) == ""
    assert f'value="{EVE}"' in rest.text


def test_the_older_page_is_there_after_a_click_and_after_a_reload(
    desk: Desk, dashboard: StandInDashboard, frames: OpenFrame
) -> None:
    make_changes(desk.world, 15)
    page = frames()
    page.goto(dashboard.page("/log/changes"))
    expect(app_in(page).locator("tbody tr")).to_have_count(50)

    app_in(page).get_by_role("link", name="Older").click()

    expect(app_in(page).locator("tbody tr")).to_have_count(40)
    page.reload()
    expect(app_in(page).locator("tbody tr")).to_have_count(40)


def test_many_changes_take_as_few_queries_as_one(desk: Desk) -> None:
    make_changes(desk.world, 20)

    with counted(desk.world) as said:
        answer = desk.get("log/changes")

    assert answer.status_code == 200
    assert len(said) <= QUERIES_MAX, said


@pytest.mark.parametrize(
    "key", ["12", "x~adjustment~2026-01-01T00:00:00+00:00", "1~order~2026-01-01T00:00:00+00:00", "1~move~2026-01-01", "%00"]
)
def test_a_key_that_no_page_gave_is_refused(desk: Desk, key: str) -> None:
    assert desk.get("log/changes", params={"before": key}).status_code in {400, 422}


def test_nobody_without_manage_orders_sees_them(desk: Desk) -> None:
    assert Desk(desk.world, permissions=("MANAGE_APPS",)).get("log/changes").status_code == 403
