"""Claims that ran out under a version that counted by the second arithmetic, and did not know yet what is gone.

Such a version came between migrations 0014 and 0026. It kept what ran out as granted, and marked the claim as over.
"""

from collections.abc import Callable

import pytest

from app.domain.arithmetic_versions import SECOND
from app.domain.gone import NOTHING_NEW
from app.usecases.settling import counting_gone
from tests.standins.saleor.shop import Shop
from tests.test_settling.test_gone import give, gone, order_whose_claim_ran_out, require_in_order, says, waits
from tests.test_upgrade.test_settled_orders_stay import upgrade
from tests.world import World

BEFORE_GONE = "0026"
Change = Callable[[World, str], None]


@pytest.fixture
def old_order(world: World, monkeypatch: pytest.MonkeyPatch) -> str:
    """An order of 40 whose claim ran out under the version before, brought to today's tables."""
    with monkeypatch.context() as patched:
        patched.setattr(counting_gone, "_newly_gone", lambda *_: NOTHING_NEW)
        order_id = order_whose_claim_ran_out(world)
        order = world.order(order_id)
        [claim] = world.claims(order_id)
        assert (order.arithmetic, order.due, order.granted, claim.state) == (SECOND, 40, 40, "expired")
    upgrade(world, BEFORE_GONE)
    return order_id


def refund_fails(world: World, order_id: str) -> None:
    world.saleor.till.request_refund(order_id, "10")
    world.deliver()
    world.saleor.till.refund_failed(order_id)


def grows(world: World, order_id: str) -> None:
    Shop.edit_lines(world.saleor.shop, order_id, "60")
    world.saleor.till.charge(order_id, "20")


def gives_five(world: World, order_id: str) -> None:
    give(world, order_id, 5)


def test_the_upgrade_and_a_note_bring_nothing_of_it_back(world: World, old_order: str) -> None:
    world.settle()
    world.saleor.shop.add_note(old_order)
    world.deliver()

    assert (waits(world, old_order), world.points_in_all_balances()) == (0, 0)
    assert says(world, old_order)[0] == "none"
    require_in_order(world, old_order)


@pytest.mark.parametrize(("change", "points"), [(refund_fails, 0), (grows, 20), (gives_five, 5)])
def test_what_changes_later_brings_itself_alone(world: World, old_order: str, change: Change, points: int) -> None:
    change(world, old_order)
    world.deliver()

    assert (gone(world), waits(world, old_order)) == ([(40, 0)], points)
    assert says(world, old_order) == ("ready" if points else "none", str(points))
    require_in_order(world, old_order)
