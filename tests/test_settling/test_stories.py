"""Every story that a real Saleor was seen to tell ends with granted = due, however it is told."""

import random
from decimal import Decimal

import pytest
from sqlalchemy import update

from app.db.tables import RuleRow
from app.usecases.merchants.explain_order import explain_order
from tests.standins.stories import STORIES
from tests.standins.story import Story
from tests.world import World

_every_story = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
# Told the hard way, each runs in both worlds; told in order, with its claims taken as they come, on PostgreSQL.
_on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def _play(world: World, story: Story) -> str:
    """Play a story to its end. A bulk import tells nobody; a note of the staff makes Saleor speak of the order."""
    _set_rule(world, story)
    order_id = story.play_all(world.saleor)
    world.saleor.shop.add_note(order_id)
    return order_id


def _set_rule(world: World, story: Story) -> None:
    if story.rule:
        with world.services.database.writing() as session:
            session.execute(update(RuleRow).values(story.rule))


def _claim_all(world: World) -> None:
    for order in world.orders():
        world.claim_what_waits(order.saleor_order_id)


def _ends_right(world: World, order_id: str, story: Story) -> None:
    if world.saleor.book[order_id].status == "DRAFT":
        assert (world.orders(), story.expected_points) == ([], 0)  # Saleor tells nobody of a draft.
        return
    orders = world.orders()
    assert order_id in {order.saleor_order_id for order in orders}
    assert sum(order.due for order in orders) == sum(order.granted for order in orders) == story.expected_points
    for order in orders:
        assert order.due == order.granted
        assert order.shortfall == 0
        assert order.look_at is None
        assert order.problem is None
        explained = explain_order(world.services, order.store_id, order.saleor_order_id)
        assert explained is not None
        assert explained.agrees


@_every_story
def test_a_story_told_late_twice_and_out_of_order_ends_right(world: World, story: Story) -> None:
    order_id = _play(world, story)
    world.saleor.deliveries.duplicate()

    world.deliver(shuffled=random.Random(story.name))

    _ends_right(world, order_id, story)


@_on_postgresql
@_every_story
def test_a_story_whose_points_are_taken_at_once_ends_right_in_the_providers_books(world: World, story: Story) -> None:
    _set_rule(world, story)
    order_id = ""
    for told_id in story.play(world.saleor):
        order_id = told_id
        world.deliver()
        _claim_all(world)
    world.saleor.shop.add_note(order_id)
    world.deliver()
    _claim_all(world)
    world.settle()

    _ends_right(world, order_id, story)
    assert world.points_in_all_balances() == story.expected_points


def test_a_draft_earns_by_the_rule_in_force_when_it_is_placed(world: World) -> None:
    draft = world.saleor.shop.place_draft("60")
    world.clock.advance(days=2)
    with world.services.database.writing() as session:
        session.add(RuleRow(store_id=world.store().id or 0, points_per_unit=Decimal(2), in_force_from=world.clock()))
    world.clock.advance(days=3)
    world.saleor.shop.complete_draft(draft)
    world.saleor.till.mark_as_paid(draft)

    world.deliver()

    assert world.order(draft).due == world.order(draft).granted == 120
