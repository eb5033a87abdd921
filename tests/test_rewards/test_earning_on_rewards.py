"""What a reward's gift card paid of an order earns nothing, unless the rule lets what points pay earn."""

from typing import Any

import pytest
from sqlmodel import select

from app.db.tables import RuleRow
from app.domain.redemptions import RedemptionStage
from app.saleor.code_calls import CodeCalls
from tests.test_rewards.giving import ADA, GivingShop
from tests.test_settling.test_housekeeping_cost import statements


def bought(shop: GivingShop, code: str | None, *, email: str = ADA) -> str:
    """Buy for 60.00, with a card of 10.00 or none; pay the rest otherwise, and settle the order."""
    order_id = shop.buy(code, email=email)
    shop.world.saleor.till.charge(order_id, "60" if code is None else "50")
    shop.world.deliver()
    return order_id


def due(shop: GivingShop, order_id: str) -> int:
    return shop.world.order(order_id).due


def test_an_order_earns_on_what_money_paid_once_the_card_is_known_to_be_used(shop: GivingShop) -> None:
    order_id = bought(shop, shop.taken(shop.reward()).code)

    shop.wait(hours=1)
    shop.world.settle()

    assert due(shop, order_id) == 50
    assert shop.differences() == []


def test_an_order_of_the_customer_brings_the_look_at_the_card_forward(shop: GivingShop) -> None:
    """Nobody waits for the hour."""
    redemption = shop.taken(shop.reward())
    order_id = bought(shop, redemption.code)
    assert due(shop, order_id) == 60

    shop.work()
    shop.world.settle()

    assert shop.see(redemption).stage == RedemptionStage.USED
    assert due(shop, order_id) == 50
    assert shop.differences() == []


@pytest.mark.parametrize("email", [ADA, "bob@example.com"])
def test_an_order_with_a_vouchers_code_brings_the_look_at_it_forward(shop: GivingShop, email: str) -> None:
    """Whoever typed it."""
    redemption = shop.taken(shop.voucher())
    shop.buy(redemption.code, email=email)
    shop.world.deliver()

    shop.work()

    assert shop.see(redemption).stage == RedemptionStage.USED
    assert shop.differences() == []


def test_an_order_that_its_card_has_woken_does_not_wake_the_card(shop: GivingShop) -> None:
    """A card of which something is left would be asked for without an end."""
    order_id = bought(shop, shop.taken(shop.reward(units=10_000)).code)
    shop.work()
    look_at = shop.rows()[0].look_at

    shop.world.settle()

    assert due(shop, order_id) < 60
    assert shop.rows()[0].look_at == look_at
    assert look_at is not None
    assert look_at > shop.world.clock.now


def test_an_order_that_comes_in_while_saleor_is_asked_brings_another_look(
    shop: GivingShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    redemption = shop.taken(shop.reward())
    ask, orders = CodeCalls.cards, list[str]()

    def buy_after_the_answer(*args: Any, **options: Any) -> Any:
        answer = ask(*args, **options)
        if not orders:
            orders.append("")
            orders[0] = bought(shop, redemption.code)
        return answer

    monkeypatch.setattr(CodeCalls, "cards", buy_after_the_answer)
    shop.wait(minutes=61)
    shop.world.settle()

    assert due(shop, orders[0]) == 50


def test_only_an_order_of_the_customer_with_gift_cards_brings_it_forward(shop: GivingShop) -> None:
    shop.taken(shop.reward())
    before = shop.rows()[0].look_at
    first, second = (shop.world.saleor.codes.cards.create("10", "USD", code=code).code for code in ("SHOPS-OWN-1", "SHOPS-OWN-2"))

    bought(shop, None)
    bought(shop, first, email="bob@example.com")
    assert shop.rows()[0].look_at == before

    bought(shop, second)
    look_at = shop.rows()[0].look_at
    assert look_at is not None
    assert look_at <= shop.world.clock.now


def test_orders_without_gift_cards_ask_for_no_reward(shop: GivingShop) -> None:
    shop.taken(shop.reward())

    with statements(shop.world) as sent:
        bought(shop, None)

    assert [one for one in sent if "redemption" in one] == []


def test_a_rule_can_let_it_earn(shop: GivingShop) -> None:
    with shop.world.services.database.writing() as session:
        rule = session.exec(select(RuleRow)).one()
        kept = rule.model_dump(exclude={"id", "points_earn"})
        session.add(RuleRow(**kept | {"in_force_from": shop.world.clock.now}, points_earn=True))
    shop.world.clock.advance(minutes=1)
    order_id = bought(shop, shop.taken(shop.reward()).code)

    shop.wait(hours=1)
    shop.world.settle()

    assert due(shop, order_id) == 60


def test_a_card_of_the_shop_earns_as_ever(shop: GivingShop) -> None:
    card = shop.world.saleor.codes.cards.create("10", "USD", code="SHOPS-OWN-CARD")

    assert due(shop, bought(shop, card.code)) == 60
