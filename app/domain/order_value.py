"""How much of what an order is worth the shop has kept: the shopper's money, and what gift cards paid."""

from dataclasses import dataclass
from fractions import Fraction

from app.domain.order import MANUAL_GATEWAY, Order

_NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True)
class OrderValue:
    """What an order is worth, and what counts as kept of it, as exact fractions of the order's currency.

    `whole` is the value, with tax and shipping, before gift cards. `card` is what gift cards paid, and `card_counted` what of it
    counts. `money` is the shopper's money that counts, and `uncounted` what staff recorded as paid for an order that replaces
    another. `by_points` is what points paid: no part of `money`, unless the rule lets it earn. `returned` is the share of the
    goods that came back. `kept` is the sum that counts, between nothing and the value.
    """

    whole: Fraction
    card: Fraction
    card_counted: Fraction
    money: Fraction
    uncounted: Fraction
    returned: Fraction
    kept: Fraction
    by_points: Fraction = _NOTHING


def order_value(order: Order, *, exclude_gift_cards: bool, count_returned: bool, points_earn: bool = False) -> OrderValue:
    """Compute an order's value, and how much of it was kept.

    `count_returned`: goods that came back count as refunded, where that is more than the refund. `points_earn`: what points paid
    counts like money, at the checkout and by gift cards that were taken for points.
    """
    whole = Fraction(order.subtotal) + Fraction(order.shipping_gross)
    card = min(Fraction(order.card_paid), max(whole, _NOTHING))
    money_kept = Fraction(order.money_kept)
    uncounted = _recorded_by_staff(order) if order.is_replacement else _NOTHING
    by_points = Fraction(order.paid_by_points)
    money = max(_NOTHING, money_kept - uncounted - (_NOTHING if points_earn else by_points))
    returned = _returned_share(order)
    card_counted = _NOTHING
    if not exclude_gift_cards:
        # No money tells that goods were returned for which a gift card paid. So the goods tell, less what the money told.
        refunded = max(_NOTHING, whole - card - money_kept)
        by_reward = _NOTHING if points_earn else min(card, Fraction(order.by_reward))
        card_counted = max(_NOTHING, card - by_reward - max(_NOTHING, whole * returned - refunded))
    kept = max(_NOTHING, min(whole, money + card_counted))
    if count_returned:
        kept = min(kept, whole * (1 - returned))
    return OrderValue(whole, card, card_counted, money, uncounted, returned, kept, by_points)


def _recorded_by_staff(order: Order) -> Fraction:
    """Add up the money that staff said was paid: nobody paid it again for goods that replace others."""
    held = [paid.charged - paid.gone_back for paid in order.transactions if paid.is_by_staff]
    held += [payment.charged for payment in order.payments if payment.gateway == MANUAL_GATEWAY]
    return sum((Fraction(amount) for amount in held if amount > 0), _NOTHING)


def _returned_share(order: Order) -> Fraction:
    """Give the share of the goods that came back, by the totals of their lines."""
    back = dict(order.returned)
    whole = sum((Fraction(line.gross) for line in order.lines), _NOTHING)
    if whole <= 0:
        return _NOTHING
    parts = (
        Fraction(line.gross) * Fraction(min(back.get(line.id, 0), line.quantity), line.quantity)
        for line in order.lines
        if line.quantity > 0
    )
    return min(sum(parts, _NOTHING) / whole, Fraction(1))
