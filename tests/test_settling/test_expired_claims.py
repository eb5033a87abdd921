"""Claims past their day, at a provider that shows no claims: never shown, shown and left, shown and taken in time."""

import pytest
from sqlmodel import select

from app.db.tables import RuleRow
from app.domain.claim import ClaimState
from app.domain.retry import SHOWN_LOOKED_AT_FOR
from tests.standins import faults
from tests.test_settling.test_provider_faults import provider, wait_out
from tests.test_settling.test_refunds import ADA, paid_order, refund
from tests.world import World


@pytest.fixture
def world(coggins_world: World) -> World:
    with coggins_world.services.database.writing() as session:
        rule = session.exec(select(RuleRow)).one()
        rule.expires_days = 30
        session.add(rule)
    return coggins_world


def shown_order(world: World) -> tuple[str, str]:
    """Have a claim shown, and look at it as often as in its first days. Gives the order and the claim's token."""
    order_id = paid_order(world)
    token = world.follow(order_id).headers["Location"].rsplit("/", 1)[1]
    world.saleor.shop.add_note(order_id)
    world.deliver()
    until = world.clock.now + SHOWN_LOOKED_AT_FOR
    while (look_at := world.order(order_id).look_at) is not None and look_at <= until:
        wait_out(world, order_id)
    return order_id, token


def test_a_claim_taken_in_time_is_taken_back_by_a_refund_after_its_day(world: World) -> None:
    order_id, token = shown_order(world)
    world.clock.advance(days=5)
    provider(world).take(token)
    world.clock.advance(days=40)

    refund(world, order_id, "100")

    assert [claim.state for claim in world.claims(order_id)] == [ClaimState.TAKEN]
    assert (world.order(order_id).granted, world.balance(ADA).available) == (0, 0)


def test_of_a_claim_shown_and_never_taken_a_refund_after_its_day_takes_nothing(world: World) -> None:
    order_id, _ = shown_order(world)
    world.clock.advance(days=40)

    refund(world, order_id, "100")

    assert [claim.state for claim in world.claims(order_id)] == [ClaimState.EXPIRED]
    assert (world.order(order_id).granted, world.order(order_id).shortfall) == (0, 0)


def test_a_claim_that_ran_out_before_the_order_could_say_so_is_told_all_the_same(world: World) -> None:
    order_id = world.saleor.shop.place_paid_order("100", email=ADA)
    world.saleor.refuse_metadata(order_id)
    world.deliver()
    world.clock.advance(days=40)
    world.saleor.mend()

    world.settle()

    assert world.claims(order_id)[0].state == ClaimState.EXPIRED
    assert (world.metadata(order_id)["points_status"], world.metadata(order_id)["points_claim_url"]) == ("none", "")


def test_a_claim_that_anybody_may_have_taken_is_never_written_off_as_expired(world: World) -> None:
    with world.services.database.writing() as session:
        rule = session.exec(select(RuleRow)).one()
        rule.bind_email = False
        session.add(rule)
    order_id, token = shown_order(world)
    provider(world).take(token, "somebody@example.com")
    world.clock.advance(days=40)

    refund(world, order_id, "100")

    assert [claim.state for claim in world.claims(order_id)] == [ClaimState.SHOWN]
    assert (world.order(order_id).granted, world.order(order_id).shortfall) == (100, 100)


def test_a_claim_that_ran_out_before_its_order_could_say_so_is_told_all_the_same(world: World) -> None:
    world.saleor.faults.always(faults.status(500), on="UpdateMetadata")
    order_id = paid_order(world)
    assert "points_status" not in world.metadata(order_id)
    world.clock.advance(days=40)

    world.saleor.faults.clear()
    world.settle()

    assert world.metadata(order_id)["points_status"] == "none"
    assert world.metadata(order_id)["points_amount"] == "0"
