"""What a transaction comes to, counted from its events as Saleor counts (payment/transaction_item_calculations.py)."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from tests.standins.saleor.money import ZERO
from tests.standins.saleor.payments import Transaction, TransactionEvent

KINDS = ("AUTHORIZATION", "CHARGE", "REFUND", "CANCEL")
# What each kind of event adds to, and what it takes from.
TAKES_FROM = {"CHARGE": "AUTHORIZATION", "REFUND": "CHARGE", "CANCEL": "AUTHORIZATION"}


def counted(transaction: Transaction) -> Transaction:
    """Count all events anew. Those with the same reference belong together: one success of a reference counts once."""
    done: dict[str, Decimal] = defaultdict(lambda: ZERO)
    pending: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for (kind, _reference), events in _by_reference(transaction).items():
        held = _held(events)
        done[kind] += held
        waiting = events["REQUEST"].amount if set(events) & {"REQUEST", "SUCCESS", "FAILURE"} == {"REQUEST"} else ZERO
        pending[kind] += waiting
        if kind in TAKES_FROM:
            done[TAKES_FROM[kind]] -= held + waiting
        if "BACK" in events:
            done["CHARGE"] -= events["BACK"].amount
        if "REVERSE" in events:
            done["CHARGE"] += events["REVERSE"].amount
            done["REFUND"] -= events["REVERSE"].amount
    return replace(
        transaction,
        authorized=max(ZERO, done["AUTHORIZATION"]),
        charged=done["CHARGE"],
        charge_pending=pending["CHARGE"],
        refunded=done["REFUND"],
        refund_pending=pending["REFUND"],
    )


def _by_reference(transaction: Transaction) -> Mapping[tuple[str, str], dict[str, TransactionEvent]]:
    """Put the events that count together by kind and reference; of two of the same type the newer stands."""
    found: dict[tuple[str, str], dict[str, TransactionEvent]] = defaultdict(dict)
    for event in reversed(transaction.events):
        kind, _, outcome = event.type.partition("_")
        if event.counts and event.psp_reference and kind in KINDS:
            found[kind, event.psp_reference][outcome] = event
    return found


def _held(events: Mapping[str, TransactionEvent]) -> Decimal:
    """Return the amount of the success, unless a newer failure has its reference."""
    success, failure = events.get("SUCCESS"), events.get("FAILURE")
    if success is None or (failure is not None and failure.created_at >= success.created_at):
        return ZERO
    return success.amount
