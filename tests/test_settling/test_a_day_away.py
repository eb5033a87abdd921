"""A day without a word from Saleor or from the provider, an hour without us: all is caught up with, with no one's help."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from app.db.tables import AccountRow, StoreRow
from app.providers.coggins.http import CogginsProvider
from app.providers.protocol import PointsProvider
from app.usecases.settling.sweep_orders import sweep_orders
from tests.standins import faults
from tests.standins.faults import Fault
from tests.standins.saleor import State
from tests.standins.saleor.deliveries import ATTEMPTS_MAX
from tests.world import World

HOURS = 24
# Where each order costs a call to the provider again and again, one every three hours shows the same.
ORDERS = 8
# Nothing listens on it.
NOWHERE = "http://127.0.0.1:1"


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


def _a_day_of_orders(world: World) -> list[str]:
    orders = []
    for _ in range(ORDERS):
        orders.append(world.saleor.shop.place_paid_order("60"))
        world.deliver()
        world.clock.advance(hours=HOURS // ORDERS)
        world.settle()
    return orders


def _catch_up(world: World) -> None:
    for _ in range(3):
        world.clock.advance(hours=1, minutes=15)
        world.settle()


def _assert_each_has_its_link(world: World, orders: list[str]) -> None:
    assert {world.order(order_id).granted for order_id in orders} == {60}
    # As many as one address may ask for in a minute.
    for order_id in orders[:5]:
        world.claim(order_id)
    assert world.points_in_all_balances() == 60 * 5


def _with_little_patience(world: World) -> World:
    """Give up each call to the provider at once: a day of twenty seconds each takes long."""

    def provider_of(store: StoreRow, account: AccountRow) -> PointsProvider:
        provider = world.services.provider_of(store, account)
        assert isinstance(provider, CogginsProvider)
        return replace(provider, total_seconds=0.05)

    return replace(world, services=replace(world.services, provider_of=provider_of))


def _move_account(world: World, url: str | None) -> str | None:
    with world.services.database.writing() as session:
        account = session.exec(select(AccountRow)).one()
        before, account.url = account.url, url
        session.add(account)
    return before


@pytest.mark.parametrize(
    "fault",
    [faults.too_many_requests(), faults.status(500), faults.status(503), faults.html(502), faults.cut()],
    ids=["patience", "500", "503", "a proxy's page", "cut"],
)
def test_a_day_without_the_provider_is_made_up_for(coggins_world: World, fault: Fault) -> None:
    world = coggins_world
    assert world.coggins is not None
    world.coggins.faults.always(fault)
    orders = _a_day_of_orders(world)
    assert {world.order(order_id).granted for order_id in orders} == {0}

    world.coggins.faults.clear()
    _catch_up(world)

    assert {world.order(order_id).granted for order_id in orders} == {60}
    assert len(world.coggins.books().open_claims) == ORDERS


@pytest.mark.parametrize("fault", [faults.hang(), faults.after_acting(faults.hang())], ids=["does nothing", "acts"])
def test_a_day_in_which_the_provider_hangs_is_made_up_for(coggins_world: World, fault: Fault) -> None:
    world = coggins_world
    assert world.coggins is not None
    world.coggins.faults.always(fault)
    orders = _a_day_of_orders(_with_little_patience(world))
    assert {world.order(order_id).granted for order_id in orders} == {0}

    world.coggins.faults.clear()
    _catch_up(world)

    _assert_each_has_its_link(world, orders)


def test_a_day_of_refused_connections_is_made_up_for(coggins_world: World) -> None:
    world = coggins_world
    assert world.coggins is not None
    url = _move_account(world, NOWHERE)
    orders = _a_day_of_orders(world)
    assert {world.order(order_id).granted for order_id in orders} == {0}

    _move_account(world, url)
    _catch_up(world)

    assert {world.order(order_id).granted for order_id in orders} == {60}
    assert len(world.coggins.books().open_claims) == ORDERS


def test_a_day_of_lost_answers_is_made_up_for(coggins_world: World) -> None:
    """The provider acts, and nobody hears of it: each order ends with one link all the same, to a claim that there is."""
    world = coggins_world
    assert world.coggins is not None
    world.coggins.faults.always(faults.after_acting(faults.cut()))
    orders = _a_day_of_orders(world)

    world.coggins.faults.clear()
    _catch_up(world)

    _assert_each_has_its_link(world, orders)


def test_an_hour_in_which_saleor_could_not_reach_us_heals_by_itself(world: World) -> None:
    """Saleor tries six times within five minutes, and never again."""
    orders = [world.saleor.shop.place_paid_order("60") for _ in range(5)]
    world.saleor.till.refund(orders[0], "20")
    deliveries = world.saleor.deliveries
    for delivery in deliveries.queued:
        delivery.webhook = replace(delivery.webhook, target_url=NOWHERE)
    given_up = deliveries.deliver()
    for _ in range(ATTEMPTS_MAX):
        deliveries.retry_failed()
    assert {delivery.state for delivery in given_up} == {State.FAILED}
    assert world.orders() == []

    world.clock.advance(hours=1)
    list(sweep_orders(world.services, timedelta(minutes=5)))
    world.settle()

    assert [world.order(order_id).granted for order_id in orders] == [40, 60, 60, 60, 60]
