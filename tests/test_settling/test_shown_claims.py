"""A claim that the provider does not show is judged by its customer's balance: INSTANTs that were under way must not mislead."""

from datetime import timedelta

import pytest

from app.domain.settlement import MovementState
from app.usecases.moving.resolve_movement import resolve_movement
from tests.standins import faults
from tests.test_settling.test_provider_faults import change_award, make_instant, provider, states
from tests.test_settling.test_refunds import ADA, paid_order, refund
from tests.test_settling.test_unknown_instants import look_on
from tests.world import World

STRANGE_POINTS = 7


@pytest.fixture
def world(coggins_world: World) -> World:
    make_instant(coggins_world)
    return coggins_world


def credit_whose_answer_is_lost(world: World, amount: str = "30") -> str:
    provider(world).faults.once(faults.after_acting(faults.cut()), on="instant")
    order_id = paid_order(world, amount=amount)
    assert states(world, order_id) == [MovementState.UNKNOWN]
    return order_id


def claim_order(world: World, amount: str = "100") -> str:
    """Let an order be awarded by a claim."""
    change_award(world, "claim")
    return paid_order(world, amount=amount)


def test_a_claim_shown_after_a_credit_that_only_staff_could_tell_of_is_seen_to_be_taken(world: World) -> None:
    credited = credit_whose_answer_is_lost(world)
    provider(world).adjust(ADA, STRANGE_POINTS)
    look_on(world, credited)
    assert world.order(credited).problem_code == "for_staff"
    order_id = claim_order(world)
    world.claim(order_id)
    world.clock.advance(days=1)
    [movement] = world.movements(credited)
    resolve_movement(world.services, movement.id, happened=True, who="Ann")

    refund(world, order_id, "100")

    assert (world.order(order_id).granted, world.order(order_id).shortfall) == (0, 0)
    assert world.balance(ADA).available == 30 + STRANGE_POINTS


def test_while_it_is_open_what_an_instant_did_no_claim_of_that_customer_is_shown(world: World) -> None:
    credited = credit_whose_answer_is_lost(world)
    order_id = claim_order(world)

    assert "being prepared" in world.follow(order_id).text
    assert world.claims(order_id)[0].state == "open"

    look_on(world, credited)
    world.claim(order_id)
    refund(world, order_id, "100")
    assert (world.order(order_id).granted, world.balance(ADA).available) == (0, 30)


def test_nobody_is_debited_for_a_claim_that_only_a_lost_debit_made_look_taken(world: World) -> None:
    debited, other = paid_order(world, amount="60"), paid_order(world, amount="40")
    provider(world).faults.once(faults.after_acting(faults.cut()), on="instant")
    refund(world, debited, "60")
    order_id = claim_order(world, "60")
    world.follow(order_id)

    look_on(world, debited)
    world.follow(order_id)
    refund(world, order_id, "60")

    assert world.claims(order_id)[0].state == "shown"
    assert (world.order(order_id).shortfall, world.order(order_id).problem_code) == (60, "shown_not_taken")
    assert world.balance(ADA).available == world.order(other).granted == 40


def test_a_link_that_goes_out_at_once_waits_until_it_is_known_what_an_instant_did(world: World) -> None:
    world.change_store(claim_link="direct")
    credited = credit_whose_answer_is_lost(world)
    order_id = claim_order(world)
    assert states(world, order_id) == [MovementState.PLANNED]

    look_on(world, credited)
    look_on(world, order_id)
    provider(world).take(world.metadata(order_id)["points_claim_url"].rsplit("/", 1)[1])
    world.clock.advance(hours=1)
    refund(world, order_id, "100")

    assert (world.order(order_id).granted, world.balance(ADA).available) == (0, 30)


def test_an_instant_that_surely_was_over_before_does_not_keep_a_claim_back(world: World) -> None:
    credited = credit_whose_answer_is_lost(world)
    provider(world).adjust(ADA, STRANGE_POINTS)
    look_on(world, credited)
    sent_at = world.movements(credited)[0].sent_at
    assert sent_at is not None
    assert world.clock.now >= sent_at + timedelta(minutes=10)

    assert world.follow(claim_order(world)).status_code == 303
