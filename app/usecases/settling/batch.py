"""The orders in hand, while they are being settled."""

from dataclasses import dataclass, field
from datetime import datetime
from random import randrange

from app.db.books import Books
from app.db.stores import as_rule
from app.db.tables import AccountRow, MovementRow, OrderRow, RuleRow, StoreRow
from app.domain import retry
from app.domain.earning import Due, Rule
from app.domain.order import Order
from app.domain.settlement import NOTHING, Decision, Stuck
from app.domain.status import PointsStatus
from app.providers.protocol import PointsProvider


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an order is not settled: a code for lists, a sentence for the merchant."""

    code: str
    sentence: str


STUCK = {
    Stuck.NO_EMAIL: "The order has no e-mail address, so its points cannot be given to anybody. Add one to the order.",
    Stuck.NOTHING_THERE: "Points are to be taken back, but the customer's balance does not hold them any more.",
    Stuck.SHOWN_NOT_TAKEN: (
        "Points are to be taken back from a claim link that was opened and not taken yet; the provider cannot withdraw it. "
        "They are taken back once it is taken."
    ),
    Stuck.TAKER_UNKNOWN: "Points are to be taken back, but the provider does not tell who took the claim.",
}

TOO_MANY = Problem(
    "too_many",
    "The order earns more points than can be given at once. Set a maximum in the rule, or fewer points for each unit of money.",
)
DEFECT = Problem("defect", "Saleor Points failed at this order; the log says where. It is tried again.")
CLAIM_LOST = Problem(
    "claim_unknown",
    "The points provider was asked for a claim link and its answer was lost. The same call is sent again in a few minutes.",
)
DISBELIEVED = Problem(
    "account",
    "The points provider says that it knows nobody of this e-mail address, and it did before. It is asked again in a few "
    "minutes; if this stays, check its URL and API key.",
)
UNKNOWN_INSTANT = Problem(
    "unknown",
    "The points provider was asked to change a balance and its answer was lost. It is being found out whether it happened.",
)
FOR_STAFF = Problem(
    "for_staff",
    "The points provider was asked to change a balance and its answer was lost, and the balance does not tell whether it "
    "happened. Somebody has to look, and say so.",
)


@dataclass(slots=True)
class InHand:
    """One order under lease. `next_looks` are the moments at which to look again; the earliest counts.

    `status` is the word that is to stand on it, and `words_mark` the mark of all its words; None where it could not be read.
    """

    row: OrderRow
    id: int = field(init=False)
    order: Order | None = None
    rule: RuleRow | None = None
    due: Due | None = None
    books: Books = field(default_factory=Books)
    decision: Decision = NOTHING
    status: PointsStatus | None = None
    words_mark: str | None = None
    problem: Problem | None = None
    next_looks: list[datetime] = field(default_factory=list)
    failures: int = 0
    has_failed: bool = False
    is_done: bool = False
    # What was read, and what is due for it, stand in the order's row.
    is_written: bool = False

    def __post_init__(self) -> None:
        if self.row.id is None:
            raise RuntimeError("an order without an id")
        self.id = self.row.id

    def retry(self, now: datetime, problem: Problem | None = None) -> None:
        """Leave the order for a time that grows with each failure in a row."""
        self._fail()
        self.wait(now + retry.backoff(self.failures, jitter=randrange(100)), problem)  # noqa: S311 - spreads load, keeps no secret

    def await_replica(self, now: datetime) -> None:
        """Leave the order until the replica that answered has caught up: seconds at first."""
        self._fail()
        self.wait(now + retry.replica_wait(self.failures))

    def await_lane(self, now: datetime) -> None:
        """Leave the order until the customer's other INSTANT has its outcome: seconds at first, for it may be unknown."""
        self._fail()
        self.wait(now + retry.lane_wait(self.failures))

    def _fail(self) -> None:
        if not self.has_failed:
            self.failures += 1
        self.has_failed = True

    def wait(self, until: datetime, problem: Problem | None = None) -> None:
        """Leave the order for now."""
        self.is_done = True
        self.next_looks.append(until)
        self.problem = problem or self.problem


@dataclass(slots=True)
class Batch:
    """Orders of one store, held by one lease."""

    store: StoreRow
    token: str
    lease_token: str
    hands: dict[int, InHand]
    accounts: dict[int, AccountRow]
    providers: dict[int, PointsProvider]
    rules: list[RuleRow]
    # What those of them say that were asked for, by id: a hundred orders have a rule or two.
    read_rules: dict[int, Rule] = field(default_factory=dict)
    # (account, folded e-mail) pairs whose balance was found to hold nothing more.
    empty_lanes: set[tuple[int, str]] = field(default_factory=set)
    # What was accepted while this batch was in hand, for the merchant's log and for the orders' histories.
    moved: list[MovementRow] = field(default_factory=list)
    # When the orders were last surely ours before they were told of; None while nothing was told.
    told_since: datetime | None = None
    # Points of claims that were found taken meanwhile, by order.
    taken: dict[int, int] = field(default_factory=dict)

    @property
    def store_id(self) -> int:
        if self.store.id is None:
            raise RuntimeError("a store without an id")
        return self.store.id

    @property
    def account(self) -> AccountRow:
        """The account of today."""
        return next(account for account in self.accounts.values() if account.is_current)

    @property
    def seeing_accounts(self) -> set[int]:
        """Accounts whose claims can be seen and changed."""
        return {account_id for account_id, provider in self.providers.items() if provider.sees_claims}

    def rule_of(self, row: RuleRow) -> Rule:
        """Give what a version of the rules says."""
        if row.id not in self.read_rules:
            rule = as_rule(row)
            self.read_rules[rule.id] = rule
            return rule
        return self.read_rules[row.id]

    def active(self) -> list[InHand]:
        """Orders that were read and are not left for later."""
        return [hand for hand in self.hands.values() if hand.order is not None and not hand.is_done]

    def paused_until(self, account_id: int, now: datetime) -> datetime | None:
        """Tell until when an account is not asked."""
        paused_until = self.accounts[account_id].paused_until
        return paused_until if paused_until is not None and paused_until > now else None
