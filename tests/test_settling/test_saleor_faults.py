"""A Saleor that misbehaves: its orders keep their place, and nothing is decided on what is old or half."""

from datetime import timedelta

import pytest

from app.usecases.settling.sweep_orders import sweep_orders
from tests.standins import faults
from tests.standins.faults import Fault
from tests.test_settling.test_refunds import ADA, kinds, paid_order, refund
from tests.world import World


@pytest.fixture
def world(embedded_world: World) -> World:
    return embedded_world


def place_paid(world: World, amount: str = "100") -> str:
    order_id = world.saleor.shop.place_order(amount, email=ADA)
    world.saleor.till.charge(order_id, amount)
    return order_id


def wait_out(world: World) -> None:
    paused_until = world.store().paused_until
    assert paused_until is not None
    world.clock.now = paused_until
    world.settle()


AWAY: list[Fault] = [
    faults.status(500),
    faults.status(503),
    faults.html(200),
    faults.cut(),
    faults.cut_in_the_middle(),
    faults.empty(),
    faults.not_json(),
    faults.graphql_errors("Something failed."),
    faults.too_many_requests(40),
    faults.permission_denied("orders"),
    faults.redirect("https://elsewhere.example/", 302),
]


@pytest.mark.parametrize("fault", AWAY)
def test_orders_keep_their_place_while_their_saleor_does_not_answer(world: World, fault: Fault) -> None:
    order_id, other_id = place_paid(world), place_paid(world, "50")
    world.saleor.faults.once(fault, on="Orders", times=40)

    world.deliver()

    assert kinds(world, order_id) == kinds(world, other_id) == []
    assert world.order(order_id).look_at is not None
    assert world.order(order_id).lease_token is None
    assert world.store().problem

    world.saleor.faults.clear()
    wait_out(world)

    assert (world.order(order_id).granted, world.order(other_id).granted) == (100, 50)
    assert world.store().problem is None


def test_patience_is_kept_for_as_long_as_saleor_asks(world: World) -> None:
    place_paid(world)
    world.saleor.faults.once(faults.too_many_requests(1234), on="Orders")

    world.deliver()

    paused_until = world.store().paused_until
    assert paused_until is not None
    assert 1230 < (paused_until - world.clock.now).total_seconds() <= 1234


def test_a_revoked_token_pauses_the_store_and_installing_again_mends_it(world: World) -> None:
    order_id = place_paid(world)
    [app_id] = world.saleor.apps.installed
    world.saleor.apps.revoke_token(app_id)

    world.deliver()

    assert "does not accept this app's token" in (world.store().problem or "")
    world.saleor.apps.uninstall(app_id)
    world.install()
    world.deliver()
    assert world.order(order_id).granted == 100


def test_a_permission_that_was_taken_away_is_named(world: World) -> None:
    place_paid(world)
    [app_id] = world.saleor.apps.installed
    world.saleor.apps.permit(app_id)

    world.deliver()

    assert "lacks the permission MANAGE_ORDERS" in (world.store().problem or "")
    assert "Grant it again" in (world.store().problem or "")


def test_a_permission_that_is_given_back_ends_the_pause_at_once(world: World) -> None:
    [app_id] = world.saleor.apps.installed
    world.saleor.apps.permit(app_id)
    world.deliver()
    list(sweep_orders(world.services, timedelta(minutes=5)))
    paused_until = world.store().paused_until
    order_id = place_paid(world)

    world.saleor.apps.permit(app_id, "MANAGE_ORDERS")
    world.deliver()
    list(sweep_orders(world.services, timedelta(minutes=5)))
    world.settle()

    assert paused_until is not None
    assert world.clock.now < paused_until
    assert (world.store().problem, world.order(order_id).granted) == (None, 100)


def test_one_broken_order_does_not_keep_the_others_from_their_points(world: World) -> None:
    orders = [place_paid(world) for _ in range(30)]
    world.saleor.deliveries.deliver()
    world.saleor.break_order(orders[7])

    world.settle()

    assert [world.order(order_id).granted for order_id in orders] == [0 if place == 7 else 100 for place in range(30)]
    broken = world.order(orders[7])
    assert broken.problem_code == "unreadable"
    assert broken.look_at is not None

    world.saleor.mend()
    world.clock.now = broken.look_at
    world.settle()

    assert world.order(orders[7]).granted == 100
    assert world.order(orders[7]).problem is None


def test_an_answer_older_than_what_was_told_decides_nothing(world: World) -> None:
    order_id = place_paid(world)
    before_the_charge = world.saleor.book[order_id].created
    world.saleor.serve_orders_as_of(before_the_charge)

    world.deliver()

    assert kinds(world, order_id) == []
    look_at = world.order(order_id).look_at
    assert look_at is not None
    assert 4 < (look_at - world.clock.now).total_seconds() <= 6

    world.saleor.serve_orders_as_of(None)
    world.clock.now = look_at
    world.settle()

    assert world.order(order_id).granted == 100


def test_a_lagging_answer_takes_nothing_back_that_stays(world: World) -> None:
    order_id = paid_order(world)
    world.claim(order_id)
    world.settle()
    refunded_at = world.clock()
    refund(world, order_id, "60")
    assert world.balance(ADA).available == 40
    world.saleor.serve_orders_as_of(refunded_at)
    world.saleor.till.charge_back(order_id, "40")
    world.deliver()
    assert world.balance(ADA).available == 40

    world.saleor.serve_orders_as_of(None)
    world.clock.advance(seconds=6)
    world.settle()

    assert world.balance(ADA).available == 0


def test_metadata_that_cannot_be_written_is_written_later_and_the_points_stand(world: World) -> None:
    world.saleor.faults.once(faults.status(500), on="UpdateMetadata")

    order_id = paid_order(world)

    order = world.order(order_id)
    assert (order.granted, order.problem_code) == (100, "metadata")
    assert world.metadata(order_id) == {}

    assert order.look_at is not None
    world.clock.now = order.look_at
    world.settle()

    assert world.metadata(order_id)["points_status"] == "ready"
    assert world.order(order_id).problem is None


def test_one_order_whose_metadata_is_refused_leaves_the_others_written(world: World) -> None:
    orders = [place_paid(world) for _ in range(4)]
    world.saleor.refuse_metadata(orders[1], "INVALID", "No.")

    world.deliver()

    assert [world.metadata(order_id).get("points_status") for order_id in orders] == ["ready", None, "ready", "ready"]
    assert world.order(orders[1]).problem_code == "metadata"


def test_an_order_that_saleor_no_longer_knows_is_let_go(world: World) -> None:
    order_id = place_paid(world)
    world.saleor.serve_orders_as_of({})

    world.deliver()
    for _ in range(10):
        world.clock.advance(hours=2)
        world.settle()

    assert world.order(order_id).look_at is None
    assert kinds(world, order_id) == []


def test_a_wake_during_settling_is_not_lost(world: World) -> None:
    order_id = place_paid(world)
    world.saleor.deliveries.deliver()
    read_orders = world.services.saleor.orders.read

    def and_then_a_refund(*args: object, **options: object) -> object:
        read = read_orders(*args, **options)  # type: ignore[arg-type]  # handed on as they come
        if world.saleor.book[order_id].charged == 100:
            world.saleor.till.refund(order_id, "100")
            world.saleor.deliveries.deliver()
        return read

    world.services.saleor.orders.read = and_then_a_refund  # type: ignore[method-assign,assignment]  # to be in the middle

    world.settle()

    assert world.order(order_id).granted == 0
    assert world.metadata(order_id)["points_status"] == "reversed"
