"""A worker of an older version beside this one's: it does not know what is gone, and gives nothing of it again."""

from uuid import uuid4

import pytest

from app.usecases.settling import taking
from tests.test_settling.test_gone import gone, order_whose_claim_ran_out, require_in_order, waits
from tests.test_settling.test_refunds import paid_order
from tests.world import World


@pytest.fixture
def old_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take leases as an older version does: with hexadecimal tokens."""
    monkeypatch.setattr(taking, "new_lease_token", lambda: uuid4().hex)


@pytest.mark.every_world
@pytest.mark.usefixtures("old_worker")
def test_an_old_worker_takes_what_nothing_is_gone_of(world: World) -> None:
    order_id = paid_order(world, "40")

    assert waits(world, order_id) == 40


@pytest.mark.every_world
def test_an_old_worker_leaves_an_order_of_which_something_is_gone_to_a_new_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = order_whose_claim_ran_out(world)
    with monkeypatch.context() as patched:
        patched.setattr(taking, "new_lease_token", lambda: uuid4().hex)
        world.saleor.till.refund(order_id, "10")
        other = paid_order(world, "25")
        order = world.order(order_id)
        assert (order.lease_token, order.look_at is not None and order.look_at <= world.clock.now) == (None, True)
        assert waits(world, other) == 25

    world.settle()

    assert world.order(order_id).look_at is None
    assert (gone(world), waits(world, order_id)) == ([(40, 0)], 0)
    require_in_order(world, order_id)
