"""Turns what Saleor says of gift cards and vouchers into values. Everything is checked here, once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.saleor.parsing import parse_amount, parse_time

ID_LENGTH_MAX = 128
NAME_LENGTH_MAX = 255

# Orders that came to nothing.
_OVER = frozenset({"CANCELED", "EXPIRED"})


@dataclass(frozen=True, slots=True)
class CardUse:
    """What one order took from a gift card, or what was put back of it. The amount is above zero, in the card's currency."""

    order_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Card:
    """A gift card. `uses` is what orders took, `put_back` what refunds put back; the balance may be moved by staff, too."""

    id: str
    is_active: bool
    currency: str
    balance: Decimal
    uses: tuple[CardUse, ...]
    put_back: tuple[CardUse, ...]


@dataclass(frozen=True, slots=True)
class OrderOfCode:
    """An order that used a voucher's code."""

    id: str
    number: str
    is_cancelled: bool


@dataclass(frozen=True, slots=True)
class VoucherWorth:
    """What a voucher takes off in a channel: an amount in `currency`, or per cent."""

    channel: str
    value: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Voucher:
    """A voucher of the shop.

    `kind` is Saleor's: SHIPPING, ENTIRE_ORDER or SPECIFIC_PRODUCT. With `usage_limit` its codes are good so often in all.
    """

    id: str
    name: str
    kind: str
    is_percentage: bool
    is_single_use: bool
    is_for_staff: bool
    usage_limit: int | None
    ends_at: datetime | None
    worth: tuple[VoucherWorth, ...]

    @property
    def channels(self) -> tuple[str, ...]:
        """Give the channels in which its codes can be used."""
        return tuple(one.channel for one in self.worth)


@dataclass(frozen=True, slots=True)
class VoucherPage:
    """A page of the shop's vouchers. `after` leads to the next one; None on the last."""

    vouchers: tuple[Voucher, ...]
    after: str | None


def parse_card(card: Mapping[str, Any]) -> Card:
    """Read a gift card. Raises KeyError, TypeError, ValueError or ArithmeticError when it is none."""
    return Card(
        id=text(card["id"], ID_LENGTH_MAX),
        is_active=card["isActive"] is True,
        currency=text(card["currentBalance"]["currency"], 3),
        balance=parse_amount(card["currentBalance"]),
        uses=_moved(card["events"], "USED_IN_ORDER", -1),
        put_back=_moved(card["events"], "REFUNDED_IN_ORDER", 1),
    )


def parse_voucher(voucher: Mapping[str, Any]) -> Voucher:
    """Read a voucher. Raises as `parse_card` does."""
    ends_at, limit = voucher["endDate"], voucher["usageLimit"]
    return Voucher(
        id=text(voucher["id"], ID_LENGTH_MAX),
        name=text(voucher["name"] or "", NAME_LENGTH_MAX),
        kind=text(voucher["type"], NAME_LENGTH_MAX),
        is_percentage=voucher["discountValueType"] == "PERCENTAGE",
        is_single_use=voucher["singleUse"] is True,
        is_for_staff=voucher["onlyForStaff"] is True,
        usage_limit=None if limit is None else int(limit),
        ends_at=None if ends_at is None else parse_time(ends_at),
        worth=tuple(
            VoucherWorth(
                text(one["channel"]["slug"], NAME_LENGTH_MAX),
                parse_amount({"amount": one["discountValue"]}),
                text(one["currency"], 3),
            )
            for one in voucher["channelListings"] or ()
        ),
    )


def parse_order_of_code(order: Mapping[str, Any]) -> OrderOfCode:
    """Read an order that was asked for because of its voucher's code. Raises as `parse_card` does."""
    return OrderOfCode(text(order["id"], ID_LENGTH_MAX), text(order["number"], ID_LENGTH_MAX), order["status"] in _OVER)


def text(value: Any, length_max: int) -> str:
    """Give a text of at most so many characters; raises ValueError when it is none."""
    if not isinstance(value, str) or len(value) > length_max:
        raise ValueError("not a short text")
    return value


def _moved(events: list[Mapping[str, Any]], kind: str, sign: int) -> tuple[CardUse, ...]:
    """Give by how much each event of a kind moved the balance. One that moved nothing is left out."""
    moved = []
    for event in events:
        if event["type"] == kind:
            old, new = (parse_amount(event["balance"][name]) for name in ("oldCurrentBalance", "currentBalance"))
            if (amount := (new - old) * sign) > 0:
                moved.append(CardUse(text(event["orderId"], ID_LENGTH_MAX), amount))
    return tuple(moved)
