"""A day without a word from Saleor, and a day without the provider: both are caught up with, with no one's help."""

from datetime import timedelta

from app.usecases.sweep_orders import sweep_orders
from tests.standins import faults
from tests.world import World

HOURS = 24


def test_a_day_of_silence_is_found_by_one_sweep(world: World) -> None:
    orders = []
    for _ in range(HOURS):
        world.clock.advance(hours=1)
        orders.append(world.saleor.shop.place_paid_order("60"))
    world.saleor.till.refund(orders[0], "20")
    world.saleor.deliveries.lose()

    list(sweep_orders(world.services, timedelta(minutes=5)))
    world.settle()

    assert [world.order(order_id).granted for order_id in orders] == [40, *[60] * (HOURS - 1)]


def test_a_day_without_the_provider_is_made_up_for(coggins_world: World) -> None:
    world = coggins_world
    assert world.coggins is not None
    world.coggins.faults.always(faults.too_many_requests())
    orders = []
    for _ in range(HOURS):
        orders.append(world.saleor.shop.place_paid_order("60"))
        world.deliver()
        world.clock.advance(hours=1)
        world.settle()
    assert {world.order(order_id).granted for order_id in orders} == {0}

    world.coggins.faults.clear()
    for _ in range(3):
        world.clock.advance(hours=1, minutes=15)
        world.settle()

    assert {world.order(order_id).granted for order_id in orders} == {60}
    assert len(world.coggins.books().open_claims) == HOURS
