"""The whole history of a balance: every change of it, whoever made it, with the balance after it."""

import requests
from sqlmodel import select

from app.db.tables import PointsEntryRow
from app.usecases.api.manage_keys import create_key
from app.usecases.merchants.adjust_points import adjust_customer
from app.usecases.spending.look_after_spends import look_after_spends
from tests.test_merchant.calls import TIMEOUT, Desk, seen
from tests.test_settling.test_refunds import ADA, paid_order, refund
from tests.test_spending.paying import PayingShop
from tests.world import World


def till_takes(world: World, key: str, points: int) -> None:
    """Let a till take points through the served Points API."""
    item = {"type": "INSTANT", "amount": -points, "email": ADA}
    answer = requests.post(f"{world.url}/api/v1/points/{key}/INSTANT", json=[item], timeout=TIMEOUT)
    assert answer.status_code < 300, answer.text


def test_what_a_till_took_stands_in_the_history_with_its_keys_name(desk: Desk) -> None:
    world = desk.world
    order_id = paid_order(world)
    world.claim(order_id)
    till_takes(world, key_of_a_till(world), 80)

    text = seen(desk.get(f"customers/{ADA}"))

    number = world.order(order_id).number
    assert "\N{MINUS SIGN}80 20 \N{EN DASH} API key till" in text
    assert f"Claimed +100 100 #{number} Order" in text


def test_what_a_refund_took_back_is_named_so_with_its_order(desk: Desk) -> None:
    world = desk.world
    order_id = paid_order(world)
    world.claim(order_id)
    refund(world, order_id, "5")

    text = seen(desk.get(f"customers/{ADA}"))

    assert f"Taken back \N{MINUS SIGN}5 95 #{world.order(order_id).number} Order" in text


def test_what_was_paid_at_a_till_and_what_came_back_stands_in_it_with_the_receipt(desk: Desk) -> None:
    world = desk.world
    adjust_customer(world.services, world.store().slug, ADA, points=30, reason="welcome", who="eve@example.com")
    till = {"X-Api-Key": key_of_a_till(world), "Idempotency-Key": "1"}
    asked = {"email": ADA, "points": 20, "reference": "receipt 17"}
    spent = requests.post(f"{world.url}/api/v1/spends", json=asked, headers=till, timeout=TIMEOUT).json()
    address = f"{world.url}/api/v1/spends/{spent['id']}/give-back"
    requests.post(address, json={"points": 5}, headers=till | {"Idempotency-Key": "2"}, timeout=TIMEOUT)

    text = seen(desk.get(f"customers/{ADA}"))

    assert "Spent \N{MINUS SIGN}20 10 \N{EN DASH} API key till receipt 17" in text
    assert "Given back +5 15 \N{EN DASH} API key till receipt 17" in text


def test_what_was_paid_at_the_checkout_is_the_checkouts_and_then_the_orders(desk: Desk) -> None:
    world, shop = desk.world, PayingShop(desk.world)
    shop.open()
    adjust_customer(world.services, world.store().slug, ADA, points=2_000, reason="welcome", who="eve@example.com")
    checkout_id = shop.cart("15")
    shop.pay(checkout_id)

    before = seen(desk.get(f"customers/{ADA}"))
    order_id = world.saleor.checkouts.complete(checkout_id)
    world.deliver()
    world.clock.advance(minutes=2)
    look_after_spends(world.services)
    page = desk.get(f"customers/{ADA}")

    assert "Spent \N{MINUS SIGN}1,500 500 \N{EN DASH} Checkout" in before
    assert f"Spent \N{MINUS SIGN}1,500 500 #{world.order(order_id).number} Order" in seen(page)
    assert "Points API" not in seen(page)


def test_a_change_by_staff_stands_in_it_with_who_and_why(desk: Desk) -> None:
    adjust_customer(desk.world.services, desk.world.store().slug, ADA, points=30, reason="welcome", who="eve@example.com")

    assert "Given +30 30 \N{EN DASH} eve@example.com welcome" in seen(desk.get(f"customers/{ADA}"))


def test_the_history_is_paged_and_misses_nothing(desk: Desk) -> None:
    world = desk.world
    for _ in range(52):
        adjust_customer(world.services, world.store().slug, ADA, points=1, reason="often", who="eve@example.com")
    with world.services.database.reading() as session:
        ids = sorted((entry.id or 0 for entry in session.exec(select(PointsEntryRow))), reverse=True)

    newest = desk.get(f"customers/{ADA}")
    older = desk.get(f"customers/{ADA}?before={ids[49]}")

    assert f"before={ids[49]}" in newest.text
    assert "Given +1 52 \N{EN DASH}" in seen(newest)
    assert seen(older).count("Given +1") == 2
    assert "Given +1 1 \N{EN DASH}" in seen(older)
    assert f"after={ids[50]}" in older.text
    assert seen(desk.get(f"customers/{ADA}?after={ids[50]}")).count("Given +1") == 50


def test_at_coggins_the_page_says_what_it_cannot_see(coggins_desk: Desk) -> None:
    paid_order(coggins_desk.world)

    text = seen(coggins_desk.get(f"customers/{ADA}"))

    assert "cannot see what other programs changed" in text
    assert "Points history" not in text


def key_of_a_till(world: World) -> str:
    return create_key(world.services, world.store().slug, "till")


def test_what_waits_to_be_claimed_stands_beside_the_balance(desk: Desk) -> None:
    order_id = paid_order(desk.world)

    waiting = seen(desk.get(f"customers/{ADA}"))
    desk.world.claim(order_id)

    assert "Waiting 100 to be claimed" in waiting
    assert "Waiting" not in seen(desk.get(f"customers/{ADA}"))
