"""Reads what shoppers are about to order. Saleor is asked as nobody, so it tells only what it tells everybody."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.domain.basket import Basket, GiftCardInBasket
from app.domain.order import Line
from app.errors import SaleorFault
from app.saleor.parsing import GIFT_CARD, parse_amount

VARIANTS_MAX = 100
LINES_MAX = 1_000
_ID_LENGTH_MAX = 128
_SLUG_LENGTH_MAX = 256
_CHECKOUT = re.compile(r"Checkout:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_VARIANT = re.compile(r"ProductVariant:[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class VariantPrice:
    """What one piece costs in a channel, after promotions. Gift cards do not earn."""

    gross: Decimal
    net: Decimal
    currency: str
    earns: bool


class BasketReads:
    """The reads of one client. `execute` sends an operation to a Saleor: API URL, token, operation, variables."""

    def __init__(self, execute: Callable[..., dict[str, Any]]) -> None:
        self._execute = execute

    def checkout(self, api_url: str, checkout_id: str) -> Basket | None:
        """Ask what lies in an open checkout; None where there is no such checkout, or it is an order by now."""
        found = self._execute(api_url, None, "checkout_basket", {"id": checkout_id}).get("checkout")
        try:
            return None if found is None else _basket(found)
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise SaleorFault("Saleor's answer about a checkout cannot be understood.") from error

    def variant_prices(self, api_url: str, channel: str, ids: Sequence[str]) -> dict[str, VariantPrice]:
        """Ask what variants cost in a channel. What is not sold there, or not shown yet, is missing."""
        if not ids:
            return {}  # Saleor answers an empty list with every variant.
        if len(ids) > VARIANTS_MAX:
            raise ValueError(f"at most {VARIANTS_MAX} variants in one read")
        answer = self._execute(api_url, None, "variant_prices", {"ids": list(ids), "channel": channel}).get("productVariants")
        try:
            nodes = [edge["node"] for edge in answer["edges"]] if answer is not None else []
            prices = {node["id"]: _price(node) for node in nodes if node["id"] in ids}
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise SaleorFault("Saleor's answer about variants cannot be understood.") from error
        return {variant_id: price for variant_id, price in prices.items() if price is not None}


def is_checkout_id(text: str) -> bool:
    """Tell whether the text is the global id of a checkout."""
    return _is_id(text, _CHECKOUT)


def is_variant_id(text: str) -> bool:
    """Tell whether the text is the global id of a product's variant. One bad id spoils a whole read."""
    return _is_id(text, _VARIANT)


def _is_id(text: str, form: re.Pattern[str]) -> bool:
    if not 0 < len(text) <= _ID_LENGTH_MAX:
        return False
    try:
        decoded = base64.b64decode(text, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return False
    return form.fullmatch(decoded) is not None and base64.b64encode(decoded.encode()).decode() == text


def _basket(checkout: Mapping[str, Any]) -> Basket:
    lines = checkout["lines"]
    if len(lines) > LINES_MAX:
        raise ValueError("a checkout with too many lines")
    return Basket(
        channel=_text(checkout["channel"]["slug"], _SLUG_LENGTH_MAX),
        currency=_text(checkout["totalPrice"]["currency"], 3),
        lines=tuple(_line(line) for line in lines),
        subtotal=parse_amount(checkout["subtotalPrice"]["gross"]),
        shipping_gross=parse_amount(checkout["shippingPrice"]["gross"]),
        shipping_net=parse_amount(checkout["shippingPrice"]["net"]),
        total=parse_amount(checkout["totalPrice"]["gross"]),
        cards=tuple(
            GiftCardInBasket(_text(card["id"], _ID_LENGTH_MAX), parse_amount(card["currentBalance"]))
            for card in checkout["giftCards"]
        ),
    )


def _line(line: Mapping[str, Any]) -> Line:
    quantity = int(line["quantity"])
    return Line(
        id=_text(line["id"], _ID_LENGTH_MAX),
        gross=parse_amount(line["totalPrice"]["gross"]),
        net=parse_amount(line["totalPrice"]["net"]),
        quantity_to_fulfill=quantity,
        earns=line["variant"]["product"]["productType"]["kind"] != GIFT_CARD,
        quantity=quantity,
    )


def _price(variant: Mapping[str, Any]) -> VariantPrice | None:
    pricing = variant["pricing"]
    price = pricing["price"] if pricing is not None else None
    if price is None:
        return None
    gross, net = parse_amount(price["gross"]), parse_amount(price["net"])
    if min(gross, net) < 0:
        raise ValueError("a price below zero")
    is_gift_card = variant["product"]["productType"]["kind"] == GIFT_CARD
    return VariantPrice(gross, net, _text(price["currency"], 3), earns=not is_gift_card)


def _text(value: Any, length_max: int) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= length_max:
        raise TypeError("a text is missing or too long")
    return value
