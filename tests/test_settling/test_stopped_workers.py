"""A worker that stops at a bad moment: what it left is finished by the next, and decided anew."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from app.store.models import MovementState
from app.usecases.settle_orders import settle_orders
from tests.test_settling.test_provider_faults import states
from tests.test_settling.test_refunds import ADA
from tests.world import World

# The commits of settling one order: the lease, the plan, that it is being sent.
SENDING = 3


@contextmanager
def at_commit(world: World, number: int, act: Callable[[], None]) -> Iterator[None]:
    """Act just before the n-th commit from now."""
    commits = 0

    def count(_connection: object) -> None:
        nonlocal commits
        commits += 1
        if commits == number:
            act()

    event.listen(world.services.database.engine, "commit", count)
    try:
        yield
    finally:
        event.remove(world.services.database.engine, "commit", count)


def fail() -> None:
    raise OperationalError("COMMIT", {}, Exception("the database went away"))


def test_what_an_earlier_worker_planned_is_finished_and_then_decided_anew(world: World) -> None:
    order_id = world.saleor.shop.place_paid_order("100", email=ADA)
    world.saleor.deliveries.deliver()
    with at_commit(world, SENDING, fail), pytest.raises(OperationalError):
        settle_orders(world.services)
    assert states(world, order_id) == [MovementState.PLANNED]

    world.saleor.shop.cancel(order_id)
    world.clock.advance(minutes=2)
    world.deliver()

    assert sum(movement.points for movement in world.movements(order_id)) == 0
    assert (world.order(order_id).granted, world.order(order_id).problem) == (0, None)
