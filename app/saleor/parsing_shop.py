"""Turns what Saleor tells of the shop itself into the domain's values: channels, prices, customers."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.domain.catalogue import Price, ProductPrice, SalesChannel
from app.saleor.parsing import GIFT_CARD, parse_amount

_SLUG_LENGTH_MAX = 256


def parse_channels(channels: Any) -> tuple[SalesChannel, ...]:
    """Read all channels, the active ones first, then by slug.

    Raises KeyError, TypeError or ValueError when it is not what our query asks for.
    """
    if not isinstance(channels, list):
        raise TypeError("no list of channels")
    read = [
        SalesChannel(_text(one["slug"]), _text(one["name"]), _text(one["currencyCode"]), one["isActive"] is True)
        for one in channels
    ]
    return tuple(sorted(read, key=lambda channel: (not channel.is_active, channel.slug)))


def parse_product_price(product: Any) -> ProductPrice | None:
    """Read what a product costs in a channel; None where it is not sold there.

    Raises KeyError, TypeError, ValueError or ArithmeticError when it is not what our query asks for.
    """
    pricing = product["pricing"] if product is not None else None
    found = pricing["priceRange"] if pricing is not None else None
    if found is None or found["start"] is None or found["stop"] is None:
        return None
    return ProductPrice(
        currency=_text(found["start"]["currency"]),
        cheapest=_price(found["start"]),
        dearest=_price(found["stop"]),
        is_gift_card=product["productType"]["kind"] == GIFT_CARD,
    )


def _price(taxed: Mapping[str, Any]) -> Price:
    gross, net = (parse_amount(taxed[name]) for name in ("gross", "net"))
    if min(gross, net) < Decimal(0):
        raise ValueError("a price below zero")
    return Price(gross, net)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _SLUG_LENGTH_MAX:
        raise TypeError("a text is missing or too long")
    return value
