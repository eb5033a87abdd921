"""Points of rewards that come back because an order that used one was cancelled, or its money went back."""

from fractions import Fraction

from app.domain.order import Order
from app.domain.redemptions import Given

_OVER = frozenset({"CANCELED", "EXPIRED"})
_NOTHING, _ALL = Fraction(0), Fraction(1)


def share_gone_back(order: Order) -> Fraction:
    """Tell which share of an order's total was refunded: all of an order that was cancelled or has expired.

    Example: of an order of 50.00, 20.00 were refunded: 2/5. Were 60.00 charged for it, the first 10.00 were not the order's: 1/5.
    Of an order whose total is 0, nothing goes back until it is cancelled. A refund that was asked for counts when it is done. A
    charge-back is no refund: it does not count.
    """
    if order.status in _OVER:
        return _ALL
    total = Fraction(order.total)
    if total <= 0:
        return _NOTHING
    pending = sum((Fraction(paid.refund_pending) for paid in order.transactions), _NOTHING)
    missing = total - Fraction(order.money_kept) - pending
    return min(max(min(Fraction(order.refunded), missing) / total, _NOTHING), _ALL)


def points_of_refund(given: Given, used_units: int, share: Fraction) -> int:
    """Tell how many points of a reward come back in all for one order, which used so much of it: rounded down once.

    Because it depends only on the order as it stands, any split of a refund into parts ends on the same number. What a refund put
    back onto a gift card is not used any more, so it is no part of `used_units`. What staff put onto one was not bought with
    points.
    """
    of_points = min(used_units, given.amount_units)
    return int(given.points * Fraction(of_points, given.amount_units) * share)
