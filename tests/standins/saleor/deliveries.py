"""Webhook deliveries: queued by mutations, built and signed when sent, then sent again byte for byte."""

import random
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum

import requests

from tests.standins.saleor.calls import call
from tests.standins.saleor.manifests import Webhook
from tests.waiting import PATIENCE_SECONDS

# One attempt and five retries; then the event is lost.
ATTEMPTS_MAX = 6


class State(Enum):
    QUEUED = "queued"
    DELIVERED = "delivered"
    WAITING = "failed, to be tried again"
    FAILED = "failed for good"
    LOST = "never sent"


@dataclass(frozen=True)
class Attempt:
    """What one try brought: a status and the start of the answer's body, or 0 and the name of the error."""

    status: int
    body: str


@dataclass(frozen=True)
class Parcel:
    """The stored bytes of a delivery and the headers they go with."""

    body: bytes
    headers: dict[str, str]


@dataclass(eq=False)
class Delivery:
    """One event for one webhook."""

    event: str
    app_id: str
    order_id: str | None
    webhook: Webhook
    build: Callable[["Delivery"], Parcel]
    is_for_active_app: Callable[[], bool]
    parcel: Parcel | None = None
    state: State = State.QUEUED
    attempts: list[Attempt] = field(default_factory=list)
    is_on_record: bool = False


Chosen = Callable[[Delivery], bool]


def every(_delivery: Delivery) -> bool:
    return True


@dataclass
class Deliveries:
    """The queue and the record of a Saleor's webhook deliveries."""

    seconds: int = PATIENCE_SECONDS
    queued: list[Delivery] = field(default_factory=list)
    sent: list[Delivery] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, deliveries: Iterable[Delivery]) -> None:
        with self._lock:
            self.queued.extend(deliveries)

    def deliver(self, *, shuffled: random.Random | None = None, workers: int = 1) -> list[Delivery]:
        """Send all that is queued, in order or shuffled, `workers` at a time; what comes up meanwhile stays queued."""
        with self._lock:
            batch, self.queued = self.queued, []
        if shuffled is not None:
            shuffled.shuffle(batch)
        return self._send_all(batch, workers)

    def lose(self, chosen: Chosen = every) -> list[Delivery]:
        """Forget queued deliveries, as a worker killed in mid-delivery does."""
        with self._lock:
            lost = [delivery for delivery in self.queued if chosen(delivery)]
            self.queued = [delivery for delivery in self.queued if not chosen(delivery)]
        for delivery in lost:
            delivery.state = State.LOST
        return lost

    def duplicate(self, chosen: Chosen = every) -> None:
        """Queue deliveries a second time: the same bytes will be sent twice."""
        with self._lock:
            self.queued = [copy for delivery in self.queued for copy in [delivery] * (2 if chosen(delivery) else 1)]

    def hold(self, chosen: Chosen = every) -> list[Delivery]:
        """Take deliveries out of the queue, to be sent by `resend` later: built then, if never sent before."""
        with self._lock:
            held = [delivery for delivery in self.queued if chosen(delivery)]
            self.queued = [delivery for delivery in self.queued if not chosen(delivery)]
        return held

    def resend(self, delivery: Delivery) -> State:
        """Send the stored bytes and signature again, whatever became of them before."""
        self._send(delivery)
        return delivery.state

    def retry_failed(self) -> list[Delivery]:
        """Try once more each delivery that waits for a retry."""
        with self._lock:
            waiting = [delivery for delivery in self.sent if delivery.state is State.WAITING]
        return self._send_all(waiting, 1)

    def _send_all(self, batch: list[Delivery], workers: int) -> list[Delivery]:
        if workers == 1:
            for delivery in batch:
                self._send(delivery)
            return batch
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(self._send, batch))
        return batch

    def _send(self, delivery: Delivery) -> None:
        with self._lock:
            if not delivery.is_on_record:
                delivery.is_on_record = True
                self.sent.append(delivery)
            if not delivery.is_for_active_app():
                delivery.state = State.FAILED
                return
            if delivery.parcel is None:
                delivery.parcel = delivery.build(delivery)
        attempt = _attempt(delivery.webhook.target_url, delivery.parcel, self.seconds)
        with self._lock:
            delivery.attempts.append(attempt)
            delivery.state = _state_after(attempt, len(delivery.attempts))


def _attempt(url: str, parcel: Parcel, seconds: int) -> Attempt:
    try:
        answer = call("POST", url, headers=parcel.headers, body=parcel.body, seconds=seconds)
    except requests.RequestException as error:
        return Attempt(0, type(error).__name__)
    return Attempt(answer.status_code, answer.text[:1024])


def _state_after(attempt: Attempt, attempts: int) -> State:
    """Apply Saleor's rule: 2xx is success, 3xx and 4xx are final, anything else is retried five times."""
    if 200 <= attempt.status < 300:
        return State.DELIVERED
    if 300 <= attempt.status < 500 or attempts >= ATTEMPTS_MAX:
        return State.FAILED
    return State.WAITING
