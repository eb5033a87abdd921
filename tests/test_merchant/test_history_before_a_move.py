"""The page of a customer who was moved: what happened at the old address until then follows, and is marked."""

import re

import pytest

from app.usecases.operating.show_customer import show_customer
from tests.test_merchant.calls import Desk, once_in, seen
from tests.test_rewards.conftest import opened
from tests.test_settling.test_refunds import ADA, paid_order, refund
from tests.test_staff.command_line import typed
from tests.test_staff.test_moved_customers import BOB, EVE, move, work
from tests.world import SECRET_KEY, World

MINUS = "\N{MINUS SIGN}"
AS_ADA = f"before the move, as {ADA}"
# A change and the balance after it, before the order's number or a dash.
CHANGE = r" ([+-][\d,]+) -?[\d,]+ (?:#\d+|\N{EN DASH}) "


def page_of(desk: Desk, email: str) -> str:
    return seen(desk.get(f"customers/{email}"))


def claimed(world: World, amount: str, email: str = ADA) -> str:
    order_id = paid_order(world, amount, email=email)
    world.claim(order_id, email)
    world.settle()
    return order_id


def number(world: World, order_id: str) -> str:
    return f"#{world.order(order_id).number}"


def test_the_new_address_lists_the_orders_and_changes_from_before(desk: Desk) -> None:
    world = desk.world
    first = claimed(world, "60")
    refund(world, first, "20")
    move(world)
    second = claimed(world, "7", BOB)

    page = page_of(desk, BOB)

    assert f"{number(world, first)} {AS_ADA}" in page
    assert f"{number(world, second)} {AS_ADA}" not in page
    changes = page[page.index("Points history") :]
    assert f"Claimed +7 47 {number(world, second)}" in changes
    assert f"Moved from {ADA} +40 40" in changes
    assert f"Moved to {BOB} {AS_ADA} {MINUS}40 0" in changes
    assert f"Taken back {AS_ADA} {MINUS}20 40 {number(world, first)}" in changes
    assert f"Claimed {AS_ADA} +60 60 {number(world, first)}" in changes
    assert "all changes add up to the balance of today" in changes


def test_all_changes_add_up_to_the_balance(desk: Desk) -> None:
    world = desk.world
    refund(world, claimed(world, "60"), "20")
    claimed(world, "5", BOB)
    move(world)
    move(world, BOB, EVE)
    claimed(world, "9", EVE)

    history = seen(desk.get(f"customers/{EVE}"))
    history = history[history.index("Balance after") :].replace(MINUS, "-")

    changes = re.findall(CHANGE, history)
    assert sum(map(int, changes)) == world.balance(EVE).available == 54
    assert len(changes) == 8


def test_what_comes_to_the_old_address_later_is_not_listed(desk: Desk) -> None:
    world = desk.world
    claimed(world, "60")
    move(world)
    world.clock.advance(hours=1)
    later = claimed(world, "33")

    page = page_of(desk, BOB)

    assert number(world, later) not in page
    assert "+33" not in page
    assert "+33" in page_of(desk, ADA)


def test_a_chain_of_moves_is_listed_with_each_address(desk: Desk) -> None:
    world = desk.world
    first = claimed(world, "60")
    move(world)
    second = claimed(world, "7", BOB)
    move(world, BOB, EVE)

    page = page_of(desk, EVE)

    assert f"{number(world, first)} {AS_ADA}" in page
    assert f"{number(world, second)} before the move, as {BOB}" in page


def test_somebody_who_was_moved_away_and_back_is_listed_once(desk: Desk) -> None:
    world = desk.world
    claimed(world, "60")
    move(world)
    world.clock.advance(hours=1)
    claimed(world, "7", BOB)
    move(world, BOB, ADA)

    page = page_of(desk, ADA)
    changes = page[page.index("Points history") :]

    assert changes.count("Claimed +60 60") == 1
    assert f"Claimed before the move, as {BOB} +7 67" in changes


def test_pages_of_a_moved_history_hold_each_change_once(desk: Desk) -> None:
    world = desk.world
    order_id = paid_order(world, "900")
    world.claim(order_id)
    for _ in range(40):
        refund(world, order_id, "1")
    move(world)
    order_id = paid_order(world, "900", email=BOB)
    world.claim(order_id, BOB)
    for _ in range(40):
        refund(world, order_id, "1")

    found, place = [], f"customers/{BOB}"
    while place:
        answer = desk.get(place)
        page = seen(answer)
        found += re.findall(CHANGE, page[page.index("Balance after") :].replace(MINUS, "-"))
        older = re.search(r'href="/app/(customers/[^"]*\?before=\d+)"', answer.text)
        place = older[1] if older is not None else ""

    assert len(found) == 1 + 40 + 2 + 1 + 40


def test_at_coggins_the_orders_and_requests_from_before_follow(coggins_desk: Desk) -> None:
    world = coggins_desk.world
    order_id = claimed(world, "60")
    refund(world, order_id, "20")
    world.settle()
    move(world)
    work(world)

    page = page_of(coggins_desk, BOB)

    assert f"{number(world, order_id)} {AS_ADA}" in page
    assert f"{AS_ADA} {MINUS}20 {number(world, order_id)}" in page


def test_the_command_shows_them_too(desk: Desk) -> None:
    world = desk.world
    claimed(world, "60")
    move(world)

    kept = show_customer(world.services, world.store().slug, BOB, history_size=10)

    assert [(entry.what, entry.amount, entry.former_email) for entry in kept.history.entries] == [
        (f"Moved from {ADA}", 60, ""),
        (f"Moved to {BOB}", -60, ADA),
        ("Claimed", 60, ADA),
    ]


@pytest.mark.parametrize("desk_of", ["desk", "coggins_desk"])
def test_the_rewards_from_before_follow(desk_of: str, request: pytest.FixtureRequest) -> None:
    desk: Desk = request.getfixturevalue(desk_of)
    world, shop = desk.world, opened(desk.world)
    reward, voucher = shop.reward(), shop.voucher()
    shop.taken(reward)
    move(world)
    shop.work()
    shop.taken(voucher, email=BOB)
    shop.work()

    page = page_of(desk, BOB)
    rewards = page[page.index("Rewards taken") :]

    assert f"Ten {AS_ADA} 500" in rewards
    assert "Fifteen off 300" in rewards
    assert "Fifteen off" not in page_of(desk, ADA)


def test_a_reward_from_before_is_withdrawn_on_the_page_of_today(desk: Desk) -> None:
    world, shop = desk.world, opened(desk.world)
    shop.taken(shop.reward())
    move(world)
    shop.work()
    page = desk.get(f"customers/{BOB}")
    form = {"once": once_in(page), "email": BOB, "redemption": str(shop.rows()[0].id)}

    answer = desk.post(f"customers/{BOB}/withdraw-reward", form)
    shop.work()
    shop.wait(minutes=11)
    shop.wait(minutes=11)

    assert re.search(f"Ten {AS_ADA} 500 .* Being withdrawn", seen(answer))
    assert (world.balance(ADA).available, world.balance(BOB).available) == (0, 1_200)


def test_the_command_shows_the_rewards_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    world, shop = desk.world, opened(desk.world)
    monkeypatch.setenv("DATABASE_URL", world.settings.database_url)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    shop.taken(shop.reward())
    move(world)

    said = typed("customers", "show", BOB, "--store", world.store().slug).output

    assert "Rewards (1)" in said
    assert re.search(f"{ADA} +Ten +500 +0 +given", said)
