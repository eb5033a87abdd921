"""The order as it was last read, kept as JSON: what explains a number, and what remembers which lines earn."""

import json
from decimal import Decimal
from typing import Any

from app.domain.order import Line, Order


def dump(order: Order) -> str:
    """Write an order as JSON. Amounts are texts, so that they stay exact."""
    return json.dumps(
        {
            "status": order.status,
            "created_at": order.created_at.isoformat(),
            "updated_at": order.updated_at.isoformat(),
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
            "lines": [_line(line) for line in order.lines],
        },
        separators=(",", ":"),
    )


def load_lines(snapshot: str | None) -> tuple[Line, ...]:
    """Read the lines of an order as they were last stored."""
    if snapshot is None:
        return ()
    return tuple(
        Line(
            id=line["id"],
            gross=Decimal(line["gross"]),
            net=Decimal(line["net"]),
            quantity_to_fulfill=line["quantity_to_fulfill"],
            earns=line["earns"],
        )
        for line in json.loads(snapshot)["lines"]
    )


def _line(line: Line) -> dict[str, Any]:
    return {
        "id": line.id,
        "gross": str(line.gross),
        "net": str(line.net),
        "quantity_to_fulfill": line.quantity_to_fulfill,
        "earns": line.earns,
    }
