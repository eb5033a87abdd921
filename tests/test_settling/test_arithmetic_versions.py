"""Each order keeps the version of the arithmetic that it was first settled by."""

import json

import pytest
from sqlmodel import select

from app.db.tables import OrderRow
from app.domain.arithmetic_versions import FIRST, NEWEST, version_of
from tests.standins.saleor import Item
from tests.standins.story import ordered, prepaid
from tests.world import World

# What an older app did not know of an order.
_UNKNOWN = ("by_staff", "payments", "has_gift_cards", "card", "is_replacement", "returned", "placed_at")


def as_settled_by_an_older_app(world: World) -> None:
    """Leave of each order what an older app would have stored: no version, the facts in the older form, less of a snapshot."""
    with world.services.database.writing() as session:
        for order in session.exec(select(OrderRow)).all():
            snapshot = json.loads(order.snapshot or "{}")
            order.arithmetic = None
            order.read_facts = (order.read_facts or "").split("|", 2)[2]
            order.snapshot = json.dumps({key: value for key, value in snapshot.items() if key not in _UNKNOWN})
            session.add(order)


def test_a_new_order_is_settled_by_the_newest_version(world: World) -> None:
    order_id = world.saleor.shop.place_paid_order("60")
    world.deliver()

    assert world.order(order_id).arithmetic == NEWEST


def test_an_order_that_an_older_app_settled_keeps_the_first_version(world: World) -> None:
    order_id = world.saleor.shop.place_paid_order("60")
    world.deliver()
    as_settled_by_an_older_app(world)

    world.saleor.till.refund(order_id, "10")
    world.deliver()

    assert world.order(order_id).arithmetic == FIRST
    assert world.order(order_id).granted == 50


# Orders whose value the two versions compute differently, with what the first version gives once two of three pieces came back.
OTHERWISE = {
    "all by gift card": (prepaid(Item("60", quantity=3), gift_card="60"), 60),
    "a part by gift card": (prepaid(Item("60", quantity=3), gift_card="20"), 60),
    "unconfirmed, a part by gift card": (prepaid(Item("60", quantity=3), gift_card="20", auto_confirm=False), 60),
    "unpaid": (ordered("60"), 0),
    "money": (prepaid("60"), 60),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_neither_the_upgrade_nor_the_next_note_moves_a_settled_order(world: World, name: str) -> None:
    start, points = OTHERWISE[name]
    order_id = start(world.saleor)
    world.deliver()
    as_settled_by_an_older_app(world)
    before = world.order(order_id)

    world.saleor.shop.add_note(order_id)
    world.deliver()

    assert world.order(order_id) == before
    assert before.granted == points


def test_an_order_settled_by_the_first_version_keeps_its_arithmetic_when_goods_come_back(world: World) -> None:
    start, _ = OTHERWISE["all by gift card"]
    older = start(world.saleor)
    world.deliver()
    as_settled_by_an_older_app(world)
    newer = start(world.saleor)

    for order_id in (older, newer):
        world.saleor.goods.return_products(order_id, quantity=2)
    world.deliver()

    assert (world.order(older).granted, world.order(newer).granted) == (60, 20)


@pytest.mark.parametrize(
    ("stored", "is_settled", "version"),
    [(None, False, NEWEST), (None, True, FIRST), (FIRST, True, FIRST), (NEWEST, True, NEWEST)],
)
def test_the_version_is_chosen_by_what_is_stored(stored: int | None, is_settled: bool, version: int) -> None:
    assert version_of(stored, is_settled=is_settled) == version
