"""What a reward's gift card paid of an order earns nothing, unless the rule lets what points pay earn."""

from sqlmodel import select

from app.db.tables import RuleRow
from tests.test_rewards.giving import GivingShop


def bought(shop: GivingShop, code: str, price: str = "60") -> str:
    """Use a code at the checkout, pay the rest by card, and settle the order."""
    order_id = shop.buy(code, price=price)
    shop.world.saleor.till.charge(order_id, str(int(price) - 10))
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
