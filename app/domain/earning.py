"""What an order should have brought: a pure function of the order as it stands, the rule and the time."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from enum import StrEnum
from fractions import Fraction

from app.domain.order import NEVER_EARNING, Order
from app.domain.order_value import OrderValue, order_value

# Sums and products of prices are exact within this many digits; the one division comes last and is floored.
EXACT_DIGITS = 100

# Nonsense beyond this still fits a 64-bit column, where a merchant can read that it is too much.
EARNED_MAX = 10**18


class Award(StrEnum):
    """How points reach the shopper."""

    CLAIM = "claim"
    INSTANT = "instant"
    AUTO = "auto"


class Moment(StrEnum):
    """What must have happened to an order before it earns."""

    PAID = "paid"
    FULFILLED = "fulfilled"


class Because(StrEnum):
    """Why an order's points are what they are."""

    EARNED = "earned"
    CANCELLED = "cancelled"
    BEFORE_START = "before_start"
    RULE_OFF = "rule_off"
    BELOW_MINIMUM = "below_minimum"
    WAITING_FOR_MOMENT = "waiting_for_moment"
    ON_HOLD = "on_hold"


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of an earning rule. `points_per_unit` is points per 1.00 of the channel's currency."""

    id: int
    points_per_unit: Decimal = Decimal(1)
    include_tax: bool = True
    include_shipping: bool = False
    minimum_total: Decimal = Decimal(0)
    maximum_points: int | None = None
    award: Award = Award.CLAIM
    award_when: Moment = Moment.PAID
    hold_days: int = 0
    expires_days: int | None = None
    bind_email: bool = True
    customer_type: str | None = None
    is_active: bool = True
    # What gift cards paid earns nothing; otherwise it counts like money.
    exclude_gift_cards: bool = False
    # Goods that came back count as refunded, where that is more than what was refunded.
    count_returned: bool = False
    # What points paid earns like money; otherwise it earns nothing.
    points_earn: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """The points an order should have brought, and how that came about.

    `points` is what `earned` comes to with what staff changed and what is gone. `look_again_at` is when time alone will change
    the answer.
    `money_kept` is what the shop has kept of the order's value, with what gift cards paid where that counts.
    """

    points: int
    earned: int
    because: Because
    base: Decimal = Decimal(0)
    money_kept: Fraction | Decimal = Decimal(0)
    look_again_at: datetime | None = None


def points_due(
    order: Order,
    rule: Rule,
    now: datetime,
    *,
    awards_from: datetime,
    moment_at: datetime | None = None,
) -> Due:
    """Compute the points due for an order as it stands.

    `moment_at` is when the rule's moment was reached, if it ever was (`moment_reached`); `awards_from` is the first moment of
    placing that the store awards. What staff changed, and what is gone, is no part of it (`arithmetic_versions.changed`).
    """
    base = earning_base(order, rule)
    value = value_by(order, rule)

    def due(earned: int, because: Because, look_again_at: datetime | None = None) -> Due:
        return Due(earned, earned, because, base, value.kept, look_again_at)

    if order.status in NEVER_EARNING:
        return due(0, Because.CANCELLED)
    if (order.placed_at or order.created_at) < awards_from:
        return due(0, Because.BEFORE_START)
    if not rule.is_active:
        return due(0, Because.RULE_OFF)
    if order.value < rule.minimum_total:
        return due(0, Because.BELOW_MINIMUM)
    if moment_at is None:
        return due(0, Because.WAITING_FOR_MOMENT)
    held_until = moment_at + timedelta(days=rule.hold_days)
    # Without a hold the two clocks, Saleor's and ours, need not agree.
    if rule.hold_days and now < held_until:
        return due(0, Because.ON_HOLD, held_until)
    points = _points(rule, base, value)
    return due(points if rule.maximum_points is None else min(points, rule.maximum_points), Because.EARNED)


def value_by(order: Order, rule: Rule) -> OrderValue:
    """Compute what an order is worth, and what was kept of it, as a rule counts it."""
    return order_value(
        order,
        exclude_gift_cards=rule.exclude_gift_cards,
        count_returned=rule.count_returned,
        points_earn=rule.points_earn,
    )


def moment_reached(order: Order, award_when: Moment, *, remembered: datetime | None) -> datetime | None:
    """Tell when the order reached the moment at which it earns; None while it has not.

    Once reached it stays reached, whatever is refunded or edited later: `remembered` is what was found before.
    """
    if remembered is not None:
        return remembered
    if award_when is Moment.FULFILLED:
        return (order.fulfilled_at or order.updated_at) if order.is_fulfilled else None
    if order.fully_paid_at is not None:
        return order.fully_paid_at
    return order.updated_at if order.is_fully_charged else None


def earning_base(order: Order, rule: Rule) -> Decimal:
    """Sum what earns: the lines that are no gift cards, and shipping if the rule says so."""
    with localcontext(prec=EXACT_DIGITS):
        lines = sum((line.gross if rule.include_tax else line.net for line in order.lines if line.earns is not False), Decimal(0))
        if not rule.include_shipping:
            return lines
        return lines + (order.shipping_gross if rule.include_tax else order.shipping_net)


def with_remembered(order: Order, before: Order | None) -> Order:
    """Keep what was known of an order when it was first read, and that Saleor forgets.

    A deleted product does not tell that it was a gift card. An edit of an unconfirmed order forgets what gift cards paid.
    """
    known = {line.id: line.earns for line in before.lines if line.earns is not None} if before is not None else {}
    lines = tuple(replace(line, earns=known.get(line.id, line.earns)) for line in order.lines)
    card = before.card if before is not None and before.card is not None else order.card_paid
    return replace(order, lines=lines, card=card)


def _points(rule: Rule, base: Decimal, value: OrderValue) -> int:
    """Multiply exactly, and round down once."""
    if value.whole <= 0:
        return 0
    return min(int(Fraction(rule.points_per_unit) * Fraction(base) * value.kept / value.whole), EARNED_MAX)
