"""What an order's page says of exchanges, gift cards, returned goods and caps; and what the rule's form says of them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from tests.standins.stories import STORIES
from tests.test_merchant.calls import Desk, seen
from tests.test_web.calls import change_rule
from tests.world import World

CARDS_EARN_NOTHING, RETURNS_COUNT, AT_MOST_100 = {"exclude_gift_cards": True}, {"count_returned": True}, {"maximum_points": 100}
MONEY = "Money that was refunded or not paid counts for the whole order, whichever line it was for."
OF_GOODS = "Goods were returned for which a gift card paid, so less of the card counts."
BY_RETURN = "Goods were returned, and by the rule they count as refunded."
BY_CAP = "The rule gives at most 100 for one order."
REST_EARNS_MORE = "What was kept earns more than that, so the refund takes nothing back."
WORDS = (MONEY, OF_GOODS, BY_RETURN, BY_CAP, REST_EARNS_MORE, "By the rule, what gift cards paid earns nothing.")


def page_of(desk: Desk, world: World, name: str) -> str:
    """Play a story, and read the page of its newest order."""
    story = next(story for story in STORIES if story.name == name)
    for _ in story.play(world.saleor):
        world.deliver()
    newest = max(world.orders(), key=lambda order: int(order.number or 0))
    return seen(desk.get(f"orders/{newest.saleor_order_id}"))


@pytest.mark.parametrize(
    ("name", "rule", "said"),
    [
        ("mostly by gift card, 5 refunded", {}, [MONEY]),
        ("mostly by gift card, 5 refunded", CARDS_EARN_NOTHING, [WORDS[-1], MONEY]),
        ("all by gift card, two of three returned", {}, [OF_GOODS, MONEY]),
        ("returned for a gift card, which buys again", {}, []),
        ("sent and returned, the money kept", {}, []),
        ("sent and returned, the money kept", RETURNS_COUNT, [BY_RETURN]),
        ("a cap and a refund", AT_MOST_100, [BY_CAP, REST_EARNS_MORE, MONEY]),
        ("a cap and a refund that reaches it", AT_MOST_100, [MONEY]),
    ],
)
def test_the_page_says_just_what_changed_the_number(desk: Desk, name: str, rule: Mapping[str, Any], said: list[str]) -> None:
    change_rule(desk.world, **rule)

    text = page_of(desk, desk.world, name)

    assert [words for words in WORDS if words in text] == [words for words in WORDS if words in said]


def test_an_exchange_says_what_does_not_count(desk: Desk) -> None:
    text = page_of(desk, desk.world, "one of three is exchanged")

    assert (
        "This order replaces goods of another order. The 30.00 USD that staff recorded as paid does not count, because the first"
        " order earned on it."
    ) in text
    assert "Recorded as paid by staff" in text
    assert "30.00 USD does not count: this order replaces goods of another" in text


def test_the_table_has_the_value_the_card_and_what_of_it_counts(desk: Desk) -> None:
    text = page_of(desk, desk.world, "all by gift card, two of three returned")

    assert "Order value 60.00 USD with tax and shipping, before gift cards" in text
    assert "Paid by gift cards 60.00 USD not part of the charge" in text
    assert "Gift cards that count 20.00 USD less returned goods that no refund paid for" in text
    assert "Returned goods 66.66 % counts only for what gift cards paid" in text


def test_an_order_below_the_least_value_says_the_value(desk: Desk) -> None:
    change_rule(desk.world, minimum_total=Decimal(80))

    text = page_of(desk, desk.world, "a part by gift card, above the least total")

    assert "The order's value, 60.00 USD, is below the rule's minimum of 80.00 USD." in text


def test_the_rules_form_explains_value_cap_cards_and_returns(desk: Desk) -> None:
    text = seen(desk.get("rules/default"))

    assert "Smallest order value smaller orders earn nothing; refunds do not matter here" in text
    assert "Most points for one order" in text
    assert "A refund takes points back only if the rest of the order earns less than this" in text
    assert "What a gift card pays earns nothing If not, it earns like money." in text
    assert "Returned goods count as refunded Turn this on if you give gift cards for returned goods" in text
