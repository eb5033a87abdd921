"""Staff move customers at the same moment, on PostgreSQL: nothing is lost, and nothing is stuck.

Each two moves have looked at what there is before either begins, and wait for each other in the database.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import permutations

import pytest
from sqlalchemy import text

from app.errors import BadRequest
from app.usecases.merchants.move_customer import _MOVES_LOCK, move_customer
from tests.test_settling.test_provider_faults import make_instant
from tests.test_settling.test_refunds import ADA, paid_order, refund
from tests.test_staff.test_moved_customers import BOB, EVE, differences, moves, slug, work
from tests.waiting import wait_until
from tests.world import World

pytestmark = [pytest.mark.every_world, pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)]

Addresses = tuple[str, str]
BOTH_WAYS = ((ADA, BOB), (BOB, ADA))
TO_TWO = ((ADA, BOB), (ADA, EVE))
IN_A_CHAIN = ((ADA, BOB), (BOB, EVE))
TOGETHER = [pair for pairs in (BOTH_WAYS, TO_TWO, IN_A_CHAIN) for pair in permutations(pairs)]


def two_orders(world: World) -> tuple[str, str]:
    """Let Ada have 60 points of an order, and Bob 10 of another."""
    make_instant(world)
    orders = paid_order(world, "60"), paid_order(world, "10", email=BOB)
    # A move takes along what was there before it.
    world.clock.advance(seconds=1)
    return orders


@contextmanager
def nobody_moves(world: World) -> Iterator[None]:
    """Let every move wait before it begins."""
    with world.services.database.writing() as session:
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MOVES_LOCK})
        yield


def how_many_wait(world: World) -> int:
    query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = :lock AND NOT granted"
    with world.services.database.reading() as session:
        return int(session.execute(text(query), {"lock": _MOVES_LOCK}).scalar_one())


def try_to_move(world: World, addresses: Addresses) -> str:
    """Move a customer, and give what staff are told where it is not possible."""
    try:
        move_customer(world.services, slug(world), *addresses, reason="a new address", who="ann@shop.example")
    except BadRequest as refused:
        return str(refused)
    return "moved"


def move_at_once(world: World, *together: Addresses) -> list[str]:
    """Let moves begin in this order, each before the one before it is done."""
    with ThreadPoolExecutor(len(together)) as pool:
        begun: list[Future[str]] = []
        with nobody_moves(world):
            for addresses in together:
                begun.append(pool.submit(try_to_move, world, addresses))
                wait_until(lambda: how_many_wait(world) == len(begun), what="a move waits for the others")
        return [one.result() for one in begun]


def held(world: World) -> dict[str, int]:
    return {email: points for email in (ADA, BOB, EVE) if (points := world.balance(email).available)}


def go_on(world: World) -> None:
    """Let the worker go on, also with what waits for another change."""
    for _ in range(3):
        work(world)
        world.clock.advance(minutes=6)


def require_nothing_lost(world: World, orders: tuple[str, str]) -> None:
    """Require that both orders' points are there, and that refunds find all of them, wherever they are now."""
    assert sum(held(world).values()) == 70
    assert {state for state, _ in moves(world)} == {"done"}
    assert differences(world) == []
    for order_id, amount in zip(orders, ("60", "10"), strict=True):
        refund(world, order_id, amount)
    go_on(world)
    assert held(world) == {}
    for order_id in orders:
        order = world.order(order_id)
        assert (order.granted, order.shortfall, order.problem) == (0, 0, None)
    assert differences(world) == []


@pytest.mark.parametrize("together", TOGETHER, ids=lambda pair: " and ".join(f"{one[:3]} to {two[:3]}" for one, two in pair))
def test_two_moves_at_once_lose_nothing(world: World, together: tuple[Addresses, ...]) -> None:
    orders = two_orders(world)

    said = move_at_once(world, *together)
    go_on(world)

    assert said[0] == "moved"
    assert said[1] == "moved" or "moved already" in said[1] or "Nothing is known" in said[1]
    require_nothing_lost(world, orders)


def test_what_comes_of_two_moves_at_once_is_what_comes_of_one_after_the_other(embedded_world: World) -> None:
    world = embedded_world
    two_orders(world)

    assert move_at_once(world, *IN_A_CHAIN) == ["moved", "moved"]

    assert held(world) == {EVE: 70}


def test_many_moves_at_once_while_a_worker_settles_lose_nothing(world: World) -> None:
    orders = two_orders(world)
    every = [*permutations((ADA, BOB, EVE), 2)] * 2

    with ThreadPoolExecutor(len(every) + 1) as pool:
        settling = pool.submit(go_on, world)
        said = list(pool.map(lambda addresses: try_to_move(world, addresses), every))
        settling.result()
    go_on(world)

    assert "moved" in said
    require_nothing_lost(world, orders)
