"""How points pay at a checkout."""

from dataclasses import dataclass
from decimal import Decimal

# An abandoned checkout gives its points back after a day, unless the merchant sets something else.
HOLD_HOURS = 24
# Thirty days.
HOLD_HOURS_MAX = 720
LEAST_POINTS_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class SpendRule:
    """One version of a spend rule.

    `points_per_unit` is how many points pay 1.00 of the channel's currency. `least_points` is the fewest points of one payment.
    `greatest_share` is the part of the total that points may pay: 1 is all of it, 0.5 is half.
    `return_on_cancel`: a cancelled order gives back the points that paid it. `hold_hours` is how long a checkout may hold points.
    `unpaid_orders`: points may also pay an order that was placed without being paid.
    """

    id: int
    points_per_unit: Decimal
    least_points: int = 1
    greatest_share: Decimal = Decimal(1)
    return_on_cancel: bool = True
    hold_hours: int = HOLD_HOURS
    unpaid_orders: bool = False
    is_active: bool = True
