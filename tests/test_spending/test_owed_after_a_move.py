"""A customer owes points of a refunded order and is moved: whoever has the points now owes them, and nobody else."""

import pytest

from app.usecases.merchants.continue_moves import continue_moves
from app.usecases.merchants.move_customer import move_customer
from app.usecases.moving.move_waiting import move_waiting
from tests.standins.saleor.orders import Item
from tests.test_spending.conftest import give
from tests.test_spending.paying import ADA, PayingShop
from tests.world import World

NEW, NEWEST = "ada@new.example", "ada@newest.example"


@pytest.fixture
def any_shop(world: World) -> PayingShop:
    """A shop of either provider, where Ada has 2,000 points."""
    opened = PayingShop(world)
    opened.open()
    bring(opened, ADA, 2_000)
    return opened


def work(shop: PayingShop) -> None:
    """Do what the worker does until nothing waits now."""
    shop.world.deliver()
    while move_waiting(shop.world.services) or continue_moves(shop.world.services):
        shop.world.settle()


def bring(shop: PayingShop, email: str, points: int) -> None:
    """Let points come to a customer."""
    if shop.world.coggins is not None:
        shop.world.coggins.adjust(email, points)
    else:
        give(shop.world, email, points)


def owing(shop: PayingShop) -> None:
    """Let Ada spend all that an order of 300 earned and 2,000 more, and then let the order be refunded."""
    order_id = shop.world.saleor.shop.place_paid_order(Item("300"), email=ADA)
    work(shop)
    shop.world.claim(order_id)
    assert shop.pay(shop.cart("60"), "23").transaction.charged == 23
    shop.world.saleor.till.refund(order_id, "300")
    work(shop)
    assert shop.points()[0] == 0
    assert shop.world.order(order_id).shortfall == 300


def moved(shop: PayingShop, from_email: str, to_email: str) -> None:
    shop.world.clock.advance(minutes=1)
    move_customer(shop.world.services, shop.world.store().slug, from_email, to_email, who="Olga", reason="married")
    work(shop)
    shop.world.clock.advance(minutes=1)


def test_points_that_come_to_the_new_address_cannot_be_spent_and_are_taken(any_shop: PayingShop) -> None:
    owing(any_shop)
    moved(any_shop, ADA, NEW)

    bring(any_shop, NEW, 1_000)
    paid = any_shop.pay(any_shop.cart("60", user=NEW), by=NEW)
    any_shop.world.clock.advance(hours=2)
    work(any_shop)

    assert paid.transaction.charged == 7, "1,000 less the 300 that are owed"
    assert any_shop.points(NEW)[0] == 0
    assert [order.shortfall for order in any_shop.world.orders()] == [0]
    assert any_shop.differences() == []


def test_it_follows_a_customer_who_is_moved_twice(any_shop: PayingShop) -> None:
    owing(any_shop)
    moved(any_shop, ADA, NEW)
    moved(any_shop, NEW, NEWEST)

    bring(any_shop, NEWEST, 1_000)

    assert any_shop.pay(any_shop.cart("60", user=NEWEST), by=NEWEST).transaction.charged == 7


def test_what_comes_to_the_old_address_later_is_free(any_shop: PayingShop) -> None:
    owing(any_shop)
    moved(any_shop, ADA, NEW)

    bring(any_shop, ADA, 1_000)

    assert any_shop.pay(any_shop.cart("60")).transaction.charged == 10


def test_a_rise_of_the_new_address_takes_it_at_once(shop: PayingShop) -> None:
    owing(shop)
    moved(shop, ADA, NEW)

    give(shop.world, NEW, 1_000)
    work(shop)

    assert shop.points(NEW)[0] == 700
    assert [order.shortfall for order in shop.world.orders()] == [0]
