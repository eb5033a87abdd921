"""The values that settling hands from step to step. Each step takes them and gives new ones; nothing is changed in place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import randrange

from app.db.books import Books
from app.db.tables import ClaimRow, MovementRow, OrderRow, RuleRow, StoreRow
from app.domain import retry
from app.domain.earning import Due
from app.domain.moved_customers import MovedCustomers
from app.domain.order import Order
from app.domain.settlement import NOTHING, Decision
from app.usecases.moving.accounts import Accounts
from app.usecases.moving.causes import Problem

DEFECT = Problem("defect", "Saleor Points failed at this order; the log says where. It is tried again.")


@dataclass(frozen=True, slots=True)
class Batch:
    """Orders of one store, held by one lease, with what settling them needs.

    `keep` prolongs the lease. It is called before each step that waits for the outside.
    """

    store: StoreRow
    token: str
    lease_token: str
    orders: Mapping[int, OrderRow]
    accounts: Accounts
    rules: list[RuleRow]
    keep: Callable[[], None]

    @property
    def store_id(self) -> int:
        if self.store.id is None:
            raise RuntimeError("a store without an id")
        return self.store.id


@dataclass(frozen=True, slots=True)
class Left:
    """An order is left for now: until a moment, or until somebody wakes it; with what stands in its way."""

    until: datetime | None = None
    problem: Problem | None = None
    has_failed: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one order stands: as read, what is due, what its movements say, what to do next.

    `order` is None where it could not be read; `facts` are what the next webhook is compared with. `left` is None while there is
    something to do. `looks` are moments at which time alone changes something. `waits_lane` is where another change of its
    customer's points is under way. `arithmetic` is the version that `due` was computed by. `refused` is the mark of a movement
    that the provider refused, and `refusal` its reason. `to_judge` are shown claims that a look-up of their customer's balance
    is to tell of. `moves` are those of the customers whom the order names, or whose points it gave.
    """

    row: OrderRow
    id: int
    order: Order | None = None
    facts: str = ""
    rule: RuleRow | None = None
    due: Due | None = None
    arithmetic: int | None = None
    moment_at: datetime | None = None
    books: Books = field(default_factory=Books)
    moves: MovedCustomers = field(default_factory=dict)
    decision: Decision = NOTHING
    looks: tuple[datetime, ...] = ()
    to_judge: tuple[ClaimRow, ...] = ()
    waits_lane: str | None = None
    refused: str | None = None
    refusal: str | None = None
    left: Left | None = None

    @property
    def is_active(self) -> bool:
        """True while there may be something to do for it."""
        return self.order is not None and self.left is None

    @property
    def failures(self) -> int:
        """The failures in a row, with one more for this time."""
        return self.row.failures + 1

    def leaving(self, until: datetime | None = None, problem: Problem | None = None, *, has_failed: bool = False) -> "Standing":
        """Give the same order, left for now."""
        return replace(self, left=Left(until, problem, has_failed))

    def failing(self, now: datetime, problem: Problem | None = None, *, wait: timedelta | None = None) -> "Standing":
        """Give the same order, left for a time that grows with each failure in a row."""
        pause = wait if wait is not None else retry.backoff(self.failures, jitter=randrange(100))  # noqa: S311 - spreads load, keeps no secret
        return self.leaving(now + pause, problem, has_failed=True)


Standings = dict[int, Standing]


@dataclass(frozen=True, slots=True)
class Moved:
    """What moved while a batch was in hand: accepted movements, and by order the points of claims that were found taken."""

    accepted: tuple[MovementRow, ...] = ()
    taken: Mapping[int, int] = field(default_factory=dict)

    def __add__(self, other: "Moved") -> "Moved":
        taken = {id_: self.taken.get(id_, 0) + other.taken.get(id_, 0) for id_ in self.taken.keys() | other.taken.keys()}
        return Moved(self.accepted + other.accepted, taken)
