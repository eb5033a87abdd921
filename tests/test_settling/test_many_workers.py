"""Several workers at once: no order twice, no store starved, one customer's INSTANTs in line."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import col, select

from app.db.queue import LEASE, lease, note_served
from app.db.tables import OrderRow, StoreRow
from app.saleor.order_calls import ORDERS_MAX
from app.usecases.settling.settle_orders import settle_orders
from tests.clock import MovableClock
from tests.standins.coggins import StandInCoggins
from tests.standins.saleor import SigningKey, StandInSaleor
from tests.test_settling.test_provider_faults import make_instant, provider
from tests.test_settling.test_refunds import ADA, refund
from tests.world import World, open_world


def serve(world: World, store_id: int) -> None:
    """Note that a store was served just now."""
    with world.services.database.writing() as session:
        note_served(session, session.get_one(StoreRow, store_id), world.clock())


def place_paid(world: World, email: str = ADA, amount: str = "10") -> str:
    order_id = world.saleor.shop.place_order(amount, email=email)
    world.saleor.till.charge(order_id, amount)
    return order_id


def work(world: World, workers: int) -> None:
    """Let several workers settle side by side until nothing waits."""
    faults: list[BaseException] = []

    def loop() -> None:
        try:
            while settle_orders(world.services):
                pass
        except BaseException as error:  # noqa: BLE001 - shown by the test
            faults.append(error)

    threads = [threading.Thread(target=loop) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_workers_side_by_side_settle_every_order_once(world: World) -> None:
    orders = [place_paid(world, f"shopper{number}@example.com") for number in range(130)]
    world.forget_repeated_deliveries()
    world.saleor.deliveries.deliver()

    work(world, 4)
    world.settle()

    assert all(len(world.movements(order_id)) == 1 for order_id in orders)
    assert {order.granted for order in world.orders()} == {10}
    if world.coggins is not None:
        assert len(world.coggins.books().claims) == 130


def test_one_customers_instants_stand_in_line_whoever_works(coggins_world: World) -> None:
    make_instant(coggins_world)
    for _ in range(12):
        place_paid(coggins_world)
    coggins_world.saleor.deliveries.deliver()

    for _ in range(15):
        work(coggins_world, 3)
        coggins_world.clock.advance(seconds=3)

    assert {order.granted for order in coggins_world.orders()} == {10}
    assert coggins_world.balance(ADA).available == 120
    arrays = [request.body for request in provider(coggins_world).requests if request.kind == "instant"]
    assert all(len(array) == 1 for array in arrays)


def test_orders_woken_again_and_again_while_workers_settle_end_right(embedded_world: World) -> None:
    world = embedded_world
    orders = [place_paid(world, f"shopper{number}@example.com", "100") for number in range(30)]
    stop = threading.Event()

    def refund_and_tell() -> None:
        for order_id in orders:
            world.saleor.till.refund(order_id, "37")
            world.saleor.deliveries.duplicate()
            world.saleor.deliveries.deliver()
        stop.set()

    teller = threading.Thread(target=refund_and_tell)
    teller.start()
    while not stop.is_set():
        work(world, 2)
    teller.join()
    work(world, 2)
    world.clock.advance(seconds=10)
    world.settle()

    assert {order.granted for order in world.orders()} == {63}


def test_a_lease_that_ran_out_is_another_workers_and_the_first_writes_nothing(embedded_world: World) -> None:
    world = embedded_world
    order_id = place_paid(world)
    world.saleor.deliveries.deliver()
    read_orders = world.services.saleor.orders.read

    def slowly(*args: object, **options: object) -> object:
        read = read_orders(*args, **options)  # type: ignore[arg-type]  # handed on as they come
        world.services.saleor.orders.read = read_orders  # type: ignore[method-assign]
        world.clock.now += LEASE + timedelta(seconds=1)
        settle_orders(world.services)
        return read

    world.services.saleor.orders.read = slowly  # type: ignore[method-assign,assignment]  # to be in the middle
    settle_orders(world.services)

    assert [movement.points for movement in world.movements(order_id)] == [10]
    assert world.order(order_id).granted == 10
    assert world.order(order_id).lease_token is None


@pytest.mark.parametrize("stopped_at", ["read", "write_metadata"])
def test_a_worker_that_was_stopped_leaves_no_older_words_on_an_order(embedded_world: World, stopped_at: str) -> None:
    world = embedded_world
    order_id = place_paid(world)
    world.saleor.deliveries.deliver()
    calls = world.services.saleor.orders
    ask = getattr(calls, stopped_at)

    def stopped(*args: object, **options: object) -> object:
        setattr(calls, stopped_at, ask)
        read = ask(*args, **options) if stopped_at == "read" else None
        world.clock.now += LEASE + timedelta(seconds=1)
        refund(world, order_id, "4")
        assert world.metadata(order_id)["points_amount"] == "6"
        return read or ask(*args, **options)

    setattr(calls, stopped_at, stopped)
    settle_orders(world.services)
    world.settle()

    assert world.metadata(order_id)["points_amount"] == "6"
    assert world.order(order_id).granted == 6


def test_leases_of_two_workers_never_share_an_order(embedded_world: World) -> None:
    world = embedded_world
    for _ in range(10):
        place_paid(world)
    world.saleor.deliveries.deliver()
    store_id = world.store().id or 0

    with world.services.database.writing() as session:
        first = lease(session, store_id, "a", limit=6, now=world.clock())
    with world.services.database.writing() as session:
        second = lease(session, store_id, "b", limit=6, now=world.clock())

    assert (len(first), len(second)) == (6, 4)
    assert not {order.id for order in first} & {order.id for order in second}


@pytest.fixture
def other_saleor(clock: MovableClock, signing_key: SigningKey) -> Iterator[StandInSaleor]:
    with StandInSaleor(clock, key=signing_key) as running:
        yield running


def granted_by_store(world: World) -> dict[int, list[int]]:
    granted: dict[int, list[int]] = {}
    for order in world.orders():
        granted.setdefault(order.store_id, []).append(order.granted)
    return granted


def test_a_hot_store_does_not_starve_the_others(embedded_world: World, other_saleor: StandInSaleor) -> None:
    other = replace(embedded_world, saleor=other_saleor)
    other.install()
    for _ in range(2 * ORDERS_MAX + 10):
        place_paid(embedded_world)
    embedded_world.forget_repeated_deliveries()
    embedded_world.saleor.deliveries.deliver()
    embedded_world.clock.advance(seconds=1)
    place_paid(other)
    other.saleor.deliveries.deliver()

    settle_orders(embedded_world.services)
    settle_orders(embedded_world.services)

    assert granted_by_store(embedded_world)[2] == [10]


def test_a_store_that_was_served_by_a_clock_ahead_of_ours_is_not_behind_all_others(
    embedded_world: World, other_saleor: StandInSaleor
) -> None:
    other = replace(embedded_world, saleor=other_saleor)
    embedded_world.change_store(served_at=embedded_world.clock() + timedelta(days=1))
    other.install()
    place_paid(embedded_world)
    embedded_world.saleor.deliveries.deliver()
    place_paid(other)
    other.saleor.deliveries.deliver()
    serve(embedded_world, 2)

    settle_orders(embedded_world.services)

    assert granted_by_store(embedded_world) == {1: [10], 2: [0]}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_worker_that_finds_a_stores_orders_locked_looks_at_the_next_store_at_once(
    embedded_world: World, other_saleor: StandInSaleor
) -> None:
    other = replace(embedded_world, saleor=other_saleor)
    other.install()
    place_paid(embedded_world)
    embedded_world.saleor.deliveries.deliver()
    embedded_world.clock.advance(seconds=1)
    place_paid(other)
    other.saleor.deliveries.deliver()

    with embedded_world.services.database.engine.connect() as another_worker:
        another_worker.execute(select(col(OrderRow.id)).where(col(OrderRow.store_id) == 1).with_for_update())
        assert settle_orders(embedded_world.services)

    assert granted_by_store(embedded_world) == {1: [0], 2: [10]}


def test_one_stores_outage_does_not_hold_up_another(embedded_world: World, other_saleor: StandInSaleor) -> None:
    other = replace(embedded_world, saleor=other_saleor)
    other.install()
    place_paid(embedded_world)
    place_paid(other)
    embedded_world.saleor.deliveries.deliver()
    other.saleor.deliveries.deliver()
    embedded_world.saleor.stop()

    embedded_world.settle()

    assert granted_by_store(embedded_world) == {1: [0], 2: [10]}
    embedded_world.saleor.start()


def test_the_same_email_in_two_stores_is_two_customers(embedded_world: World, other_saleor: StandInSaleor) -> None:
    other = replace(embedded_world, saleor=other_saleor)
    other.install()
    first, second = place_paid(embedded_world, amount="100"), place_paid(other, amount="50")
    embedded_world.saleor.deliveries.deliver()
    other.deliver()
    embedded_world.claim(first)
    other.claim(second)

    refund(embedded_world, first, "100")

    assert embedded_world.points_in_all_balances() == 50


def test_two_stores_on_one_account_keep_one_customer_in_line(
    database_url: str, clock: MovableClock, saleor: StandInSaleor, other_saleor: StandInSaleor, coggins: StandInCoggins
) -> None:
    with open_world(database_url, clock, saleor, coggins) as world:
        other = replace(world, saleor=other_saleor)
        world.install()
        make_instant(world)
        other.install()
        with world.services.database.writing() as session:
            from sqlalchemy import text  # noqa: PLC0415

            session.execute(text("UPDATE rule SET award = 'instant'"))
        for number in range(6):
            place_paid(world if number % 2 else other)
        world.saleor.deliveries.deliver()
        other.saleor.deliveries.deliver()

        for _ in range(10):
            work(world, 2)
            clock.advance(seconds=3)

        assert coggins.books().balance(ADA).available == 60
        assert sum(len(values) for values in granted_by_store(world).values()) == 6
        assert {value for values in granted_by_store(world).values() for value in values} == {10}
