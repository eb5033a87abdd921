"""An order as Saleor's database holds it, frozen; every change makes a new version."""

import base64
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from tests.standins.saleor.money import ZERO, Amount, Taxed, in_currency
from tests.standins.saleor.payments import Payment, Transaction

DRAFT = "DRAFT"
UNCONFIRMED = "UNCONFIRMED"
UNFULFILLED = "UNFULFILLED"


def global_id(kind: str, key: object) -> str:
    return base64.b64encode(f"{kind}:{key}".encode()).decode()


def new_id(kind: str) -> str:
    return global_id(kind, uuid.uuid4())


@dataclass(frozen=True)
class Item:
    """What a shopper puts into the basket: the line's total price."""

    gross: Amount
    net: Amount | None = None
    kind: str = "NORMAL"
    quantity: int = 1
    name: str = "Apple Juice"

    def line(self, currency: str) -> "Line":
        gross = in_currency(self.gross, currency)
        net = gross if self.net is None else in_currency(self.net, currency)
        return Line(new_id("OrderLine"), self.name, self.kind, self.quantity, self.quantity, Taxed(gross, net))


@dataclass(frozen=True)
class Line:
    id: str
    name: str
    kind: str
    quantity: int
    quantity_to_fulfill: int
    total: Taxed
    returned: int = 0
    is_variant_deleted: bool = False


@dataclass(frozen=True)
class Channel:
    id: str
    slug: str
    currency: str


@dataclass(frozen=True)
class Customer:
    id: str
    email: str
    is_confirmed: bool = True
    is_active: bool = True
    is_staff: bool = False


@dataclass(frozen=True)
class HistoryEntry:
    """One of the order's own `events`."""

    id: str
    type: str
    date: datetime


@dataclass(frozen=True)
class Fulfillment:
    """Pieces of lines that went out, came back, or are replaced: line ids and quantities."""

    id: str
    status: str
    lines: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Order:
    id: str
    number: int
    channel: Channel
    created: datetime
    updated_at: datetime
    status: str
    email: str
    customer: Customer | None
    lines: tuple[Line, ...]
    shipping: Taxed
    # What gift cards paid, and the cards that are known, by id.
    gift_card: Decimal = ZERO
    cards: tuple[str, ...] = ()
    voucher_code: str | None = None
    granted: Decimal = ZERO
    auto_confirm: bool = True
    charge_status: str = "NONE"
    transactions: tuple[Transaction, ...] = ()
    payments: tuple[Payment, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    metadata: Mapping[str, str] | None = None
    # The order whose goods this one replaces.
    original: str | None = None
    fulfillments: tuple[Fulfillment, ...] = ()
    language: str = "EN"
    # A recalculation has forgotten what gift cards paid: the total is what it would be without them.
    is_card_forgotten: bool = False

    @property
    def currency(self) -> str:
        return self.channel.currency

    @property
    def subtotal(self) -> Taxed:
        """The lines; after vouchers, before gift cards."""
        return sum((line.total for line in self.lines), Taxed(ZERO, ZERO))

    @property
    def total(self) -> Taxed:
        whole = self.subtotal + self.shipping
        return whole if self.is_card_forgotten else whole.less(self.gift_card)

    @property
    def charged(self) -> Decimal:
        """Money held now: net of refunds, of pending refunds and of chargebacks."""
        return sum((payment.charged for payment in self.payments), sum((part.charged for part in self.transactions), ZERO))

    @property
    def refunded(self) -> Decimal:
        return sum((payment.refunded for payment in self.payments), sum((part.refunded for part in self.transactions), ZERO))

    @property
    def refund_pending(self) -> Decimal:
        return sum((part.refund_pending for part in self.transactions), ZERO)

    @property
    def authorized(self) -> Decimal:
        return sum((part.authorized for part in self.transactions), ZERO)

    @property
    def charge_pending(self) -> Decimal:
        return sum((part.charge_pending for part in self.transactions), ZERO)

    @property
    def owed(self) -> Decimal:
        """What a charge is compared with: a granted refund lowers it."""
        return self.total.gross - self.granted

    @property
    def is_fully_charged(self) -> bool:
        return self.charge_status in ("FULL", "OVERCHARGED")

    def amount(self, amount: Amount) -> Decimal:
        return in_currency(amount, self.currency)

    def recorded(self, entry: str, now: datetime) -> "Order":
        return replace(self, history=(*self.history, HistoryEntry(new_id("OrderEvent"), entry, now)))

    def rated(self) -> "Order":
        """Compute chargeStatus anew, which Saleor does when money moves but not when lines do."""
        return replace(self, charge_status=charge_status(self.charged, self.owed))

    def with_transaction(self, transaction: Transaction) -> "Order":
        """Put `transaction` in the place of the one with its id, or add it."""
        others = tuple(old for old in self.transactions if old.id != transaction.id)
        if len(others) == len(self.transactions):
            return replace(self, transactions=(*self.transactions, transaction)).rated()
        kept = (transaction if old.id == transaction.id else old for old in self.transactions)
        return replace(self, transactions=tuple(kept)).rated()


def charge_status(charged: Decimal, owed: Decimal) -> str:
    if charged == owed:
        return "FULL"
    if charged <= 0:
        return "NONE"
    return "PARTIAL" if charged < owed else "OVERCHARGED"
