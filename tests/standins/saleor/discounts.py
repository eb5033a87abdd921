"""What a voucher takes off the lines and the shipping of a checkout."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from tests.standins.saleor.money import ZERO, Taxed, rounded
from tests.standins.saleor.orders import Line, global_id


@dataclass(frozen=True)
class Discount:
    """A voucher as it lies in a checkout: money or per cent, off everything, off some products, or off the shipping."""

    code: str
    voucher_id: str
    type: str
    value_type: str
    value: Decimal
    products: tuple[str, ...] = ()

    def off(self, total: Decimal, currency: str) -> Decimal:
        """Return what it takes off a gross amount, at most all of it."""
        taken = total * self.value / 100 if self.value_type == "PERCENTAGE" else self.value
        return rounded(min(max(taken, ZERO), total), currency)


def discounted_lines(lines: Sequence[Line], discount: Discount | None, currency: str) -> tuple[Line, ...]:
    """Spread the discount over the lines; tax falls in proportion. The last line takes what rounding leaves."""
    if discount is None or discount.type == "SHIPPING":
        return tuple(lines)
    meant = [line for line in lines if discount.type == "ENTIRE_ORDER" or global_id("Product", line.name) in discount.products]
    whole = sum((line.total.gross for line in meant), ZERO)
    left = rest = discount.off(whole, currency)
    lowered: dict[str, Line] = {}
    for line in meant:
        share = left if line is meant[-1] else rounded(rest * line.total.gross / (whole or 1), currency)
        left -= share
        lowered[line.id] = replace(line, total=_less(line.total, share, currency))
    return tuple(lowered.get(line.id, line) for line in lines)


def discounted_shipping(shipping: Taxed, discount: Discount | None, currency: str) -> Taxed:
    if discount is None or discount.type != "SHIPPING":
        return shipping
    return _less(shipping, discount.off(shipping.gross, currency), currency)


def _less(price: Taxed, off: Decimal, currency: str) -> Taxed:
    gross = price.gross - off
    return Taxed(gross, rounded(price.net * gross / price.gross, currency) if price.gross else ZERO)
