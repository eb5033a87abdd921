"""What the shop's channels are, and what a product costs in them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext

from app.domain.earning import EARNED_MAX, EXACT_DIGITS, Rule


@dataclass(frozen=True, slots=True)
class SalesChannel:
    """A channel as Saleor has it. Rules and orders name it by `slug`."""

    slug: str
    name: str
    currency: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class ChannelList:
    """The channels as Saleor gave them at `asked_at`. `trouble` says why there are none, or none newer."""

    channels: tuple[SalesChannel, ...]
    asked_at: datetime
    trouble: str = ""

    def has(self, slug: str) -> bool:
        """Tell whether the list holds a channel."""
        return any(channel.slug == slug for channel in self.channels)


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one piece, with and without tax."""

    gross: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True)
class ProductPrice:
    """What a product costs in one channel, from its cheapest to its dearest variant. A gift card earns nothing."""

    currency: str
    cheapest: Price
    dearest: Price
    is_gift_card: bool


def points_for_piece(price: Price, rule: Rule) -> int:
    """Compute what one piece earns by a rule, bought alone and paid in full, without shipping and further discounts."""
    amount = price.gross if rule.include_tax else price.net
    if not rule.is_active or price.gross < rule.minimum_total or amount <= 0:
        return 0
    with localcontext(prec=EXACT_DIGITS):
        points = min(int(rule.points_per_unit * amount // 1), EARNED_MAX)
    return points if rule.maximum_points is None else min(points, rule.maximum_points)
