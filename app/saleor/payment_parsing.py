"""Turns what Saleor says of payments into the domain's values. Everything is checked here, once."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.domain.booked_payment import BookedPayment, PaidOrder, PaymentEvent
from app.saleor.parsing import parse_amount

ID_LENGTH_MAX = 128
REFERENCE_LENGTH_MAX = 512
# Orders that nobody pays any more.
_OVER = frozenset({"CANCELED", "EXPIRED"})


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """A request of Saleor to move money of a transaction. `booked` is how the transaction stood when it was made."""

    transaction_id: str
    amount: Decimal
    currency: str
    booked: BookedPayment


def parse_action_request(event: Mapping[str, Any]) -> ActionRequest:
    """Read the delivery of a request. Raises KeyError, TypeError, ValueError or ArithmeticError when it is none."""
    booked = parse_booked(event["transaction"])
    action = event["action"]
    return ActionRequest(booked.transaction_id, parse_amount(action), _text(action["currency"], 3), booked)


def parse_booked(transaction: Mapping[str, Any]) -> BookedPayment:
    """Read a transaction. Raises KeyError, TypeError, ValueError or ArithmeticError when it is none."""
    events = tuple(
        PaymentEvent(
            _text(event["id"], ID_LENGTH_MAX),
            _text(event["type"] or "", ID_LENGTH_MAX),
            _text(event["pspReference"] or "", REFERENCE_LENGTH_MAX),
            parse_amount(event["amount"]),
        )
        for event in transaction["events"]
    )
    order = transaction.get("order")
    return BookedPayment(_text(transaction["id"], ID_LENGTH_MAX), events, None if order is None else _order(order))


def _order(order: Mapping[str, Any]) -> PaidOrder:
    if "total" not in order:
        return PaidOrder(_text(order["id"], ID_LENGTH_MAX), is_over=False, overcharged=Decimal(0))
    above = parse_amount(order["totalCharged"]) - parse_amount(order["total"]["gross"])
    return PaidOrder(_text(order["id"], ID_LENGTH_MAX), order["status"] in _OVER, max(Decimal(0), above))


def _text(value: Any, length_max: int) -> str:
    if not isinstance(value, str) or len(value) > length_max:
        raise ValueError("not a short text")
    return value
