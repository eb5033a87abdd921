"""Orders and rules as the tests of the domain write them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from app.domain.earning import Due, Rule, points_due
from app.domain.order import Line, Order, Transaction

CREATED = datetime(2026, 5, 1, 10, 0, tzinfo=UTC)
PAID = CREATED + timedelta(minutes=5)
NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)


def money(amount: str | int) -> Decimal:
    return Decimal(amount)


def line(gross: str = "100", net: str | None = None, *, to_fulfill: int = 1, earns: bool | None = True, id: str = "a") -> Line:  # noqa: A002 - the field's name
    return Line(id, Decimal(gross), Decimal(net or gross), to_fulfill, earns, quantity=1)


def order(**changes: Any) -> Order:
    """A paid order of one line for 100, without shipping, unless said otherwise."""
    total = Decimal(changes.pop("total", "100"))
    values: dict[str, Any] = {
        "id": "Order:1",
        "number": "1",
        "created_at": CREATED,
        "updated_at": PAID,
        "status": "UNFULFILLED",
        "email": "ada@example.com",
        "is_registered": False,
        "channel": "default",
        "currency": "USD",
        "total": total,
        "subtotal": total - changes.get("shipping_gross", Decimal(0)),
        "shipping_gross": Decimal(0),
        "shipping_net": Decimal(0),
        "charged": total,
        "refunded": Decimal(0),
        "lines": (line(str(total)),),
        "fully_paid_at": PAID,
    }
    return Order(**(values | changes))


def rule(**changes: Any) -> Rule:
    return Rule(**({"id": 1} | changes))


def transaction(charged: str, refunded: str, succeeded: str, refund_pending: str = "0") -> Transaction:
    return Transaction(Decimal(charged), Decimal(refunded), Decimal(succeeded), Decimal(refund_pending))


def due(an_order: Order, a_rule: Rule | None = None, **changes: Any) -> Due:
    """What is due for an order that reached its moment when it was paid."""
    values: dict[str, Any] = {"awards_from": START, "moment_at": PAID} | changes
    return points_due(an_order, a_rule or rule(), values.pop("now", NOW), **values)
