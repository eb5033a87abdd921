"""An order as Saleor showed it, reduced to what decides points."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

NEVER_EARNING = frozenset({"CANCELED", "EXPIRED", "DRAFT"})
STATUS_RETURNED = "RETURNED"


@dataclass(frozen=True, slots=True)
class Line:
    """One line. Money is of the order's currency.

    `earns` is None while nobody knows: its product is gone, and with it the mark of a gift card.
    `name` is the product's, for people.
    """

    id: str
    gross: Decimal
    net: Decimal
    quantity_to_fulfill: int
    earns: bool | None
    name: str = ""
    quantity: int = 0


@dataclass(frozen=True, slots=True)
class Transaction:
    """One payment transaction as it now stands.

    `succeeded` is the sum of its positive CHARGE_SUCCESS events less its CHARGE_BACK events: what a charge-back took is neither
    in `charged` nor in `refunded`. `refund_pending` has left `charged`, and is not in `refunded` yet.
    """

    charged: Decimal
    refunded: Decimal
    succeeded: Decimal
    refund_pending: Decimal = Decimal(0)

    @property
    def gone_back(self) -> Decimal:
        """What went back although `charged` does not show it."""
        return max(Decimal(0), self.charged + self.refund_pending + self.refunded - self.succeeded)


@dataclass(frozen=True, slots=True)
class Order:
    """The whole of what settling reads from Saleor about one order.

    `placed_at` is None where Saleor tells of no such moment: the order is as old as its record.
    """

    id: str
    number: str
    created_at: datetime
    updated_at: datetime
    status: str
    email: str
    is_registered: bool
    channel: str
    currency: str
    total: Decimal
    subtotal: Decimal
    shipping_gross: Decimal
    shipping_net: Decimal
    charged: Decimal
    refunded: Decimal
    transactions: tuple[Transaction, ...] = ()
    lines: tuple[Line, ...] = ()
    placed_at: datetime | None = None
    fully_paid_at: datetime | None = None
    fulfilled_at: datetime | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def money_kept(self) -> Decimal:
        """What the shop holds of the shopper's money now.

        `charged` is already net of refunds, of refunds asked for, and of charge-backs. Some payment apps report a refund without
        lowering the charge: there, the three add up to more than ever succeeded, and the surplus has gone back.
        (Observed on a running Saleor 3.24; DESIGN, What is due.)
        """
        return self.charged - sum((paid.gone_back for paid in self.transactions), start=Decimal(0))

    @property
    def is_fully_charged(self) -> bool:
        """Tell whether the charges cover the total now. `chargeStatus` is not asked: an edit leaves it stale."""
        return self.charged >= self.total

    @property
    def is_fulfilled(self) -> bool:
        """Tell whether no line has anything left to fulfil."""
        return bool(self.lines) and all(line.quantity_to_fulfill == 0 for line in self.lines)


@dataclass(frozen=True, slots=True)
class Told:
    """What a webhook, or a page of the sweep, carries about an order: enough to see whether it changed since the last look."""

    order_id: str
    updated_at: datetime
    facts: str
    # Of our metadata as it stands on the order; None where it was not asked for.
    words_mark: str | None = None


def facts(
    *, status: str, email: str, total: Decimal, subtotal: Decimal, shipping: Decimal, charged: Decimal, refunded: Decimal
) -> str:
    """Give the seven values that tell whether an order differs from what was last read, as one comparable text."""
    amounts = (total, subtotal, shipping, charged, refunded)
    return "|".join((status, *(format(amount.normalize(), "f") for amount in amounts), email))


def facts_of(order: Order) -> str:
    """Give the same seven values of an order that was read whole."""
    return facts(
        status=order.status,
        email=order.email,
        total=order.total,
        subtotal=order.subtotal,
        shipping=order.shipping_gross,
        charged=order.charged,
        refunded=order.refunded,
    )
