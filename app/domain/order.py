"""An order as Saleor showed it, reduced to what decides points."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b

NEVER_EARNING = frozenset({"CANCELED", "EXPIRED", "DRAFT"})
STATUS_RETURNED = "RETURNED"
# The gateway of a payment that staff recorded, in the older of Saleor's two ways to mark an order as paid.
MANUAL_GATEWAY = "manual"
_DIGEST_BYTES = 16


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
    `is_by_staff`: a staff user made it, by marking the order as paid or by recording a payment. `is_by_points`: our own shoppers
    paid it with points.
    """

    charged: Decimal
    refunded: Decimal
    succeeded: Decimal
    refund_pending: Decimal = Decimal(0)
    is_by_staff: bool = False
    id: str = ""
    is_by_points: bool = False

    @property
    def gone_back(self) -> Decimal:
        """What went back although `charged` does not show it."""
        return max(Decimal(0), self.charged + self.refund_pending + self.refunded - self.succeeded)


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment in the older of Saleor's two ways to pay, as it now stands: what it holds, net of refunds."""

    gateway: str
    charged: Decimal


@dataclass(frozen=True, slots=True)
class Order:
    """The whole of what settling reads from Saleor about one order.

    `placed_at` is None where Saleor tells of no such moment: the order is as old as its record.
    `returned` are the pieces that came back, by their lines' ids. `is_replacement`: its goods replace those of another order.
    `gift_cards` are those that lower its total, by their ids; one that paid as a transaction is not among them.
    `card` is what gift cards had paid when the order was first read; None at the first read. `by_reward` is what of it gift cards
    paid that customers took for points. `points_spent` are the points that pay for it now.
    `voucher_code` is a secret until it is used: no representation shows it.
    `language` is a tag, such as de or pt-BR: no points depend on it.
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
    payments: tuple[Payment, ...] = ()
    has_gift_cards: bool = False
    gift_cards: tuple[str, ...] = ()
    voucher_code: str = field(default="", repr=False)
    card: Decimal | None = None
    by_reward: Decimal = Decimal(0)
    points_spent: int = 0
    is_replacement: bool = False
    returned: tuple[tuple[str, int], ...] = ()
    lines: tuple[Line, ...] = ()
    placed_at: datetime | None = None
    fully_paid_at: datetime | None = None
    fulfilled_at: datetime | None = None
    language: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def money_kept(self) -> Decimal:
        """What the shop holds of the shopper's money now.

        `charged` is already net of refunds, of refunds asked for, and of charge-backs. Some payment apps report a refund without
        lowering the charge: there, the three add up to more than ever succeeded, and the surplus has gone back.
        (Observed on a running Saleor 3.24; DESIGN, What is due.) What goes back of our own payments always lowers the charge.
        """
        return self.charged - sum((paid.gone_back for paid in self.transactions if not paid.is_by_points), start=Decimal(0))

    @property
    def paid_by_points(self) -> Decimal:
        """What payments with points hold of the order now. It is a part of `money_kept`."""
        return sum((max(Decimal(0), paid.charged) for paid in self.transactions if paid.is_by_points), start=Decimal(0))

    @property
    def value(self) -> Decimal:
        """What the order is worth, after discounts and before gift cards."""
        return self.subtotal + self.shipping_gross

    @property
    def card_paid(self) -> Decimal:
        """What gift cards paid. An unconfirmed order that is edited forgets it, so the first read counts."""
        if self.card is not None:
            return self.card
        return max(Decimal(0), self.value - self.total) if self.has_gift_cards else Decimal(0)

    @property
    def has_used_cards(self) -> bool:
        """Tell whether gift cards lowered its total. Saleor does not name those that were deleted since."""
        return self.has_gift_cards or self.value > self.total

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
    """What a webhook, or a page of the sweep, carries about an order: enough to see whether it changed since the last look.

    `facts` are empty where a webhook of an older version carries fewer values. `first_facts` are in the form that an older
    version stored: an order that it settled is compared by those, until it is read again.
    """

    order_id: str
    updated_at: datetime
    facts: str
    first_facts: str
    # Of our metadata as the order has it; None where it was not asked for.
    metadata_hash: str | None = None


def facts_of(order: Order) -> str:
    """Give all that an order's points depend on, as one comparable text: what stands in `first_facts_of`, and a digest.

    It begins with a digit, which no text of the older form does. Of several payments it matters which holds what: what points
    paid does not earn.
    """
    has_several = len(order.transactions) > 1
    rest = (
        _plain(order.shipping_net),
        sorted(
            (_plain(paid.charged), _plain(paid.refunded), _plain(paid.succeeded), _plain(paid.refund_pending), paid.is_by_staff)
            + ((paid.id,) if has_several else ())
            for paid in order.transactions
        ),
        sorted((payment.gateway, _plain(payment.charged)) for payment in order.payments),
        sorted(
            (line.id, _plain(line.gross), _plain(line.net), line.quantity, line.quantity_to_fulfill, str(line.earns))
            for line in order.lines
        ),
        sorted(order.returned),
        (order.has_gift_cards, order.is_replacement),
        [str(moment) for moment in (order.placed_at, order.fully_paid_at, order.fulfilled_at)],
    )
    digest = blake2b(repr(rest).encode(), digest_size=_DIGEST_BYTES).hexdigest()
    return f"2|{digest}|{first_facts_of(order)}"


def first_facts_of(order: Order) -> str:
    """Give the seven values by which an older version told whether an order had changed."""
    return first_facts(
        status=order.status,
        email=order.email,
        total=order.total,
        subtotal=order.subtotal,
        shipping=order.shipping_gross,
        charged=order.charged,
        refunded=order.refunded,
    )


def first_facts(
    *, status: str, email: str, total: Decimal, subtotal: Decimal, shipping: Decimal, charged: Decimal, refunded: Decimal
) -> str:
    """Write the seven values as one comparable text."""
    amounts = (total, subtotal, shipping, charged, refunded)
    return "|".join((status, *(_plain(amount) for amount in amounts), email))


def _plain(amount: Decimal) -> str:
    """Write an amount in one way, however many zeros it came with."""
    return format(amount.normalize(), "f")
