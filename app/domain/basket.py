"""What a shopper is about to order, and what it will earn: computed as points are awarded, from the order that it will be."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from app.domain.arithmetic_versions import NEWEST, points_due
from app.domain.earning import Due, Rule
from app.domain.order import Line, Order, Transaction


@dataclass(frozen=True, slots=True)
class GiftCardInBasket:
    """A gift card that lies in a checkout, and what is on it."""

    id: str
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Basket:
    """Goods and shipping with their prices, after discounts. `total` is what is left to pay after gift cards.

    What was paid of it already is not in it: `total` stays the same.
    """

    channel: str
    currency: str
    lines: tuple[Line, ...]
    subtotal: Decimal
    shipping_gross: Decimal
    shipping_net: Decimal
    total: Decimal
    cards: tuple[GiftCardInBasket, ...] = ()


def basket_due(
    basket: Basket,
    rule: Rule,
    now: datetime,
    *,
    awards_from: datetime,
    by_points: Decimal = Decimal(0),
    rewards: frozenset[str] = frozenset(),
) -> Due:
    """Tell what a basket earns once it is ordered now and paid in full, whenever that will be given.

    `by_points` is what points have paid of it. `rewards` are the gift cards in it that were taken for points. Where they and
    other cards hold more together than the basket costs, Saleor chooses which pays; then those count as used first, so that
    nobody is promised too much.
    """
    by_reward = sum((card.balance for card in basket.cards if card.id in rewards), Decimal(0))
    order = _paid_order(basket, now, by_points=by_points, by_reward=by_reward)
    at_once = replace(rule, hold_days=0)
    return points_due(order, at_once, now, version=NEWEST, awards_from=awards_from, moment_at=now)


def _paid_order(basket: Basket, now: datetime, *, by_points: Decimal, by_reward: Decimal) -> Order:
    """Make the order that a basket becomes when somebody pays all of it."""
    nothing = Decimal(0)
    by_money = max(nothing, basket.total - by_points)
    paid = (
        Transaction(charged=by_money, refunded=nothing, succeeded=by_money),
        Transaction(charged=by_points, refunded=nothing, succeeded=by_points, is_by_points=True),
    )
    return Order(
        id="",
        number="",
        created_at=now,
        updated_at=now,
        status="UNFULFILLED",
        email="",
        is_registered=False,
        channel=basket.channel,
        currency=basket.currency,
        total=basket.total,
        subtotal=basket.subtotal,
        shipping_gross=basket.shipping_gross,
        shipping_net=basket.shipping_net,
        charged=by_money + by_points,
        refunded=nothing,
        transactions=paid,
        has_gift_cards=bool(basket.cards),
        by_reward=by_reward,
        lines=basket.lines,
        placed_at=now,
        fully_paid_at=now,
    )
