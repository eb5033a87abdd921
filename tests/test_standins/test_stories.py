"""The stories agree with the rule they are told under, computed here from the plain books."""

from decimal import Decimal

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


def points_of(order: Order) -> int:
    total = order.total.gross
    was_paid = order.charged >= total or any(entry.type in PAID_ENTRIES for entry in order.history)
    if order.status in NEVER or order.created == LONG_AGO or not was_paid:
        return 0
    base = sum((line.total.gross for line in order.lines if line.kind != "GIFT_CARD"), Decimal(0))
    if total == 0:
        return 0 if order.status == "RETURNED" else int(base)
    kept = order.charged - sum((unlowered(transaction) for transaction in order.transactions), Decimal(0))
    return int(base * min(max(kept, Decimal(0)), total) / total)


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey()


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_story_ends_on_the_points_that_the_books_give(story: Story, key: SigningKey) -> None:
    saleor = StandInSaleor(Clock(), key=key)

    order_id = story.play_all(saleor)

    assert points_of(saleor.book[order_id]) == story.expected_points


def test_no_two_stories_have_the_same_name() -> None:
    assert len({story.name for story in STORIES}) == len(STORIES)
