"""What an order should have brought, worked out anew from the shop's own books: no code of the app has a part in it."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import floor

from tests.simulation.gone import due_after
from tests.simulation.shops import Shop
from tests.simulation.steps import RuleSetup
from tests.simulation.with_codes import by_rewards
from tests.simulation.world import World
from tests.standins.saleor.orders import Order
from tests.standins.saleor.payments import Transaction

FULLY_PAID = frozenset({"ORDER_FULLY_PAID", "ORDER_MARKED_AS_PAID"})
CAME_BACK = frozenset({"RETURNED", "REFUNDED_AND_RETURNED"})
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
    """Give the points due, less what is gone; several answers where it may depend on when anybody looked."""
    order = world.order(order_id)
    rule = _rule_of(world.homes[order_id], _placed(order))
    would = {_earned(order, rule, Fraction(card), Fraction(by_reward)) for card, by_reward in _paid_by_cards(world, order)}
    earned = would if _has_moment(world, order, rule) else {0}
    if rule.award_when == "paid" and not _has_moment(world, order, rule) and _was_ever_covered(world, order_id):
        # An edit made the charges cover the total for a while, and Saleor recorded nothing of it.
        earned = earned | would
    return {due_after(world, order_id, points) for points in earned}


def most_ever_earned(world: World, order_id: str) -> int:
    """Give the most that an order was ever worth in points, as Saleor's book has it."""
    rule = _rule_of(world.homes[order_id], _placed(world.order(order_id)))
    versions = world.homes[order_id].saleor.book.versions(order_id)
    cards = ((order, card) for order in versions for card in (order.gift_card, Decimal(0)))
    return max(_earned(order, rule, Fraction(card), Fraction(0)) for order, card in cards)


def _paid_by_cards(world: World, order: Order) -> set[tuple[Decimal, Decimal]]:
    """Give what gift cards paid of an order, and what of it those that were taken for points.

    Where a recalculation forgot it, only who looked before it knows. A look in the middle of it may know. Of a card that staff
    deleted, only who looked before that knows.
    """
    is_open = order.is_card_forgotten and order.id not in world.truth.cards_read
    cards = {order.gift_card, Decimal(0)} if is_open else {order.gift_card}
    rewards, deleted = by_rewards(world, order.id)
    saleor = world.homes[order.id].saleor
    if all(saleor.codes.cards.get(card_id) is not None for card_id in order.cards):
        return {(card, rewards) for card in cards}
    return {(card, by_reward) for card in {*cards, Decimal(0)} for by_reward in (rewards, rewards - deleted)}


def _placed(order: Order) -> datetime:
    """An order that staff began as a draft is placed when they place it."""
    return next((entry.date for entry in order.history if entry.type == "PLACED_FROM_DRAFT"), order.created)


def _rule_of(shop: Shop, placed: datetime) -> RuleSetup:
    return [rule for since, rule in shop.rules if since <= placed][-1]


def _earned(order: Order, rule: RuleSetup, card: Fraction, by_reward: Fraction) -> int:
    value = Fraction(order.subtotal.gross) + Fraction(order.shipping.gross)
    if order.status in {"CANCELED", "EXPIRED", "DRAFT"} or not rule.is_active or value < rule.minimum_total or value <= 0:
        return 0
    prices = [line.total for line in order.lines if line.kind != "GIFT_CARD"]
    prices += [order.shipping] if rule.include_shipping else []
    base = sum((Fraction(price.gross if rule.include_tax else price.net) for price in prices), Fraction(0))
    points = floor(Fraction(rule.points_per_unit) * base * _share_kept(order, rule, value, card, by_reward))
    return points if rule.maximum_points is None else min(points, rule.maximum_points)


def _share_kept(order: Order, rule: RuleSetup, value: Fraction, card: Fraction, by_reward: Fraction) -> Fraction:
    """Give the share of the order that the shop keeps, of the shopper's money and of what gift cards paid.

    Goods that came back for which a gift card paid count against the card, as far as no money was given back for them. What
    staff said was paid for goods that replace others is nobody's money. What points pay earns nothing, nor what gift cards pay
    that were taken for points.
    """
    all_money, shoppers = _money(order, of_all=True), _money(order, of_all=order.original is None) - _paid_by_points(order)
    back = _share_returned(order)
    if rule.exclude_gift_cards:
        card = Fraction(0)
    else:
        given_back = max(value - min(card, value) - all_money, Fraction(0))
        card = min(card, value)
        card = max(card - min(by_reward, card) - max(value * back - given_back, Fraction(0)), Fraction(0))
    share = min(max(shoppers, Fraction(0)) + card, value) / value
    return min(share, 1 - back) if rule.count_returned else share


def _money(order: Order, *, of_all: bool) -> Fraction:
    transactions = [kept(part) for part in order.transactions if of_all or not part.is_by_staff]
    payments = [payment.charged for payment in order.payments if of_all or payment.gateway != "manual"]
    return sum(map(Fraction, (*transactions, *payments)), Fraction(0))


def _paid_by_points(order: Order) -> Fraction:
    """Add up what points still pay: the transactions of the one app that takes payments here."""
    return sum((Fraction(kept(part)) for part in order.transactions if part.app is not None), Fraction(0))


def _share_returned(order: Order) -> Fraction:
    worth = {line.id: Fraction(line.total.gross) / line.quantity for line in order.lines}
    pieces = [piece for one in order.fulfillments if one.status in CAME_BACK for piece in one.lines]
    whole = sum((Fraction(line.total.gross) for line in order.lines), Fraction(0))
    return sum((worth.get(line_id, 0) * count for line_id, count in pieces), Fraction(0)) / whole if whole else Fraction(0)


def _has_moment(world: World, order: Order, rule: RuleSetup) -> bool:
    if rule.award_when == "fulfilled":
        return all(line.quantity_to_fulfill == 0 for line in order.lines)
    return any(entry.type in FULLY_PAID for entry in order.history) or order.charged >= order.total.gross


def _was_ever_covered(world: World, order_id: str) -> bool:
    return any(version.charged >= version.total.gross for version in world.homes[order_id].saleor.book.versions(order_id))
