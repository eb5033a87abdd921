"""The app is removed from Saleor while a batch of its orders is in hand: nothing breaks, and nothing is lost for later."""

import pytest

from tests.standins.faults import Act, Fault
from tests.standins.serving import Answer
from tests.world import World


def _removing(world: World) -> Fault:
    """Let the app be removed, and its end be told, just before Saleor answers."""

    def remove(act: Act) -> Answer:
        answer = act()
        [app_id] = world.saleor.apps.installed
        world.saleor.apps.uninstall(app_id)
        world.saleor.deliveries.deliver()
        return answer

    return remove


@pytest.mark.parametrize("call", ["Orders", "UpdateMetadata"])
def test_its_orders_come_right_once_it_is_back(embedded_world: World, call: str) -> None:
    world = embedded_world
    orders = [world.saleor.shop.place_paid_order("60", email=f"shopper{n}@example.com") for n in range(3)]
    world.saleor.deliveries.deliver()
    world.saleor.faults.once(_removing(world), on=call)
    world.settle()
    if call == "Orders":
        assert world.store().state == "deleted"
        assert world.store().token_sealed is None

    world.install()
    world.clock.advance(minutes=10)
    world.settle()

    assert [world.order(order_id).granted for order_id in orders] == [60] * 3
    assert [len(world.movements(order_id)) for order_id in orders] == [1] * 3
