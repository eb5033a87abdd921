"""Payments of apps: transactions begun by shoppers, requests of staff, and what apps report. Saleor caps nothing."""

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.standins.saleor.apps import App
from tests.standins.saleor.asking_apps import AskingApps, Verdict, read_session
from tests.standins.saleor.book import Edit, OrderBook, Principal
from tests.standins.saleor.checkouts import Checkout, Checkouts
from tests.standins.saleor.counting import counted
from tests.standins.saleor.money import ZERO, Amount, rounded
from tests.standins.saleor.orders import Order, new_id
from tests.standins.saleor.payments import Transaction, TransactionEvent
from tests.standins.saleor.refusals import Refusal
from tests.standins.saleor.till import settled, tell_if_full, tell_refund

INITIALIZE = "TRANSACTION_INITIALIZE_SESSION"
PROCESS = "TRANSACTION_PROCESS_SESSION"
# What has an amount of its own when an app reports it; of others Saleor finds the amount by the reference.
AMOUNT_OF = {
    "CHARGE_FAILURE": ("CHARGE_SUCCESS", "CHARGE_REQUEST"),
    "REFUND_FAILURE": ("REFUND_SUCCESS", "REFUND_REQUEST", "CHARGE_SUCCESS", "CHARGE_REQUEST", "CHARGE_FAILURE"),
    "CANCEL_FAILURE": ("CANCEL_SUCCESS", "CANCEL_REQUEST"),
    "REFUND_REVERSE": ("REFUND_SUCCESS",),
    "CHARGE_BACK": ("CHARGE_SUCCESS",),
}
OTHER_AMOUNT = "The transaction with provided `pspReference` and `type` already exists with different amount."


@dataclass(frozen=True)
class Session:
    """What `transactionInitialize` answers."""

    transaction: Transaction
    event: TransactionEvent
    data: Any


@dataclass(frozen=True)
class Report:
    """What `transactionEventReport` answers."""

    transaction: Transaction
    event: TransactionEvent
    is_known: bool


