"""The order as it was last read, kept as JSON: what explains a number, and what remembers which lines earn."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.db.tables import OrderRow
from app.domain.order import Line, Order, Payment, Transaction


def dump(order: Order) -> str:
    """Write an order as JSON. Amounts are texts, so that they stay exact."""
    return json.dumps(
        {
            "status": order.status,
            "created_at": order.created_at.isoformat(),
            "updated_at": order.updated_at.isoformat(),
            "fully_paid_at": _moment(order.fully_paid_at),
            "fulfilled_at": _moment(order.fulfilled_at),
            "is_registered": order.is_registered,
            "channel": order.channel,
            "currency": order.currency,
            "total": str(order.total),
            "subtotal": str(order.subtotal),
            "shipping_gross": str(order.shipping_gross),
            "shipping_net": str(order.shipping_net),
            "charged": str(order.charged),
            "refunded": str(order.refunded),
            "money_kept": str(order.money_kept),
            "transactions": [
                [str(amount) for amount in (paid.charged, paid.refunded, paid.succeeded, paid.refund_pending)]
                for paid in order.transactions
            ],
            "by_staff": [paid.is_by_staff for paid in order.transactions],
            "by_points": [paid.is_by_points for paid in order.transactions],
            "payments": [[payment.gateway, str(payment.charged)] for payment in order.payments],
            "has_gift_cards": order.has_gift_cards,
            "card": str(order.card) if order.card is not None else None,
            "by_reward": str(order.by_reward),
            "is_replacement": order.is_replacement,
            "returned": order.returned,
            "placed_at": _moment(order.placed_at),
            "lines": [_line(line) for line in order.lines],
        },
        separators=(",", ":"),
    )


@dataclass(frozen=True, slots=True)
class OrderPrice:
    """What an order costs, and in which channel, as it was last read."""

    total: Decimal
    currency: str
    channel: str


def price_of(snapshot: str | None) -> OrderPrice | None:
    """Read the price from a snapshot, and nothing else; None where there is none, or it is broken."""
    if snapshot is None:
        return None
    try:
        stored = json.loads(snapshot)
        return OrderPrice(Decimal(stored["total"]), stored["currency"], stored["channel"])
    except (LookupError, TypeError, ValueError, ArithmeticError):
        return None


def stored_order(row: OrderRow) -> Order | None:
    """Give an order as it was last read; None where it never was, or its snapshot is broken."""
    if row.snapshot is None:
        return None
    try:
        return load(row.snapshot, saleor_order_id=row.saleor_order_id, number=row.number or "", email=row.email or "")
    except (LookupError, TypeError, ValueError, ArithmeticError):
        return None


def load(snapshot: str, *, saleor_order_id: str, number: str, email: str) -> Order:
    """Read an order as it was last stored; number and e-mail stand beside the snapshot.

    Raises KeyError, TypeError, ValueError or ArithmeticError when it is none.
    """
    stored = json.loads(snapshot)
    charged = Decimal(stored["charged"])
    return Order(
        id=saleor_order_id,
        number=number,
        created_at=datetime.fromisoformat(stored["created_at"]),
        updated_at=datetime.fromisoformat(stored["updated_at"]),
        status=stored["status"],
        email=email,
        is_registered=stored["is_registered"],
        channel=stored["channel"],
        currency=stored["currency"],
        total=Decimal(stored["total"]),
        subtotal=Decimal(stored["subtotal"]),
        shipping_gross=Decimal(stored["shipping_gross"]),
        shipping_net=Decimal(stored["shipping_net"]),
        charged=charged,
        refunded=Decimal(stored["refunded"]),
        transactions=_transactions(stored, charged),
        payments=tuple(Payment(gateway, Decimal(held)) for gateway, held in stored.get("payments", ())),
        has_gift_cards=stored.get("has_gift_cards", False),
        card=Decimal(stored["card"]) if stored.get("card") is not None else None,
        by_reward=Decimal(stored.get("by_reward", 0)),
        is_replacement=stored.get("is_replacement", False),
        returned=tuple((line_id, quantity) for line_id, quantity in stored.get("returned", ())),
        lines=_lines(stored),
        placed_at=_loaded_moment(stored.get("placed_at")),
        fully_paid_at=_loaded_moment(stored.get("fully_paid_at")),
        fulfilled_at=_loaded_moment(stored.get("fulfilled_at")),
    )


def _lines(stored: Mapping[str, Any]) -> tuple[Line, ...]:
    return tuple(
        Line(
            id=line["id"],
            gross=Decimal(line["gross"]),
            net=Decimal(line["net"]),
            quantity_to_fulfill=line["quantity_to_fulfill"],
            earns=line["earns"],
            name=line.get("name", ""),
            quantity=line.get("quantity", 0),
        )
        for line in stored["lines"]
    )


def _transaction(amounts: Sequence[str]) -> Transaction:
    charged, refunded, succeeded, refund_pending = (Decimal(amount) for amount in amounts)
    return Transaction(charged, refunded, succeeded, refund_pending)


def _transactions(stored: Mapping[str, Any], charged: Decimal) -> tuple[Transaction, ...]:
    if "transactions" in stored:
        paid = [_transaction(amounts) for amounts in stored["transactions"]]
        by_staff, by_points = (stored.get(who) or [False] * len(paid) for who in ("by_staff", "by_points"))
        return tuple(
            replace(one, is_by_staff=is_by_staff, is_by_points=is_by_points)
            for one, is_by_staff, is_by_points in zip(paid, by_staff, by_points, strict=True)
        )
    # A snapshot of an earlier version holds their sum only: what refunds had not lowered the charge by.
    return (Transaction(Decimal(0), charged - Decimal(stored["money_kept"]), Decimal(0)),)


def _line(line: Line) -> dict[str, Any]:
    return {
        "id": line.id,
        "gross": str(line.gross),
        "net": str(line.net),
        "quantity_to_fulfill": line.quantity_to_fulfill,
        "earns": line.earns,
        "name": line.name,
        "quantity": line.quantity,
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _loaded_moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None
