"""Turns what Saleor sends into the domain's values. Everything is checked here, once."""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from app.domain.bounds import EMAIL_LENGTH_MAX
from app.domain.order import Line, Order, Payment, Told, Transaction, facts_of, first_facts, first_facts_of
from app.domain.status import metadata_hash

# Staff place a draft; an order of a checkout is placed by the shopper, or by Saleor once the checkout is paid.
PLACED_FROM_DRAFT = frozenset({"PLACED_FROM_DRAFT"})
PLACED = frozenset({"PLACED", "PLACED_AUTOMATICALLY_FROM_PAID_CHECKOUT"})
FULLY_PAID = frozenset({"ORDER_FULLY_PAID", "ORDER_MARKED_AS_PAID"})
FULFILLED = frozenset({"FULFILLMENT_FULFILLED_ITEMS"})
# What came back for good. REPLACED goods do not count: others went out for them.
CAME_BACK = frozenset({"RETURNED", "REFUNDED_AND_RETURNED"})
GIFT_CARD = "GIFT_CARD"
LABEL_LENGTH_MAX = 120
LANGUAGE_LENGTH_MAX = 16
# Saleor's amounts have 12 digits, 3 of them behind the point.
AMOUNT_DIGITS_MAX = 30
CODE_LENGTH_MAX = 255

