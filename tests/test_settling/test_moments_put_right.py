"""What a clock that was a day ahead wrote of open movements is put right, and other moments ahead of us do not count."""

from datetime import timedelta

import pytest
from sqlmodel import select, update

from app.db.lanes import is_unclear
from app.db.tables import ApiKeyRow, MovementRow
from app.domain.settlement import MovementState
from app.usecases.api.find_caller import find_caller
from app.usecases.api.manage_keys import create_key
from app.usecases.operating.housekeeping import do_housekeeping
from app.usecases.settling.sweep_orders import sweep_orders
from tests.standins import faults
from tests.test_settling.test_provider_faults import make_instant, provider, states
from tests.test_settling.test_refunds import ADA, paid_order, refund
from tests.test_settling.test_unknown_instants import look_on
from tests.world import World

EVERY = timedelta(minutes=5)


@pytest.fixture
def world(coggins_world: World) -> World:
    make_instant(coggins_world)
    return coggins_world


def put_back(world: World) -> None:
    """Put the clock back by a day. Before and after, the worker does what it does every few minutes."""
    list(sweep_orders(world.services, EVERY))
    world.clock.advance(days=-1)
    do_housekeeping(world.services)
    list(sweep_orders(world.services, EVERY))
    world.settle()


def moments(world: World, order_id: str) -> list[bool]:
    """Tell of each moment of the order's movement whether it is over."""
    [one] = world.movements(order_id)
    return [moment <= world.clock() for moment in (one.planned_at, one.sent_at, one.looked_at) if moment is not None]


def test_a_call_whose_answer_was_lost_then(world: World) -> None:
    world.clock.advance(days=1)
    provider(world).faults.once(faults.cut(), on="instant")
    order_id = paid_order(world)

    put_back(world)
    assert moments(world, order_id) == [True, True]
    began = world.clock()
    look_on(world, order_id, times=3)

    assert states(world, order_id) == [MovementState.ACCEPTED]
    assert provider(world).counts["instant"] == 2
    assert timedelta(minutes=10) <= world.clock() - began < timedelta(minutes=20)


def test_a_call_that_was_looked_at_once_then(world: World) -> None:
    world.clock.advance(days=1)
    provider(world).faults.once(faults.after_acting(faults.cut()), on="instant")
    order_id = paid_order(world)
    look_on(world, order_id, times=1)

    put_back(world)
    assert moments(world, order_id) == [True, True, True]
    began = world.clock()
    look_on(world, order_id, times=3)

    assert states(world, order_id) == [MovementState.ACCEPTED]
    assert provider(world).counts["instant"] == 1
    assert world.clock() - began < timedelta(minutes=20)


def test_a_call_that_was_under_way_then_is_left_time_to_end(world: World) -> None:
    order_id = paid_order(world)
    with world.services.database.writing() as session:
        ahead = world.clock() + timedelta(days=1)
        session.execute(update(MovementRow).values(state=MovementState.SENDING, sent_at=ahead, ended_at=None))

    put_back_at = world.clock() + timedelta(days=-1)
    put_back(world)

    [movement] = world.movements(order_id)
    assert movement.state == MovementState.SENDING
    assert movement.sent_at is not None
    assert put_back_at <= movement.sent_at <= world.clock()


def test_a_change_that_ended_then_makes_no_balance_unclear(world: World) -> None:
    order_id = paid_order(world)
    [movement] = world.movements(order_id)
    now = world.clock()
    with world.services.database.writing() as session:
        session.execute(update(MovementRow).values(ended_at=now + timedelta(days=1)))

    with world.services.database.reading() as session:
        before = is_unclear(session, movement.lane, since=now, looked_at=now, now=now)
        meanwhile = is_unclear(session, movement.lane, since=now, looked_at=now + timedelta(days=1), now=now)

    assert (before, meanwhile) == (False, True)


def test_points_that_were_missing_then(world: World) -> None:
    order_id = paid_order(world)
    provider(world).spend(ADA, 100)
    world.clock.advance(days=1)
    refund(world, order_id, "100")
    world.settle()
    assert world.order(order_id).shortfall == 100

    put_back(world)

    look_at = world.order(order_id).look_at
    assert look_at is not None
    assert look_at <= world.clock() + timedelta(hours=1)


def test_the_last_use_of_a_key(embedded_world: World) -> None:
    world = embedded_world
    key = create_key(world.services, world.store().slug)
    world.clock.advance(days=1)
    find_caller(world.services, key)
    world.clock.advance(days=-1)

    find_caller(world.services, key)

    with world.services.database.reading() as session:
        last_used_at = session.exec(select(ApiKeyRow.last_used_at)).one()
    assert last_used_at is not None
    assert last_used_at <= world.clock()


def test_nothing_is_written_where_all_is_right(world: World) -> None:
    provider(world).faults.once(faults.cut(), on="instant")
    order_id = paid_order(world)
    before = world.movements(order_id)

    do_housekeeping(world.services)

    assert world.movements(order_id) == before
