"""Bulkheads: how many requests at once may wait for the outside, and for how long.

A thread that waits for a Saleor or a points provider serves nobody else. So few may wait at once, and whoever finds no place
is told at once to come again. The server has a thread more for each of these places: it takes the turn of the one that waits,
so however many outside servers say nothing, webhooks and shoppers have as many threads as ever.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.errors import Crowded
from app.http.deadlines import within

# Anybody may send a registration, or a delivery signed with an unknown key: neither may take the places of the others.
REGISTRATIONS_MAX = 2
KEYS_MAX = 2
LOOK_UPS_MAX = 5
SHOPPERS_MAX = 4
# Anybody may ask what a basket earns.
BASKETS_MAX = 3
PAYMENTS_MAX = 5
PROGRAMS_MAX = 3
PLACES = REGISTRATIONS_MAX + KEYS_MAX + LOOK_UPS_MAX + SHOPPERS_MAX + BASKETS_MAX + PAYMENTS_MAX + PROGRAMS_MAX
# Somebody waits for the answer. Saleor waits 18 seconds for a registration's and for a delivery's.
WAIT_SECONDS = 5
# Saleor waits 18 seconds for the answer to a payment, and the shopper with it.
PAYMENT_SECONDS = 8

_this_thread = threading.local()


class Turns:
    """Lets so many threads of a server work at once. A thread that waits for the outside hands its turn on."""

    def __init__(self, count: int) -> None:
        self._free = threading.Semaphore(count)

    def work(self, next_job: Callable[[], Callable[[], None]]) -> None:
        """Do one job after the other in this thread, for ever. A job whose turn was handed on is finished without one."""
        while True:
            self._free.acquire()
            _this_thread.turns = self
            while _this_thread.turns is not None:
                next_job()()

    def hand_on(self) -> None:
        _this_thread.turns = None
        self._free.release()


class Bulkhead:
    """Places for work of one kind; `places_each` of them for the work with one outside server."""

    def __init__(self, *, places: int, places_each: int, seconds: float = WAIT_SECONDS) -> None:
        self._places = places
        self._places_each = places_each
        self.seconds = seconds
        self._taken: Counter[str] = Counter()
        self._changing = threading.Lock()

    @contextmanager
    def place(self, server: str) -> Iterator[None]:
        """Take a place for the block. All calls in it end within a few seconds, together.

        Raises Crowded at once when no place is free.
        """
        with self._changing:
            if self._taken.total() >= self._places or self._taken[server] >= self._places_each:
                raise Crowded
            self._taken[server] += 1
        turns: Turns | None = getattr(_this_thread, "turns", None)
        if turns is not None:
            turns.hand_on()
        try:
            with within(self.seconds):
                yield
        finally:
            with self._changing:
                self._taken[server] -= 1
                if self._taken[server] == 0:
                    del self._taken[server]


@dataclass(frozen=True, slots=True)
class Bulkheads:
    """Those of one process.

    `look_ups` are what a page or a box asks of a provider, or of a Saleor about a customer. `shoppers` are what the storefront
    API asks of a Saleor with a shopper's token, and rewards that are taken by it: anybody with an account can ask. `baskets` are
    what it asks as nobody. `payments` are payments by points that live elsewhere, and the questions what they could pay.
    `programs` are rewards that are taken by the Points API.
    """

    registrations: Bulkhead = field(default_factory=lambda: Bulkhead(places=REGISTRATIONS_MAX, places_each=1))
    keys: Bulkhead = field(default_factory=lambda: Bulkhead(places=KEYS_MAX, places_each=1))
    # A place is always left for another server than the one that says nothing.
    look_ups: Bulkhead = field(default_factory=lambda: Bulkhead(places=LOOK_UPS_MAX, places_each=LOOK_UPS_MAX - 1))
    shoppers: Bulkhead = field(default_factory=lambda: Bulkhead(places=SHOPPERS_MAX, places_each=SHOPPERS_MAX - 1))
    baskets: Bulkhead = field(default_factory=lambda: Bulkhead(places=BASKETS_MAX, places_each=BASKETS_MAX - 1))
    payments: Bulkhead = field(
        default_factory=lambda: Bulkhead(places=PAYMENTS_MAX, places_each=PAYMENTS_MAX - 1, seconds=PAYMENT_SECONDS)
    )
    programs: Bulkhead = field(default_factory=lambda: Bulkhead(places=PROGRAMS_MAX, places_each=PROGRAMS_MAX - 1))
