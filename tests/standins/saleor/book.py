"""All versions of all orders, on one clock that never stands still."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tests.standins.saleor.orders import DRAFT, Order

Clock = Callable[[], datetime]
# Who caused an event, as `issuingPrincipal` shows it; None for shoppers and for Saleor's own tasks.
Principal = Mapping[str, str]

STAFF: Principal = {"__typename": "User", "id": "VXNlcjoyMQ==", "email": "admin@example.com"}


@dataclass(frozen=True)
class OrderEmission:
    """One webhook event of one mutation."""

    name: str
    order_id: str
    by: Principal | None


@dataclass
class Edit:
    """A mutation in the making: what the order becomes and what will be told of it."""

    order: Order
    now: datetime
    by: Principal | None = None
    events: list[str] = field(default_factory=list)
    bumps: bool = True

    def emit(self, *names: str) -> None:
        self.events.extend(names)


@dataclass
class OrderBook:
    clock: Clock
    emitted: Callable[[list[OrderEmission]], None] = lambda _emissions: None
    lock: threading.RLock = field(default_factory=threading.RLock)
    _versions: dict[str, list[Order]] = field(default_factory=dict)
    _last: datetime | None = None

    def moment(self) -> datetime:
        """Return the clock's time, but always later than the moment before."""
        with self.lock:
            now = self.clock()
            if self._last is not None and now <= self._last:
                now = self._last + timedelta(microseconds=1)
            self._last = now
            return now

    def add(self, order: Order, *events: str, by: Principal | None = None) -> str:
        with self.lock:
            self._versions[order.id] = [order]
        self.emitted([OrderEmission(name, order.id, by) for name in events])
        return order.id

    @contextmanager
    def change(self, order_id: str, *, by: Principal | None = None) -> Iterator[Edit]:
        """Save what the body makes of the order, then tell; nothing is saved when it raises."""
        with self.lock:
            edit = Edit(self[order_id], self.moment(), by)
            yield edit
            stamp = edit.now if edit.bumps else self[order_id].updated_at
            self._versions[order_id].append(replace(edit.order, updated_at=stamp))
        self.emitted([OrderEmission(name, order_id, edit.by) for name in edit.events])

    def __getitem__(self, order_id: str) -> Order:
        with self.lock:
            return self._versions[order_id][-1]

    def __contains__(self, order_id: str) -> bool:
        return order_id in self._versions

    def versions(self, order_id: str) -> tuple[Order, ...]:
        with self.lock:
            return tuple(self._versions[order_id])

    def snapshot(self) -> dict[str, Order]:
        """Return every order as it stands."""
        with self.lock:
            return {order_id: versions[-1] for order_id, versions in self._versions.items()}

    def as_of(self, moment: datetime) -> dict[str, Order]:
        """Return every order as it stood at `moment`; those placed later are not there."""
        with self.lock:
            seen = {}
            for order_id, versions in self._versions.items():
                old = [version for version in versions if version.updated_at <= moment]
                if old:
                    seen[order_id] = old[-1]
            return seen


def listed(orders: Mapping[str, Order]) -> list[Order]:
    """Return what the `orders` query can see: everything but drafts."""
    return [order for order in orders.values() if order.status != DRAFT]
