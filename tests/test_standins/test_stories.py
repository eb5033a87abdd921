"""The stories agree with the rule they are told under, computed here from the plain books."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.standins.saleor import SigningKey, StandInSaleor
from tests.standins.saleor.orders import Order
from tests.standins.saleor.payments import Transaction
from tests.standins.stories import LONG_AGO, STORIES
from tests.standins.story import Story
from tests.test_standins.recording import Clock

NEVER = {"CANCELED", "EXPIRED", "DRAFT"}
PAID_ENTRIES = {"ORDER_FULLY_PAID", "ORDER_MARKED_AS_PAID"}


def unlowered(transaction: Transaction) -> Decimal:
    """Return what was refunded without lowering the charge."""
    charges = sum(event.amount for event in transaction.events if event.type == "CHARGE_SUCCESS" and event.amount > 0)
    charged_back = sum(event.amount for event in transaction.events if event.type == "CHARGE_BACK")
    known = transaction.charged + transaction.refund_pending + transaction.refunded
    return max(Decimal(0), known - (charges - charged_back))


def points_of(order: Order, story: Story) -> int:
    """Give the points of one order of a story, worked out from the shop's books."""
    rule = RULE | dict(story.rule)
    value = order.subtotal.gross + order.shipping.gross
    placed = [entry.date for entry in order.history if entry.type == "PLACED_FROM_DRAFT"] or [order.created]
    was_paid = order.charged >= order.total.gross or any(entry.type in PAID_ENTRIES for entry in order.history)
    if order.status in NEVER or placed[0] == LONG_AGO or not was_paid or value < rule["minimum_total"] or not value:
        return 0
    earning = [line.total for line in order.lines if line.kind != "GIFT_CARD"]
    base = sum((Fraction(price.gross if rule["include_tax"] else price.net) for price in earning), Fraction(0))
    share = min(Fraction(value), _money(order) + _card(order, rule)) / Fraction(value)
    if rule["count_returned"]:
        share = min(share, 1 - _returned(order))
    points = int(Fraction(rule["points_per_unit"]) * base * share)
    return min(points, rule["maximum_points"] or points)


RULE: dict[str, Any] = {
    "points_per_unit": 1,
    "include_tax": True,
    "minimum_total": 0,
    "maximum_points": None,
    "exclude_gift_cards": False,
    "count_returned": False,
}


def _money(order: Order) -> Fraction:
    """Add up the shopper's money. What staff say was paid for goods that replace others is not the shopper's."""
    held = [part.charged - unlowered(part) for part in order.transactions if order.original is None or not part.is_by_staff]
    held += [payment.charged for payment in order.payments if order.original is None]
    return Fraction(max(sum(held, Decimal(0)), Decimal(0)))


def _card(order: Order, rule: Mapping[str, Any]) -> Fraction:
    """Give what a gift card paid, less the goods that came back and that no refund paid for."""
    if rule["exclude_gift_cards"]:
        return Fraction(0)
    value = Fraction(order.subtotal.gross + order.shipping.gross)
    refunded = max(value - Fraction(order.gift_card) - _money(order), Fraction(0))
    return max(Fraction(order.gift_card) - max(value * _returned(order) - refunded, Fraction(0)), Fraction(0))


def _returned(order: Order) -> Fraction:
    back = {"RETURNED", "REFUNDED_AND_RETURNED"}
    units = {line.id: Fraction(line.total.gross) / line.quantity for line in order.lines}
    pieces = [piece for one in order.fulfillments if one.status in back for piece in one.lines]
    whole = Fraction(order.subtotal.gross)
    return sum((units[line_id] * quantity for line_id, quantity in pieces), Fraction(0)) / whole if whole else Fraction(0)


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey()


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_story_ends_on_the_points_that_the_books_give(story: Story, key: SigningKey) -> None:
    saleor = StandInSaleor(Clock(), key=key)

    story.play_all(saleor)

    assert sum(points_of(order, story) for order in saleor.book.snapshot().values()) == story.expected_points


def test_no_two_stories_have_the_same_name() -> None:
    assert len({story.name for story in STORIES}) == len(STORIES)
