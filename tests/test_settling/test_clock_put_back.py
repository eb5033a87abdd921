"""The clock was a day ahead, and is put back: what it wrote then holds nothing up."""

from datetime import timedelta

import pytest

from app.db.queue import lease
from app.db.tables import AccountRow, OrderRow
from app.usecases.merchants.adjust_points import adjust_customer
from app.usecases.moving.move_waiting import move_waiting
from app.usecases.operating.erase_customer import erase_customer
from app.usecases.operating.housekeeping import do_housekeeping
from app.usecases.operating.signing_keys import newer_jwks
from app.usecases.settling.sweep_orders import sweep_orders
from tests.standins import faults
from tests.test_settling.test_refunds import ADA
from tests.world import World

EVERY = timedelta(minutes=5)
A_DAY = timedelta(days=1)


@pytest.fixture
def world(embedded_world: World) -> World:
    return embedded_world


def place_paid(world: World) -> str:
    order_id = world.saleor.shop.place_order("100", email=ADA)
    world.saleor.till.charge(order_id, "100")
    world.saleor.deliveries.deliver()
    return order_id


def test_a_pause_of_a_store(world: World) -> None:
    order_id = place_paid(world)
    world.change_store(paused_until=world.clock() + A_DAY, failures=1, problem="Saleor is away.")

    world.settle()

    assert (world.order(order_id).granted, world.store().problem) == (100, None)


def test_a_pause_of_an_account(world: World) -> None:
    order_id = place_paid(world)
    with world.services.database.writing() as session:
        account = session.get(AccountRow, world.account().id)
        assert account is not None
        account.paused_until = world.clock() + A_DAY
        session.add(account)

    world.settle()

    assert world.order(order_id).granted == 100


def test_a_lease(world: World) -> None:
    order_id = place_paid(world)
    with world.services.database.writing() as session:
        assert lease(session, world.store().id or 0, "a token", limit=1, now=world.clock() + A_DAY)

    world.settle()

    assert world.order(order_id).granted == 100


def test_a_lease_that_is_in_use_is_kept(world: World) -> None:
    order_id = place_paid(world)
    with world.services.database.writing() as session:
        assert lease(session, world.store().id or 0, "a token", limit=1, now=world.clock() + timedelta(seconds=20))

    world.settle()

    assert world.order(order_id).granted == 0


def test_a_sweep(world: World) -> None:
    world.change_store(swept_at=world.clock() + A_DAY)
    place = world.saleor.shop.place_order("100", email=ADA)
    world.saleor.till.charge(place, "100")
    world.saleor.deliveries.lose()

    assert sum(sweep_orders(world.services, EVERY)) == 1


def test_renewed_signing_keys(world: World) -> None:
    world.change_store(jwks_asked_at=world.clock() + A_DAY)
    world.saleor.rotate_key()

    assert newer_jwks(world.services, world.store(), world.clock()) == world.store().jwks
    assert world.store().jwks_asked_at is not None
    assert world.store().jwks_asked_at <= world.clock()  # type: ignore[operator]  # seen above


def test_problems_that_could_not_be_told(world: World) -> None:
    world.saleor.shop.place_paid_order("60", email="")
    world.deliver()
    world.change_store(problems_told_at=world.clock() + A_DAY)

    do_housekeeping(world.services)

    assert world.saleor.counts["AppProblemCreate"] == 1


def test_erasing_a_customer_whose_order_has_a_lease(world: World) -> None:
    order_id = place_paid(world)
    world.settle()
    with world.services.database.writing() as session:
        order = session.get_one(OrderRow, world.order(order_id).id)
        order.lease_token, order.lease_until = "a token", world.clock() + A_DAY
        session.add(order)

    erased = erase_customer(world.services, world.store().slug, ADA, who="operator")

    assert erased.orders == 1


def test_an_order_that_was_woken_then(world: World) -> None:
    world.clock.advance(days=1)
    list(sweep_orders(world.services, EVERY))
    order_id = place_paid(world)
    world.clock.advance(days=-1)

    list(sweep_orders(world.services, EVERY))
    world.settle()

    assert world.order(order_id).granted == 100


def test_an_order_whose_next_look_was_chosen_then(coggins_world: World) -> None:
    world = coggins_world
    assert world.coggins is not None
    world.clock.advance(days=1)
    order_id = place_paid(world)
    world.coggins.faults.always(faults.status(503))
    world.settle()
    world.coggins.faults.clear()
    list(sweep_orders(world.services, EVERY))
    world.clock.advance(days=-1)

    list(sweep_orders(world.services, EVERY))
    world.settle()

    assert world.order(order_id).granted == 100


def test_a_change_by_staff_that_was_put_off_then(coggins_world: World) -> None:
    world = coggins_world
    assert world.coggins is not None
    world.clock.advance(days=1)
    world.coggins.faults.always(faults.status(503))
    adjust_customer(world.services, world.store().slug, ADA, points=50, reason="A gift", who="ada")
    while move_waiting(world.services):
        pass
    world.coggins.faults.clear()
    world.clock.advance(days=-1)

    move_waiting(world.services)

    assert world.balance(ADA).available == 50


def claim_shown_by_a_clock_ahead(world: World) -> str:
    """Give a claim's link out by a clock that is a day ahead, put it back, and let the shopper take the points."""
    world.change_store(claim_link="direct")
    world.clock.advance(days=1)
    list(sweep_orders(world.services, EVERY))
    order_id = place_paid(world)
    world.settle()
    world.clock.advance(days=-1)
    list(sweep_orders(world.services, EVERY))
    world.settle()
    assert world.coggins is not None
    world.coggins.take(world.metadata(order_id)["points_claim_url"].rsplit("/", 1)[1])
    return order_id


def test_a_claim_that_was_shown_then_is_soon_seen_to_be_taken(coggins_world: World) -> None:
    order_id = claim_shown_by_a_clock_ahead(coggins_world)

    coggins_world.clock.advance(minutes=10)
    coggins_world.settle()

    assert [claim.state for claim in coggins_world.claims(order_id)] == ["taken"]


def test_points_that_came_about_then_are_not_taken_for_a_claim(coggins_world: World) -> None:
    """They may have come before the claim was shown, or after it: nothing tells, so nothing is concluded from the balance."""
    world = coggins_world
    adjust_customer(world.services, world.store().slug, ADA, points=100, reason="A gift", who="ada")
    while move_waiting(world.services):
        pass
    order_id = claim_shown_by_a_clock_ahead(world)

    world.clock.advance(minutes=10)
    world.settle()

    [claim] = world.claims(order_id)
    assert (claim.state, claim.shown_available) == ("shown", None)