@dataclass
class AppPayments:
    book: OrderBook
    checkouts: Checkouts
    asking: AskingApps
    # Say a checkout or an order in the words of the schema.
    source_fields: Callable[[Checkout | Order], Mapping[str, Any]]
    transaction_fields: Callable[[Transaction], Mapping[str, Any]]
    lock: threading.RLock = field(default_factory=threading.RLock)
    # Where each transaction began, and which one each key of an app began.
    _places: dict[str, str] = field(default_factory=dict)
    _keys: dict[tuple[str, str], str] = field(default_factory=dict)

    def initialize(
        self,
        source_id: str,
        app: str,
        amount: Amount | None = None,
        *,
        key: str | None = None,
        data: Any = None,
        by: Principal | None = None,
        action: str = "CHARGE",
    ) -> Session:
        """Ask the app `app` for money of a checkout or an order; the same key asks it again. Raises Refusal."""
        source, key = self.source(source_id), key or str(uuid.uuid4())
        owner = self.asking.active(app)
        if owner is None:
            raise Refusal("NOT_FOUND", "App with provided identifier not found.", "paymentGateway")
        asked = due_of(source) if amount is None else rounded(amount, source.currency)
        transaction, request = self._begun(source, app, asked, key, action)
        return self._session(owner, INITIALIZE, transaction, request, data, by)

    def process(self, transaction_id: str, *, data: Any = None, by: Principal | None = None) -> Session:
        """Go on with a payment; one that has its outcome is answered without asking the app."""
        transaction = self[transaction_id]
        outcomes = ("SUCCESS", "FAILURE", "REQUEST")
        done = [event for event in transaction.events if event.counts and event.type.partition("_")[2] in outcomes]
        if done:
            return Session(transaction, done[-1], None)
        owner = self.asking.active(transaction.app)
        if owner is None:
            raise Refusal("MISSING_PAYMENT_APP", "Payment app attached to the transaction, doesn't exist.", "id")
        request = next(event for event in transaction.events if event.type.endswith("_REQUEST"))
        return self._session(owner, PROCESS, transaction, request, data, by)

    def report(
        self,
        app: App,
        transaction_id: str,
        kind: str,
        psp_reference: str,
        amount: Amount | float | None = None,
        *,
        message: str = "",
        actions: tuple[str, ...] | None = None,
    ) -> Report:
        """Note what an app reports of its transaction; one reference and type counts once. Raises Refusal."""
        now, by = self.book.moment(), {"__typename": "App", "id": app.id, "name": app.name}
        with self.lock:
            transaction = self[transaction_id]
            told = _amount_told(transaction, kind, psp_reference, amount, self.source_of(transaction_id).currency)
            event = TransactionEvent(kind, told, now, new_id("TransactionEvent"), psp_reference, message[:512])
            known = _known(transaction, event)
            if known is not None and known.amount != told:
                self.fail(transaction_id, event, OTHER_AMOUNT)
                raise Refusal("INCORRECT_DETAILS", OTHER_AMOUNT, "pspReference")
            if known is not None:
                return Report(transaction, known, is_known=True)

            def add(old: Transaction) -> Transaction:
                changed = old.with_event(event)
                reference = old.psp_reference or (psp_reference if kind in ("CHARGE_SUCCESS", "CHARGE_REQUEST") else "")
                return replace(changed, psp_reference=reference, actions=old.actions if actions is None else actions)

            return Report(self.change(transaction_id, add, by), event, is_known=False)

    def fail(self, transaction_id: str, request: TransactionEvent, message: str) -> TransactionEvent:
        """Note a failure of Saleor's own making. It counts for nothing."""
        event = replace(
            request,
            id=new_id("TransactionEvent"),
            type=f"{request.type.partition('_')[0]}_FAILURE",
            created_at=self.book.moment(),
            message=message[:512],
            counts=False,
        )
        self.change(transaction_id, lambda old: old.with_event(event), None, is_silent=True)
        return event

    def change(
        self, transaction_id: str, make: Callable[[Transaction], Transaction], by: Principal | None, *, is_silent: bool = False
    ) -> Transaction:
        """Save what `make` makes of a transaction, count its order anew, and tell what changed."""
        with self.checkouts.lock:
            checkout = self._checkout_of(transaction_id)
            if checkout is not None:
                changed = counted(make(_in(checkout, transaction_id)))
                self.checkouts.change(checkout.id, lambda old: replace(old, transactions=_put(old, changed)))
                return changed
        with self.book.change(self._order_of(transaction_id).id, by=by) as edit:
            before = _in(edit.order, transaction_id)
            changed = counted(make(before))
            edit.order, edit.bumps = edit.order.with_transaction(changed), not is_silent
            _tell(edit, before, changed)
        return changed

    def source(self, source_id: str) -> Checkout | Order:
        """Return the checkout, unless it is an order by now, or the order with this id."""
        if source_id in self.checkouts and self.checkouts[source_id].order_id is None:
            return self.checkouts[source_id]
        if source_id in self.book:
            return self.book[source_id]
        raise Refusal("NOT_FOUND", f"Couldn't resolve to a node: {source_id}", "id")

    def source_of(self, transaction_id: str) -> Checkout | Order:
        """Return the checkout that holds a transaction, or the order that it has become."""
        place = self._places.get(transaction_id)
        if place is None:
            raise Refusal("NOT_FOUND", f"Couldn't resolve to a node: {transaction_id}", "id")
        if place in self.checkouts:
            place = self.checkouts[place].order_id or place
        return self.source(place)

    def __getitem__(self, transaction_id: str) -> Transaction:
        return _in(self.source_of(transaction_id), transaction_id)

    def expired(self) -> list[tuple[Checkout, Transaction]]:
        """Return what `releaseFundsForExpiredCheckouts` gives back now: money on checkouts six hours old, asked for once."""
        old = self.book.clock() - timedelta(hours=6)
        return [
            (checkout, transaction)
            for checkout in self.checkouts.open()
            if checkout.channel.slug in self.checkouts.release_funds and checkout.updated_at <= old
            for transaction in checkout.transactions
            if transaction.app is not None and transaction.charged > ZERO and not transaction.is_being_released
        ]

    def _begun(
        self, source: Checkout | Order, app: str, asked: Decimal, key: str, action: str
    ) -> tuple[Transaction, TransactionEvent]:
        """Find or make the transaction of this key, with its request; a key used otherwise is refused."""
        with self.lock:
            if (app, key) not in self._keys:
                now = self.book.moment()
                request = TransactionEvent(f"{action}_REQUEST", asked, now, new_id("TransactionEvent"), counts=False)
                transaction = Transaction(new_id("TransactionItem"), events=(request,), app=app, idempotency_key=key)
                self._keys[app, key], self._places[transaction.id] = transaction.id, source.id
                self._add(source, transaction)
                return transaction, request
            transaction = self[self._keys[app, key]]
            request = transaction.events[-1]
            if self.source_of(transaction.id).id != source.id or request.amount != asked:
                raise Refusal("UNIQUE", "Different transaction with provided idempotency key already exists.", "idempotencyKey")
            return transaction, request

    def _add(self, source: Checkout | Order, transaction: Transaction) -> None:
        if isinstance(source, Checkout):
            self.checkouts.change(source.id, lambda old: replace(old, transactions=(*old.transactions, transaction)))
            return
        with self.book.change(source.id) as edit:
            edit.order, edit.bumps = edit.order.with_transaction(transaction), False

    def _session(
        self, owner: App, event: str, transaction: Transaction, request: TransactionEvent, data: Any, by: Principal | None
    ) -> Session:
        source, action = self.source_of(transaction.id), request.type.partition("_")[0]
        about = {
            "transaction": self.transaction_fields(transaction),
            "sourceObject": self.source_fields(source),
            "data": data,
            "merchantReference": transaction.id,
            "action": {"amount": float(request.amount), "currency": source.currency, "actionType": action},
            "idempotencyKey": transaction.idempotency_key,
        }
        _status, answer = self.asking.ask(owner, event, about, by)
        verdict = read_session(answer, source.currency)
        return self._answered(transaction.id, request, verdict, {"__typename": "App", "id": owner.id, "name": owner.name})

    def _answered(self, transaction_id: str, request: TransactionEvent, verdict: Verdict, by: Principal) -> Session:
        if verdict.failure is not None or verdict.result is None:
            failed = self.fail(transaction_id, request, verdict.failure or "")
            return Session(self[transaction_id], failed, verdict.data)
        with self.lock:
            event = TransactionEvent(
                verdict.result,
                verdict.amount or request.amount,
                self.book.moment(),
                new_id("TransactionEvent"),
                verdict.psp_reference,
                verdict.message,
            )
            known = None if verdict.result.endswith("_REQUEST") else _known(self[transaction_id], event)
            if known is not None and known.amount != event.amount:
                failed = self.fail(transaction_id, request, OTHER_AMOUNT)
                return Session(self[transaction_id], failed, verdict.data)

            def add(old: Transaction) -> Transaction:
                changed = old if known is not None else old.with_event(event)
                return replace(
                    changed,
                    psp_reference=verdict.psp_reference or old.psp_reference,
                    name=verdict.method or old.name,
                    actions=old.actions if verdict.actions is None else tuple(verdict.actions),
                )

            return Session(self.change(transaction_id, add, by), known or event, verdict.data)

    def _checkout_of(self, transaction_id: str) -> Checkout | None:
        """Return the checkout that holds a transaction, unless it has become an order."""
        source = self.source_of(transaction_id)
        return source if isinstance(source, Checkout) else None

    def _order_of(self, transaction_id: str) -> Order:
        source = self.source_of(transaction_id)
        assert isinstance(source, Order)
        return source


