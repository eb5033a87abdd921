"""What an order should have brought, worked out anew from the shop's own books: no code of the app has a part in it."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import floor

from tests.simulation.shops import Shop
from tests.simulation.steps import RuleSetup
from tests.simulation.world import World
from tests.standins.saleor.orders import Order
from tests.standins.saleor.payments import Transaction

FULLY_PAID = frozenset({"ORDER_FULLY_PAID", "ORDER_MARKED_AS_PAID"})
_SIGNS = {"REFUND_SUCCESS": -1, "REFUND_REVERSE": 1, "CHARGE_BACK": -1}


def kept(transaction: Transaction) -> Decimal:
    """What the shop still has of a payment, by adding up its history."""
    added = -transaction.refund_pending
    for event in transaction.events:
        if event.type == "CHARGE_SUCCESS":
            added += max(event.amount, Decimal(0))
        else:
            added += _SIGNS.get(event.type, 0) * event.amount
    return added


def points_expected(world: World, order_id: str) -> set[int]:
    """Give the points due, with what staff adjusted; two answers where it may depend on when anybody looked."""
    order = world.order(order_id)
    rule = _rule_of(world.homes[order_id], order.created)
    earned = {_earned(order, rule)} if _has_moment(world, order, rule) else {0}
    if rule.award_when == "paid" and not _has_moment(world, order, rule) and _was_ever_covered(world, order_id):
        # An edit made the charges cover the total for a while, and Saleor recorded nothing of it.
        earned.add(_earned(order, rule))
    return {max(points + world.truth.adjusted[order_id], 0) for points in earned}


def _rule_of(shop: Shop, created: datetime) -> RuleSetup:
    return [rule for since, rule in shop.rules if since <= created][-1]


def _earned(order: Order, rule: RuleSetup) -> int:
    if order.status in {"CANCELED", "EXPIRED", "DRAFT"} or not rule.is_active or order.total.gross < rule.minimum_total:
        return 0
    lines = sum((Fraction(line.total.gross) for line in order.lines if line.kind != "GIFT_CARD"), Fraction(0))
    base = lines + (Fraction(order.shipping.gross) if rule.include_shipping else 0)
    total = Fraction(order.total.gross)
    if total <= 0:
        share = Fraction(0 if order.status == "RETURNED" else 1)
    else:
        money = sum((Fraction(kept(part)) for part in order.transactions), Fraction(0))
        money += sum((Fraction(payment.charged) for payment in order.payments), Fraction(0))
        share = min(max(money / total, Fraction(0)), Fraction(1))
    points = floor(Fraction(rule.points_per_unit) * base * share)
    return points if rule.maximum_points is None else min(points, rule.maximum_points)


def _has_moment(world: World, order: Order, rule: RuleSetup) -> bool:
    if rule.award_when == "fulfilled":
        return all(line.quantity_to_fulfill == 0 for line in order.lines)
    return any(entry.type in FULLY_PAID for entry in order.history) or order.charged >= order.total.gross


def _was_ever_covered(world: World, order_id: str) -> bool:
    return any(version.charged >= version.total.gross for version in world.homes[order_id].saleor.book.versions(order_id))
