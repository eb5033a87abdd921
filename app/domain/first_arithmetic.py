"""The first version of the arithmetic. It is kept for the orders that were settled by it, and is not changed any more."""

from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

from app.domain.earning import EARNED_MAX, EXACT_DIGITS, Because, Due, Rule, earning_base
from app.domain.order import NEVER_EARNING, STATUS_RETURNED, Order
from app.domain.order_value import OrderValue


def first_points_due(
    order: Order,
    rule: Rule,
    now: datetime,
    *,
    awards_from: datetime,
    moment_at: datetime | None = None,
) -> Due:
    """Compute the points due for an order as the first version did.

    What a gift card paid is no part of the total, and counts for nothing. An order is as old as its record in Saleor.
    """
    base = earning_base(order, rule)
    kept = min(max(_money_kept(order), Decimal(0)), order.total)

    def due(earned: int, because: Because, look_again_at: datetime | None = None) -> Due:
        return Due(earned, earned, because, base, kept, look_again_at)

    if order.status in NEVER_EARNING:
        return due(0, Because.CANCELLED)
    if order.created_at < awards_from:
        return due(0, Because.BEFORE_START)
    if not rule.is_active:
        return due(0, Because.RULE_OFF)
    if order.total < rule.minimum_total:
        return due(0, Because.BELOW_MINIMUM)
    if moment_at is None:
        return due(0, Because.WAITING_FOR_MOMENT)
    held_until = moment_at + timedelta(days=rule.hold_days)
    if rule.hold_days and now < held_until:
        return due(0, Because.ON_HOLD, held_until)
    points = _points(base, order, kept, rule.points_per_unit)
    return due(points if rule.maximum_points is None else min(points, rule.maximum_points), Because.EARNED)


def first_order_value(order: Order) -> OrderValue:
    """Tell what the first version takes for the value of an order, and for what was kept of it."""
    zero, total = Fraction(0), Fraction(order.total)
    kept = min(max(Fraction(_money_kept(order)), zero), total)
    if total <= 0:
        # A gift card paid it all: the whole counts until all of it is returned.
        total, kept = Fraction(1), Fraction(0 if order.status == STATUS_RETURNED else 1)
    return OrderValue(whole=total, card=zero, card_counted=zero, money=kept, uncounted=zero, returned=zero, kept=kept)


def _money_kept(order: Order) -> Decimal:
    return order.charged - sum((paid.gone_back for paid in order.transactions), start=Decimal(0))


def _points(base: Decimal, order: Order, kept: Decimal, points_per_unit: Decimal) -> int:
    with localcontext(prec=EXACT_DIGITS):
        if order.total <= 0:
            # A gift card paid it all. This version does not count what was returned until all of it is.
            return 0 if order.status == STATUS_RETURNED else min(int(points_per_unit * base // 1), EARNED_MAX)
        return min(int(points_per_unit * base * kept // order.total), EARNED_MAX)
