"""What Saleor has booked of one payment: its transaction, with the checkout or the order that it is of."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

# What these events say is over once a newer one of the other kind has the same reference.
_CONTRARY = {
    "CHARGE_SUCCESS": frozenset({"CHARGE_FAILURE", "CHARGE_BACK"}),
    "REFUND_SUCCESS": frozenset({"REFUND_FAILURE", "REFUND_REVERSE"}),
}


class EventKind(StrEnum):
    """The types of transaction events that the app reports or looks for."""

    CHARGE_SUCCESS = "CHARGE_SUCCESS"
    REFUND_REQUEST = "REFUND_REQUEST"
    REFUND_SUCCESS = "REFUND_SUCCESS"
    REFUND_FAILURE = "REFUND_FAILURE"
    REFUND_REVERSE = "REFUND_REVERSE"
    INFO = "INFO"


@dataclass(frozen=True, slots=True)
class PaymentEvent:
    """An event of a transaction. `reference` is the app's own name for what happened; empty where nobody named it."""

    id: str
    kind: str
    reference: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PaidOrder:
    """The order that a payment is of.

    `is_over` is true once it was cancelled or has expired. `overcharged` is what was charged above its total.
    """

    id: str
    is_over: bool
    overcharged: Decimal


@dataclass(frozen=True, slots=True)
class BookedPayment:
    """A transaction as Saleor has it. Its events come newest first. A checkout that was completed is an order."""

    transaction_id: str
    events: tuple[PaymentEvent, ...]
    order: PaidOrder | None = None

    def holds(self, kind: EventKind, reference: str) -> bool:
        """Tell whether what `kind` says of `reference` is booked, and nothing newer says the contrary.

        Saleor counts a success no more once a newer failure has its reference.
        """
        newest = self._newest(kind, reference)
        return newest is not None and newest.kind == kind

    def undoing(self, reference: str) -> PaymentEvent | None:
        """Give the last event that Saleor booked for a refund, where it says that it failed or was reversed."""
        newest = self._newest(EventKind.REFUND_SUCCESS, reference)
        return newest if newest is not None and newest.kind != EventKind.REFUND_SUCCESS else None

    def _newest(self, kind: EventKind, reference: str) -> PaymentEvent | None:
        kinds = _CONTRARY.get(kind, frozenset()) | {kind}
        return next((event for event in self.events if event.reference == reference and event.kind in kinds), None)
