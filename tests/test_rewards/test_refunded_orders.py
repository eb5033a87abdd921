"""An order that used a reward's code is cancelled or refunded: points come back in proportion, where the reward says so."""

from decimal import Decimal
from typing import Any

import pytest

from app.domain.redemptions import RedemptionStage
from app.ledger import spending
from app.usecases.rewards.see_redemption import Redemption
from tests.test_rewards.conftest import opened
from tests.test_rewards.giving import ADA, GivingShop
from tests.test_rewards.test_earning_on_rewards import bought
from tests.test_rewards.test_taking_back import give_back
from tests.world import World


def used(shop: GivingShop, redemption: Redemption) -> str:
    """Use a card of 10.00 in an order of 60.00, of which 50.00 are charged. What the order earns is not looked at."""
    order_id = bought(shop, redemption.code)
    settled(shop)
    return order_id


def settled(shop: GivingShop) -> None:
    """Let the order be read, and do what follows."""
    for _ in range(2):
        shop.world.deliver()
        shop.work()
        shop.world.settle()
    shop.work()


def came_back(shop: GivingShop, redemption: Redemption) -> int:
    return shop.see(redemption).returned_points


def test_a_refund_gives_points_back_in_proportion_to_the_money(shop: GivingShop) -> None:
    redemption = shop.taken(shop.reward(return_on_refund=True))
    order_id = used(shop, redemption)

    shop.world.saleor.till.refund(order_id, "20")
    settled(shop)

    assert came_back(shop, redemption) == 200
    assert shop.see(redemption).stage == RedemptionStage.USED
    assert shop.differences() == []


@pytest.mark.parametrize("parts", [("33.33", "16.67"), ("0.01", "20", "29.99")])
def test_any_split_of_a_refund_ends_on_the_same_points(shop: GivingShop, parts: tuple[str, ...]) -> None:
    redemption = shop.taken(shop.reward(points=499, return_on_refund=True))
    order_id = used(shop, redemption)

    for part in parts:
        shop.world.saleor.till.refund(order_id, part)
        settled(shop)

    assert came_back(shop, redemption) == 499
    assert shop.differences() == []


def test_a_cancelled_order_gives_all_of_it_back_whatever_was_refunded(shop: GivingShop) -> None:
    redemption = shop.taken(shop.reward(return_on_refund=True))
    order_id = used(shop, redemption)

    shop.world.saleor.till.refund(order_id, "12.34")
    settled(shop)
    assert came_back(shop, redemption) == 123
    shop.world.saleor.shop.cancel(order_id)
    settled(shop)
    settled(shop)

    assert came_back(shop, redemption) == 500
    assert shop.differences() == []


def test_a_vouchers_code_gives_back_in_the_same_way(shop: GivingShop) -> None:
    redemption = shop.taken(shop.voucher(return_on_refund=True))
    order_id = shop.buy(redemption.code)
    shop.world.saleor.till.charge(order_id, "45")
    settled(shop)

    shop.world.saleor.till.refund(order_id, "15")
    settled(shop)

    assert came_back(shop, redemption) == 100
    assert shop.differences() == []


def test_points_come_back_although_the_used_card_was_deleted(shop: GivingShop) -> None:
    redemption = shop.taken(shop.reward(return_on_refund=True))
    order_id = used(shop, redemption)
    shop.world.saleor.codes.cards.delete(shop.card(redemption).id)

    shop.world.saleor.till.refund(order_id, "20")
    settled(shop)

    assert came_back(shop, redemption) == 200
    assert shop.world.order(order_id).due == 30
    assert shop.differences() == []


def test_nothing_comes_back_where_the_reward_says_so(shop: GivingShop) -> None:
    redemption = shop.taken(shop.reward())
    order_id = used(shop, redemption)

    shop.world.saleor.shop.cancel(order_id)
    settled(shop)

    assert came_back(shop, redemption) == 0
    assert shop.differences() == []


def test_an_order_that_was_cancelled_before_its_code_was_seen_gives_back_too(shop: GivingShop) -> None:
    redemption = shop.taken(shop.reward(return_on_refund=True))
    order_id = shop.buy(redemption.code)
    shop.world.saleor.shop.cancel(order_id)

    settled(shop)
    settled(shop)

    assert came_back(shop, redemption) == 500
    assert shop.differences() == []


