"""A points provider whose look-ups are slow: customers are looked up side by side, and the lease is kept meanwhile."""

import threading
from collections.abc import Callable

import pytest

from app.domain.store import ClaimLink
from app.providers.coggins.evidence import LOOK_UPS_AT_ONCE
from app.usecases.settling.settle_orders import settle_orders
from tests.standins.faults import Act
from tests.standins.serving import Answer
from tests.test_settling.test_many_workers import place_paid
from tests.test_settling.test_provider_faults import change_award, make_instant, provider
from tests.waiting import PATIENCE_SECONDS
from tests.world import World

ORDERS = 25
SLOW_SECONDS = 3


@pytest.fixture
def world(coggins_world: World) -> World:
    make_instant(coggins_world)
    return coggins_world


def told_of_orders(world: World, count: int = ORDERS) -> list[str]:
    orders = [place_paid(world, f"shopper{number}@example.com") for number in range(count)]
    world.forget_repeated_deliveries()
    world.saleor.deliveries.deliver()
    return orders


def slowly(world: World, meanwhile: Callable[[int], None]) -> Callable[[Act], Answer]:
    """Let each look-up take its time by the clock of the test, and something happen in it; it is told how many went before."""
    lock, count = threading.Lock(), iter(range(10_000))

    def fault(act: Act) -> Answer:
        with lock:
            world.clock.advance(seconds=SLOW_SECONDS)
            meanwhile(next(count))
        return act()

    return fault


def test_no_other_worker_takes_orders_whose_customers_are_looked_up(world: World) -> None:
    orders = told_of_orders(world)
    taken: list[bool] = []
    provider(world).faults.always(slowly(world, lambda _: taken.append(settle_orders(world.services))), on="lookup")

    settle_orders(world.services)

    assert taken == [False] * ORDERS
    assert {world.order(order_id).granted for order_id in orders} == {10}


def test_no_other_worker_takes_orders_that_wait_while_others_of_their_batch_are_sent(world: World) -> None:
    orders = told_of_orders(world, 3 * ORDERS)
    taken: list[bool] = []
    provider(world).faults.always(slowly(world, lambda _: taken.append(settle_orders(world.services))), on="lookup")

    settle_orders(world.services)

    assert not any(taken)
    assert {world.order(order_id).granted for order_id in orders} == {10}
    instants = [request.body for request in provider(world).requests if request.kind == "instant"]
    assert [len(array) for array in instants] == [ORDERS] * 3


def test_no_other_worker_takes_orders_whose_shown_claims_are_looked_at(world: World) -> None:
    change_award(world, "claim")
    world.change_store(claim_link=ClaimLink.DIRECT)
    orders = told_of_orders(world)
    world.settle()
    for order_id in orders:
        provider(world).take(world.metadata(order_id)["points_claim_url"].rsplit("/", 1)[1])
        world.saleor.till.refund(order_id, "4")
    world.saleor.deliveries.deliver()
    taken: list[bool] = []
    provider(world).faults.always(slowly(world, lambda _: taken.append(settle_orders(world.services))), on="lookup")

    settle_orders(world.services)

    assert not any(taken)
    assert {world.order(order_id).granted for order_id in orders} == {6}


def test_customers_are_looked_up_side_by_side_and_only_few_at_once(world: World) -> None:
    orders = told_of_orders(world, 2 * LOOK_UPS_AT_ONCE)
    all_there = threading.Barrier(LOOK_UPS_AT_ONCE)
    lock, inside, most = threading.Lock(), 0, 0

    def wait_for_the_others(act: Act) -> Answer:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        all_there.wait(PATIENCE_SECONDS)
        with lock:
            inside -= 1
        return act()

    provider(world).faults.always(wait_for_the_others, on="lookup")
    settle_orders(world.services)

    assert most == LOOK_UPS_AT_ONCE
    assert {world.order(order_id).granted for order_id in orders} == {10}