_ORDER_ID = re.compile(r"Order:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_GLOBAL_ID_LENGTH_MAX = 128
_LANGUAGE_CODE = re.compile(r"[A-Z]{2,3}(?:_[A-Z0-9]{2,8})*")


def is_order_id(text: str) -> bool:
    """Tell whether the text is the global id of an order, `Order:<uuid>` in base64. One bad id spoils a whole read."""
    if not text or len(text) > _GLOBAL_ID_LENGTH_MAX:
        return False
    try:
        decoded = base64.b64decode(text, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return False
    return _ORDER_ID.fullmatch(decoded) is not None and base64.b64encode(decoded.encode()).decode() == text


def parse_told(order: Mapping[str, Any]) -> Told:
    """Read the order of a webhook.

    Raises KeyError, TypeError, ValueError or ArithmeticError when it is not what our subscription asks for.
    """
    order_id = order["id"]
    if not isinstance(order_id, str) or not is_order_id(order_id):
        raise ValueError("not the id of an order")
    if "fulfillments" not in order:
        # An older version asked for this webhook. It carries less, and tells nothing of an order that this version has read.
        return Told(order_id, parse_time(order["updatedAt"]), "", _first_facts(order))
    parsed = parse_order(order)
    of_metadata = metadata_hash(parsed.metadata) if "metafields" in order else None
    return Told(order_id, parsed.updated_at, facts_of(parsed), first_facts_of(parsed), of_metadata)


def _first_facts(order: Mapping[str, Any]) -> str:
    return first_facts(
        status=_text(order["status"], 64),
        email=_text(order["userEmail"] or "", EMAIL_LENGTH_MAX),
        total=parse_amount(order["total"]["gross"]),
        subtotal=parse_amount(order["subtotal"]["gross"]),
        shipping=parse_amount(order["shippingPrice"]["gross"]),
        charged=parse_amount(order["totalCharged"]),
        refunded=parse_amount(order["totalRefunded"]),
    )


def parse_order(node: Mapping[str, Any]) -> Order:
    """Read an order of the API.

    Raises KeyError, TypeError, ValueError or ArithmeticError when it is not what our query asks for.
    """
    events = node["events"] or ()
    return Order(
        id=_text(node["id"], _GLOBAL_ID_LENGTH_MAX),
        number=_text(node["number"], 64),
        created_at=parse_time(node["created"]),
        updated_at=parse_time(node["updatedAt"]),
        status=_text(node["status"], 64),
        email=_text(node["userEmail"] or "", EMAIL_LENGTH_MAX),
        language=_language(node.get("languageCodeEnum")),
        is_registered=node["user"] is not None,
        channel=_text(node["channel"]["slug"], 256),
        currency=_text(node["total"]["gross"]["currency"], 3),
        total=parse_amount(node["total"]["gross"]),
        subtotal=parse_amount(node["subtotal"]["gross"]),
        shipping_gross=parse_amount(node["shippingPrice"]["gross"]),
        shipping_net=parse_amount(node["shippingPrice"]["net"]),
        charged=parse_amount(node["totalCharged"]),
        refunded=parse_amount(node["totalRefunded"]),
        transactions=tuple(_transaction(transaction) for transaction in node["transactions"]),
        payments=tuple(_payment(payment) for payment in node["payments"]),
        has_gift_cards=bool(node["giftCards"]),
        gift_cards=tuple(_text(card["id"], _GLOBAL_ID_LENGTH_MAX) for card in node["giftCards"] or ()),
        voucher_code=str(node.get("voucherCode") or "")[:CODE_LENGTH_MAX],
        is_replacement=node["original"] is not None,
        returned=_returned(node["fulfillments"]),
        lines=tuple(_line(line) for line in node["lines"]),
        placed_at=_first(events, PLACED_FROM_DRAFT) or _first(events, PLACED),
        fully_paid_at=_first(events, FULLY_PAID),
        fulfilled_at=_last(events, FULFILLED),
        metadata=_metadata(node),
    )


def _metadata(node: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in (node.get("metafields") or {}).items()}


def _transaction(transaction: Mapping[str, Any]) -> Transaction:
    events = transaction["events"]
    successes = (parse_amount(event["amount"]) for event in events if event["type"] == "CHARGE_SUCCESS")
    charge_backs = (parse_amount(event["amount"]) for event in events if event["type"] == "CHARGE_BACK")
    succeeded = sum((amount for amount in successes if amount > 0), start=Decimal(0))
    return Transaction(
        charged=parse_amount(transaction["chargedAmount"]),
        refunded=parse_amount(transaction["refundedAmount"]),
        succeeded=max(Decimal(0), succeeded - sum(charge_backs, start=Decimal(0))),
        refund_pending=parse_amount(transaction["refundPendingAmount"]),
        is_by_staff=(transaction["createdBy"] or {}).get("__typename") == "User",
        # Webhooks of versions before do not carry it.
        id=_text(transaction.get("id", ""), _GLOBAL_ID_LENGTH_MAX),
    )


def _payment(payment: Mapping[str, Any]) -> Payment:
    captured = payment["capturedAmount"]
    return Payment(_text(payment["gateway"], 256), parse_amount(captured) if captured is not None else Decimal(0))


def _returned(fulfillments: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, int], ...]:
    """Count the pieces that came back, by line."""
    pieces: Counter[str] = Counter()
    for fulfillment in fulfillments:
        if fulfillment["status"] in CAME_BACK:
            for line in fulfillment["lines"] or ():
                if line["orderLine"] is not None:
                    pieces[_text(line["orderLine"]["id"], _GLOBAL_ID_LENGTH_MAX)] += int(line["quantity"])
    return tuple(sorted(pieces.items()))


def _line(line: Mapping[str, Any]) -> Line:
    variant = line["variant"]
    earns = None if variant is None else variant["product"]["productType"]["kind"] != GIFT_CARD
    return Line(
        id=_text(line["id"], _GLOBAL_ID_LENGTH_MAX),
        gross=parse_amount(line["totalPrice"]["gross"]),
        net=parse_amount(line["totalPrice"]["net"]),
        quantity_to_fulfill=int(line["quantityToFulfill"]),
        earns=earns,
        name=_label(line.get("productName")),
        quantity=int(line.get("quantity") or 0),
    )


def _first(events: Iterable[Mapping[str, Any]], types: frozenset[str]) -> datetime | None:
    return min(_dates(events, types), default=None)


def _last(events: Iterable[Mapping[str, Any]], types: frozenset[str]) -> datetime | None:
    return max(_dates(events, types), default=None)


def _dates(events: Iterable[Mapping[str, Any]], types: frozenset[str]) -> list[datetime]:
    return [parse_time(event["date"]) for event in events if event["type"] in types and event["date"]]


def parse_amount(money: Mapping[str, Any]) -> Decimal:
    """Read an amount of money, exactly.

    Raises KeyError, TypeError or ValueError when it is none.
    """
    amount = money["amount"]
    # Money arrives as JSON numbers, parsed as Decimal; whole ones may come as integers. A float would mean a wrong parser.
    if isinstance(amount, bool) or not isinstance(amount, Decimal | int):
        raise TypeError("an amount is not a number")
    amount = Decimal(amount)
    if not amount.is_finite() or abs(amount.adjusted()) > AMOUNT_DIGITS_MAX or len(amount.as_tuple().digits) > AMOUNT_DIGITS_MAX:
        raise ValueError("an amount is out of bounds")
    return amount


def parse_time(value: str) -> datetime:
    """Read a moment as Saleor writes it.

    Raises TypeError, ValueError or ArithmeticError when it is none, or names no zone.
    """
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC)


def _language(code: Any) -> str:
    """Read a language such as PT_BR as its tag, pt-BR; empty where it is none: that keeps no order from its points."""
    parts = code.split("_") if isinstance(code, str) and _LANGUAGE_CODE.fullmatch(code) else []
    tag = "-".join([parts[0].lower(), *(part.title() if len(part) == 4 else part for part in parts[1:])]) if parts else ""
    return tag if len(tag) <= LANGUAGE_LENGTH_MAX else ""


def _label(value: Any) -> str:
    """Read a text that only people look at: whatever it is, it must not keep an order from its points."""
    text = value if isinstance(value, str) else ""
    return text[:LABEL_LENGTH_MAX].replace("\0", "").encode(errors="replace").decode()


def _text(value: Any, length_max: int) -> str:
    if not isinstance(value, str) or len(value) > length_max:
        raise TypeError("a text is missing or too long")
    if "\0" in value:
        raise ValueError("a text that no database can store")
    value.encode()  # Raises ValueError for half a character, which JSON can hold and no database.
    return value