def test_what_was_put_back_onto_the_card_is_not_given_as_points_too(shop: GivingShop) -> None:
    redemption = shop.taken(shop.reward(units=1_200, return_on_refund=True))
    order_id = shop.buy(redemption.code)
    shop.world.saleor.codes.cards.refund(shop.card(redemption).id, order_id, "3")

    shop.world.saleor.shop.cancel(order_id)
    settled(shop)
    settled(shop)

    assert shop.card(redemption).current == Decimal(3)
    assert came_back(shop, redemption) == 375
    assert shop.differences() == []


def test_points_of_the_rest_and_of_a_refunded_order_are_never_more_than_it_cost(shop: GivingShop) -> None:
    redemption = shop.taken(shop.reward(points=333, units=9_999, return_on_refund=True))
    order_id = shop.buy(redemption.code)
    settled(shop)
    give_back(shop, redemption.reference)
    shop.work()
    shop.wait(minutes=11)
    rest = came_back(shop, redemption)

    shop.world.saleor.shop.cancel(order_id)
    settled(shop)

    assert rest == 333 * 3_999 // 9_999
    assert came_back(shop, redemption) == rest + 333 * 6_000 // 9_999
    assert shop.differences() == []


def test_what_was_paid_above_the_total_brings_no_points_when_it_goes_back(shop: GivingShop) -> None:
    redemption = shop.taken(shop.reward(return_on_refund=True))
    order_id = used(shop, redemption)
    shop.world.saleor.till.charge(order_id, "10")

    shop.world.saleor.till.refund(order_id, "10")
    settled(shop)
    assert came_back(shop, redemption) == 0
    shop.world.saleor.till.refund(order_id, "20")
    settled(shop)

    assert came_back(shop, redemption) == 200
    assert shop.differences() == []


def test_what_staff_put_onto_the_card_brings_no_points(shop: GivingShop) -> None:
    redemption = shop.taken(shop.reward(return_on_refund=True))
    shop.world.saleor.codes.cards.reset(shop.card(redemption).id, "40")
    order_id = shop.buy(redemption.code)
    shop.world.saleor.till.charge(order_id, "20")
    settled(shop)

    shop.world.saleor.till.refund(order_id, "10")
    settled(shop)

    assert came_back(shop, redemption) == 250
    assert shop.differences() == []


def test_a_refund_that_is_reversed_leaves_what_came_back(shop: GivingShop) -> None:
    redemption = shop.taken(shop.reward(return_on_refund=True))
    order_id = used(shop, redemption)
    shop.world.saleor.till.refund(order_id, "20")
    settled(shop)

    shop.world.saleor.till.reverse_refund(order_id, "20")
    settled(shop)
    assert came_back(shop, redemption) == 200
    shop.world.saleor.till.refund(order_id, "30")
    settled(shop)

    assert came_back(shop, redemption) == 300
    assert shop.differences() == []


@pytest.mark.parametrize("change", ["request_refund", "charge_back"])
def test_what_is_no_refund_yet_or_no_refund_at_all_gives_nothing(shop: GivingShop, change: str) -> None:
    redemption = shop.taken(shop.reward(return_on_refund=True))
    order_id = used(shop, redemption)

    getattr(shop.world.saleor.till, change)(order_id, "20")
    settled(shop)

    assert came_back(shop, redemption) == 0


def test_points_that_cannot_come_back_hold_up_nobody_elses(embedded_world: World) -> None:
    """Here a program has given them back by the Points API, as it once could."""
    shop = opened(embedded_world)
    first, second = (shop.taken(shop.reward(return_on_refund=True)) for _ in range(2))
    orders = [used(shop, one) for one in (first, second)]
    with shop.world.services.database.writing() as session:
        spent = spending.find_spend(session, shop.world.store().id or 0, first.reference, lock=True)
        assert spent is not None
        spending.give_back(session, spent, ADA, 500, shop.world.clock.now)

    for order_id in orders:
        shop.world.saleor.shop.cancel(order_id)
    settled(shop)

    assert [came_back(shop, one) for one in (first, second)] == [0, 500]
    assert [row.problem_code for row in shop.rows()] == ["not_returned", None]


def test_verify_misses_what_did_not_come_back(shop: GivingShop, monkeypatch: pytest.MonkeyPatch) -> None:
    redemption = shop.taken(shop.reward(return_on_refund=True))
    order_id = used(shop, redemption)
    owed: Any = lambda *_: (0, 0)  # noqa: E731 - it stands for a defect
    monkeypatch.setattr("app.usecases.rewards.refund_rewards._owed", owed)

    shop.world.saleor.till.refund(order_id, "25")
    settled(shop)

    assert [one.split("; ")[-1] for one in shop.differences()] == ["1 of 2 of its money was refunded"]