def due_of(source: Checkout | Order) -> Decimal:
    """Return what is still to be paid, what is pending left out."""
    if isinstance(source, Checkout):
        return source.due
    return max(ZERO, source.owed - source.charged - source.charge_pending - source.authorized)


def _in(source: Checkout | Order, transaction_id: str) -> Transaction:
    return next(part for part in source.transactions if part.id == transaction_id)


def _put(checkout: Checkout, transaction: Transaction) -> tuple[Transaction, ...]:
    return tuple(transaction if old.id == transaction.id else old for old in checkout.transactions)


def _known(transaction: Transaction, event: TransactionEvent) -> TransactionEvent | None:
    """Return the event that an equal one was before. INFO, and what a shopper still has to do, are noted each time."""
    if event.type == "INFO" or event.type.endswith("_ACTION_REQUIRED"):
        return None
    same = [one for one in transaction.events if (one.type, one.psp_reference) == (event.type, event.psp_reference)]
    return same[-1] if same else None


def _amount_told(transaction: Transaction, kind: str, reference: str, amount: Amount | float | None, currency: str) -> Decimal:
    if amount is not None:
        return rounded(amount, currency)
    if kind == "INFO":
        return ZERO
    if kind not in AMOUNT_OF:
        raise Refusal("REQUIRED", f"The `amount` field is required for {kind} event.", "amount")
    for event in transaction.events:
        if event.psp_reference == reference and event.type in AMOUNT_OF[kind]:
            return event.amount
    raise Refusal("REQUIRED", f"Unable to deduce the amount for {kind} event.", "amount")


def _tell(edit: Edit, before: Transaction, after: Transaction) -> None:
    """Tell the events of a transaction that moved, as `order_transaction_updated` of Saleor does."""
    if after.charged > before.charged:
        edit.order = settled(edit.order)
        edit.emit("ORDER_PAID")
        tell_if_full(edit)
        edit.emit("ORDER_UPDATED")
    elif after.refunded > before.refunded:
        tell_refund(edit)
    elif (after.charged, after.authorized) != (before.charged, before.authorized):
        edit.emit("ORDER_UPDATED")
