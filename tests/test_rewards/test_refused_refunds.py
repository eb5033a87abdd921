"""The provider refuses points that come back for a refunded order: staff see it until they have come."""

import pytest

from app.domain.redemptions import RedemptionStage
from app.usecases.operating.erase_customer import erase_customer
from tests.test_rewards.conftest import opened
from tests.test_rewards.giving import ADA, GivingShop
from tests.test_rewards.test_refunded_orders import settled
from tests.test_rewards.test_taking_back import give_back
from tests.world import World


@pytest.fixture
def shop(coggins_world: World) -> GivingShop:
    return opened(coggins_world)


def refuse(shop: GivingShop) -> None:
    assert shop.world.coggins is not None
    shop.world.coggins.rules.refuse_items(lambda _item: True)


def accept(shop: GivingShop) -> None:
    assert shop.world.coggins is not None
    shop.world.coggins.rules.clear()


def used_in_part(shop: GivingShop, reward_id: int) -> str:
    """Use 6.00 of a card of 10.00. Gives the order's id."""
    order_id = shop.buy(shop.taken(reward_id).code, price="6")
    settled(shop)
    return order_id


def cancel_and_refuse(shop: GivingShop, order_id: str) -> None:
    refuse(shop)
    shop.world.saleor.shop.cancel(order_id)
    settled(shop)


def problems(shop: GivingShop) -> list[str | None]:
    return [row.problem_code for row in shop.rows()]


def test_looks_at_the_card_do_not_hide_that_points_did_not_come_back(shop: GivingShop) -> None:
    order_id = used_in_part(shop, shop.reward(return_on_refund=True))
    cancel_and_refuse(shop, order_id)

    shop.wait(hours=2)
    assert problems(shop) == ["not_returned"]
    accept(shop)
    shop.wait(days=1)

    assert problems(shop) == [None]
    assert shop.points()[0] == 1_000
    assert shop.differences() == []


def test_nor_does_the_end_of_the_reward(shop: GivingShop) -> None:
    order_id = used_in_part(shop, shop.reward(return_on_refund=True))
    cancel_and_refuse(shop, order_id)
    accept(shop)

    give_back(shop, shop.rows()[0].reference)
    shop.work()
    shop.wait(minutes=11)
    assert [(row.stage, row.problem_code) for row in shop.rows()] == [(RedemptionStage.WITHDRAWN, "not_returned")]
    shop.wait(days=1)

    assert problems(shop) == [None]
    assert shop.points()[0] == 1_200
    assert shop.differences() == []


def test_nobody_is_asked_to_mend_it_once_the_customer_was_erased(shop: GivingShop) -> None:
    order_id = used_in_part(shop, shop.reward(return_on_refund=True))
    cancel_and_refuse(shop, order_id)

    erase_customer(shop.world.services, shop.world.store().slug, ADA)
    shop.wait(days=1)

    assert problems(shop) == [None]
    assert shop.differences() == []


def test_a_deleted_card_is_what_staff_decide_first(shop: GivingShop) -> None:
    order_id = used_in_part(shop, shop.reward(return_on_refund=True))
    [row] = shop.rows()
    shop.world.saleor.codes.cards.delete(row.saleor_id or "")
    shop.wait(hours=2)

    cancel_and_refuse(shop, order_id)

    assert problems(shop) == ["deleted"]
