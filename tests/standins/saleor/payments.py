"""The money of an order: transactions with their events, and legacy payments."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from tests.standins.saleor.money import ZERO


@dataclass(frozen=True)
class TransactionEvent:
    type: str
    amount: Decimal
    created_at: datetime
    id: str = ""
    psp_reference: str = ""
    message: str = ""
    # Saleor leaves requests that nobody has answered, and failures of its own making, out of its sums.
    counts: bool = True


@dataclass(frozen=True)
class Transaction:
    """What one payment app says of one payment; its amounts need not add up."""

    id: str
    charged: Decimal = ZERO
    refunded: Decimal = ZERO
    refund_pending: Decimal = ZERO
    authorized: Decimal = ZERO
    events: tuple[TransactionEvent, ...] = ()
    is_by_staff: bool = False
    charge_pending: Decimal = ZERO
    # The identifier of the app that `transactionInitialize` asked; None for those that the till makes.
    app: str | None = None
    idempotency_key: str = ""
    psp_reference: str = ""
    name: str = ""
    actions: tuple[str, ...] = ()
    # A request of `releaseFundsForExpiredCheckouts` is out, or was answered by a failure.
    is_being_released: bool = False

    def told(self, kind: str, amount: Decimal, now: datetime) -> "Transaction":
        """Add an event; the newest comes first, as Saleor lists them."""
        return self.with_event(TransactionEvent(kind, amount, now))

    def with_event(self, event: TransactionEvent) -> "Transaction":
        return replace(self, events=(event, *self.events))

    def charge(self, amount: Decimal, now: datetime) -> "Transaction":
        authorized = max(ZERO, self.authorized - amount)
        return replace(self, charged=self.charged + amount, authorized=authorized).told("CHARGE_SUCCESS", amount, now)

    def authorize(self, amount: Decimal, now: datetime) -> "Transaction":
        return replace(self, authorized=self.authorized + amount).told("AUTHORIZATION_SUCCESS", amount, now)

    def refund(self, amount: Decimal, now: datetime) -> "Transaction":
        """Move `amount` from charged to refunded by transactionUpdate, which notes a negative charge."""
        moved = replace(self, charged=self.charged - amount, refunded=self.refunded + amount)
        return moved.told("CHARGE_SUCCESS", -amount, now).told("REFUND_SUCCESS", amount, now)

    def report_refund(self, amount: Decimal, now: datetime) -> "Transaction":
        """Count `amount` as refunded and leave the charge as it was."""
        return replace(self, refunded=self.refunded + amount).told("REFUND_SUCCESS", amount, now)

    def request_refund(self, amount: Decimal, now: datetime) -> "Transaction":
        moved = replace(self, charged=self.charged - amount, refund_pending=self.refund_pending + amount)
        return moved.told("REFUND_REQUEST", amount, now)

    def refund_succeeded(self, amount: Decimal, now: datetime) -> "Transaction":
        moved = replace(self, refund_pending=self.refund_pending - amount, refunded=self.refunded + amount)
        return moved.told("REFUND_SUCCESS", amount, now)

    def refund_failed(self, amount: Decimal, now: datetime) -> "Transaction":
        moved = replace(self, refund_pending=self.refund_pending - amount, charged=self.charged + amount)
        return moved.told("REFUND_FAILURE", amount, now)

    def reverse_refund(self, amount: Decimal, now: datetime) -> "Transaction":
        """Take a refund back; refunded goes below zero where there was none."""
        moved = replace(self, refunded=self.refunded - amount, charged=self.charged + amount)
        return moved.told("REFUND_REVERSE", amount, now)

    def charge_back(self, amount: Decimal, now: datetime) -> "Transaction":
        return replace(self, charged=self.charged - amount).told("CHARGE_BACK", amount, now)


@dataclass(frozen=True)
class Payment:
    """A legacy payment, as orderMarkAsPaid makes one in PAYMENT_FLOW."""

    id: str
    total: Decimal
    charged: Decimal
    refunded: Decimal = ZERO
    gateway: str = "manual"

    def refund(self, amount: Decimal) -> "Payment":
        return replace(self, charged=max(ZERO, self.charged - amount), refunded=self.refunded + amount)
