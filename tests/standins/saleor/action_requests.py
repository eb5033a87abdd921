"""Requests to give back, cancel or charge: noted at once, sent later by a worker, and not counted against each other."""

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal

from tests.standins.saleor.app_payments import AppPayments
from tests.standins.saleor.apps import App
from tests.standins.saleor.asking_apps import NOT_DELIVERED, AskingApps, Verdict, read_action
from tests.standins.saleor.book import STAFF, Principal
from tests.standins.saleor.deliveries import ATTEMPTS_MAX
from tests.standins.saleor.manifests import Webhook
from tests.standins.saleor.money import Amount, rounded
from tests.standins.saleor.orders import new_id
from tests.standins.saleor.payments import Transaction, TransactionEvent
from tests.standins.saleor.refusals import Refusal

Kind = Literal["REFUND", "CANCEL", "CHARGE"]
EVENTS = {
    "REFUND": "TRANSACTION_REFUND_REQUESTED",
    "CANCEL": "TRANSACTION_CANCELATION_REQUESTED",
    "CHARGE": "TRANSACTION_CHARGE_REQUESTED",
}
NO_WEBHOOK = "No app or plugin is configured to handle payment action requests."


@dataclass(eq=False)
class ActionRequest:
    """One request on its way: the body was built when it was made, and is empty from the first answer 5xx on."""

    transaction_id: str
    event: TransactionEvent
    kind: Kind
    app: App
    webhook: Webhook
    body: bytes
    attempts: list[int] = field(default_factory=list)
    is_done: bool = False


@dataclass
class ActionRequests:
    payments: AppPayments
    asking: AskingApps
    is_delivered_at_once: Callable[[], bool] = lambda: False
    queued: list[ActionRequest] = field(default_factory=list)
    # Answered 5xx: the worker will try again, with an empty body.
    waiting: list[ActionRequest] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(
        self, transaction_id: str, kind: Kind = "REFUND", amount: Amount | float | None = None, *, by: Principal | None = STAFF
    ) -> ActionRequest:
        """Note the request and queue its webhook; None asks for all that can be. Raises Refusal where no app hears it."""
        transaction = self.payments[transaction_id]
        most = transaction.charged if kind == "REFUND" else transaction.authorized
        asked = most if amount is None else min(most, rounded(amount, self.payments.source_of(transaction_id).currency))
        return self._queue(transaction, kind, asked, by)

    def release_expired(self) -> list[ActionRequest]:
        """Do what Saleor's own task does for old checkouts, in channels that ask for it."""
        made = []
        for _checkout, transaction in self.payments.expired():
            self.payments.change(transaction.id, lambda old: replace(old, is_being_released=True), None, is_silent=True)
            made.append(self._queue(transaction, "REFUND", transaction.charged, None))
        return made

    def deliver(self, *, shuffled: random.Random | None = None) -> list[ActionRequest]:
        """Send all that is queued, in order or shuffled."""
        with self._lock:
            batch, self.queued = self.queued, []
        if shuffled is not None:
            shuffled.shuffle(batch)
        for request in batch:
            self.send(request)
        return batch

    def retry_failed(self) -> list[ActionRequest]:
        """Try once more each request that was answered 5xx."""
        with self._lock:
            batch, self.waiting = self.waiting, []
        for request in batch:
            self.send(request)
        return batch

    def lose(self) -> list[ActionRequest]:
        """Forget what is queued, as a worker does that is killed: the requests stay unanswered."""
        with self._lock:
            lost, self.queued = self.queued, []
        return lost

    def send(self, request: ActionRequest) -> None:
        """Send a request, again if it was sent before, and note what the app answered."""
        status, answer = 0, None
        if request.app.is_active:
            status, answer = self.asking.send(request.webhook, EVENTS[request.kind], request.body)
        request.attempts.append(status)
        if status >= 500 and len(request.attempts) < ATTEMPTS_MAX:
            request.body = b""
            with self._lock:
                self.waiting.append(request)
            return
        request.is_done = True
        currency = self.payments.source_of(request.transaction_id).currency
        self._note(request, read_action(answer, request.kind, currency))

    def _queue(self, transaction: Transaction, kind: Kind, amount: Decimal, by: Principal | None) -> ActionRequest:
        event = TransactionEvent(f"{kind}_REQUEST", amount, self.payments.book.moment(), new_id("TransactionEvent"), counts=False)
        changed = self.payments.change(transaction.id, lambda old: old.with_event(event), by, is_silent=True)
        app = self.asking.active(transaction.app)
        webhook = self.asking.webhook(app, EVENTS[kind])
        if app is None or webhook is None:
            self.payments.fail(transaction.id, event, NO_WEBHOOK)
            raise Refusal("MISSING_TRANSACTION_ACTION_REQUEST_WEBHOOK", NO_WEBHOOK)
        about = self._about(changed, kind, amount)
        body = self.asking.body_of(app, webhook, EVENTS[kind], about, by)
        request = ActionRequest(transaction.id, event, kind, app, webhook, body)
        with self._lock:
            self.queued.append(request)
        if self.is_delivered_at_once():
            self.deliver()
        return request

    def _about(self, transaction: Transaction, kind: Kind, amount: Decimal) -> Mapping[str, Any]:
        currency = self.payments.source_of(transaction.id).currency
        return {
            "transaction": self.payments.transaction_fields(transaction),
            "action": {"actionType": kind, "amount": float(amount), "currency": currency},
        }

    def _note(self, request: ActionRequest, verdict: Verdict) -> None:
        if verdict.failure is not None:
            self.payments.fail(request.transaction_id, request.event, verdict.failure or NOT_DELIVERED)
            return
        transaction = self.payments[request.transaction_id]
        answered = None
        if verdict.result is not None:
            answered = TransactionEvent(
                verdict.result,
                verdict.amount or request.event.amount,
                self.payments.book.moment(),
                new_id("TransactionEvent"),
                verdict.psp_reference,
                verdict.message,
            )
            same = [one for one in transaction.events if (one.type, one.psp_reference) == (answered.type, answered.psp_reference)]
            if same and same[-1].amount != answered.amount:
                self._adopt(request, verdict, None)
                self.payments.fail(request.transaction_id, request.event, "Already exists with different amount.")
                return
            answered = None if same else answered
        self._adopt(request, verdict, answered)

    def _adopt(self, request: ActionRequest, verdict: Verdict, answered: TransactionEvent | None) -> None:
        """Give the request the answer's reference, from when on it counts, and add the outcome."""

        def change(old: Transaction) -> Transaction:
            events = tuple(
                replace(one, psp_reference=verdict.psp_reference, counts=True)
                if one.id == request.event.id and verdict.psp_reference
                else one
                for one in old.events
            )
            changed = replace(old, events=events)
            if answered is not None:
                changed = changed.with_event(answered)
            is_released = answered is not None and answered.type == "REFUND_SUCCESS"
            actions = old.actions if verdict.actions is None else tuple(verdict.actions)
            return replace(changed, actions=actions, is_being_released=old.is_being_released and not is_released)

        by = {"__typename": "App", "id": request.app.id, "name": request.app.name}
        self.payments.change(request.transaction_id, change, by)
