"""A shopper takes a claim, staff withdraw it, and the shop refunds a part of its order, all in the same moments.

Whoever is first: what staff withdrew is counted at what it really took, and a gift that comes later comes whole.
"""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event

import pytest

from app.errors import BadRequest
from app.usecases.merchants.adjust_points import adjust_order
from app.usecases.merchants.void_claim import void_claim
from app.usecases.operating.verify_books import verify_books
from app.usecases.settling.settle_orders import settle_orders
from tests.world import World

pytestmark = [pytest.mark.every_world, pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)]

# Each link is opened twice, by four requests. One address may send 60 in a minute.
ORDERS = 6
WHO = "Grace, support"
# Claimed first: the refund took 15 of 40. Withdrawn first: nothing is left.
ENDS = {25, 0}


def claim(world: World, order_id: str) -> None:
    with suppress(AssertionError, ValueError):  # There is no link any more.
        world.claim(order_id)


def withdraw(world: World, order_id: str) -> None:
    for one in world.claims(order_id):
        with suppress(BadRequest):  # It was taken, or its link is out.
            void_claim(world.services, world.store().id or 0, one.id, reason="fraud", who=WHO)


def refund(world: World, order_id: str) -> None:
    world.saleor.till.refund(order_id, "15")
    world.saleor.deliveries.deliver()


def race(world: World, orders: Sequence[str], seed: int) -> None:
    """Let three people go through the orders, each in an order of their own, while a worker settles."""
    draw, is_over = random.Random(seed), Event()

    def go_through(do: Callable[[World, str], None], mine: Sequence[str]) -> None:
        for order_id in mine:
            do(world, order_id)

    def settle() -> None:
        while not is_over.is_set():
            settle_orders(world.services)

    with ThreadPoolExecutor(4) as pool:
        worker = pool.submit(settle)
        people = [pool.submit(go_through, do, draw.sample(orders, len(orders))) for do in (claim, withdraw, refund)]
        try:
            for one in people:
                one.result()
        finally:
            is_over.set()
        worker.result()


def come_to_rest(world: World) -> None:
    for _ in range(3):
        world.deliver()
        world.clock.advance(hours=7)
    world.settle()


@pytest.mark.parametrize("seed", range(2))
def test_no_order_drifts_and_a_later_gift_comes_whole(world: World, seed: int) -> None:
    orders = [world.saleor.shop.place_paid_order("40", email=f"shopper-{number}@example.com") for number in range(ORDERS)]
    world.deliver()

    race(world, orders, seed)
    come_to_rest(world)
    granted = {order.saleor_order_id: order.granted for order in world.orders()}
    assert set(granted.values()) <= ENDS
    for order_id in orders:
        adjust_order(world.services, world.store().slug, order_id, points=10, reason="sorry", who=WHO)
    come_to_rest(world)
    for order_id in orders:
        world.claim_what_waits(order_id)
    come_to_rest(world)

    for order in world.orders():
        assert (order.due, order.shortfall, order.problem) == (order.granted, 0, None)
        assert order.granted == granted[order.saleor_order_id] + 10
    assert world.points_in_all_balances() == sum(granted.values()) + 10 * ORDERS
    assert [difference for verified in verify_books(world.services) for difference in verified.differences] == []
