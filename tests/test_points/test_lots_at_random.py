"""Random histories of points that run out: the ledger's lots are what a replay of the entries says, whoever looked when."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db.engine import Database
from app.domain.expiry_policy import ExpiryPolicy, PolicyKind
from app.ledger import entries as ledger
from app.ledger.audit import Range
from app.ledger.customer_moves import move_balance
from app.ledger.lot_verification import differing_lots
from app.providers.embedded import EmbeddedProvider
from tests.clock import MovableClock
from tests.replayed_lots import differences
from tests.test_points.conftest import new_provider, new_store
from tests.test_points.ledger_calls import ADA, BOB
from tests.test_points.lot_calls import at, books, bring, give_back, run_daily, set_policy, spend
from tests.test_points.moves import stored_move

POLICIES = st.one_of(
    st.just(ExpiryPolicy()),
    st.builds(ExpiryPolicy, st.just(PolicyKind.ROLLING), months=st.integers(1, 3), to_month_end=st.booleans()),
    st.builds(ExpiryPolicy, st.just(PolicyKind.INACTIVE), months=st.integers(1, 2), grace_days=st.sampled_from((0, 14))),
    st.builds(ExpiryPolicy, st.just(PolicyKind.CALENDAR), month=st.sampled_from((2, 6)), day=st.sampled_from((1, 29))),
)
EVENTS = st.one_of(
    st.tuples(st.just("policy"), POLICIES),
    st.tuples(st.just("earn"), st.integers(1, 90)),
    st.tuples(st.just("refund"), st.tuples(st.integers(0, 5), st.integers(1, 90))),
    st.tuples(st.just("undo"), st.tuples(st.integers(0, 5), st.integers(1, 90))),
    st.tuples(st.just("take"), st.integers(1, 90)),
    st.tuples(st.just("spend"), st.integers(1, 120)),
    st.tuples(st.just("give back"), st.tuples(st.integers(0, 5), st.integers(1, 90))),
    st.tuples(st.just("give all back"), st.integers(0, 5)),
    st.tuples(st.just("move"), st.just(None)),
)
_DAY = 24 * 60
# Days between two events: most within the time of points, some beyond.
WAITS = st.sampled_from((0, 1, 3, 8, 20, 40))
HISTORIES = st.lists(st.tuples(WAITS, EVENTS), min_size=6, max_size=18)


@dataclass
class Played:
    """A history of one customer, done at one ledger. What cannot be done is left out, alike in every run."""

    provider: EmbeddedProvider
    looks_every_day: bool

    def play(self, history: list[tuple[int, tuple[str, object]]]) -> float:
        self.minutes, self.holder, self.is_moved = 0, ADA, False
        self.grants: list[UUID] = []
        self.debits: list[list[object]] = []
        self.spends: list[list[object]] = []
        set_policy(self.provider, ExpiryPolicy(PolicyKind.ROLLING, months=1))
        for wait, (what, with_what) in history:
            self._wait(wait)
            getattr(self, f"_{what.replace(' ', '_')}")(with_what)
        self._wait(100)
        run_daily(self.provider, self.days)
        return self.days

    @property
    def days(self) -> float:
        return self.minutes / _DAY

    def _wait(self, days: int) -> None:
        for _ in range(days * self.looks_every_day):
            self.minutes += _DAY
            run_daily(self.provider, self.days)
            with self.provider.database.reading() as session:
                ledger.balances(session, self.provider.store_id, [self.holder], at(self.days))
        self.minutes += 15 + days * _DAY * (not self.looks_every_day)

    def _policy(self, policy: ExpiryPolicy) -> None:
        set_policy(self.provider, policy, self.days)

    def _earn(self, points: int) -> None:
        self.grants.append(bring(self.provider, points, self.days, email=self.holder))

    def _take(self, points: int) -> None:
        bring(self.provider, -points, self.days, email=self.holder)

    def _refund(self, which: tuple[int, int]) -> None:
        if self.grants:
            grant = self.grants[which[0] % len(self.grants)]
            self.debits.append([bring(self.provider, -which[1], self.days, email=self.holder, undoes=grant), which[1]])

    def _undo(self, which: tuple[int, int]) -> None:
        open_ones = [one for one in self.debits if one[1]]
        if open_ones:
            one = open_ones[which[0] % len(open_ones)]
            points = min(which[1], one[1])  # type: ignore[call-overload]  # a number
            bring(self.provider, points, self.days, email=self.holder, undoes=one[0])  # type: ignore[arg-type]  # an id
            one[1] -= points

    def _spend(self, points: int) -> None:
        spent = spend(self.provider, points, self.days, email=self.holder)
        if spent is not None:
            self.spends.append([spent, points])

    def _give_back(self, which: tuple[int, int]) -> None:
        open_ones = [one for one in self.spends if one[1]]
        if open_ones:
            one = open_ones[which[0] % len(open_ones)]
            points = min(which[1], one[1])  # type: ignore[call-overload]  # a number
            give_back(self.provider, one[0], points, self.days, email=self.holder)  # type: ignore[arg-type]  # an id
            one[1] -= points

    def _give_all_back(self, which: int) -> None:
        self._give_back((which, 10**6))

    def _move(self, _nothing: None) -> None:
        if not self.is_moved:
            self.is_moved, self.holder = True, BOB
            with self.provider.database.writing() as session:
                move_id = stored_move(session, self.provider.store_id, at(self.days))
                move_balance(session, self.provider.store_id, ADA, BOB, BOB, move_id=move_id, now=at(self.days))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=HISTORIES)
def test_lots_are_what_a_replay_of_the_entries_says(
    fresh_sqlite: Callable[[], str], clock: MovableClock, history: list[tuple[int, tuple[str, object]]]
) -> None:
    found = []
    for looks_every_day in (False, True):
        with closing(Database(fresh_sqlite())) as database:
            provider = new_provider(database, new_store(database, clock))
            days = Played(provider, looks_every_day).play(history)
            with database.reading() as session:
                assert differences(session, provider.store_id, at(days)) == []
                assert list(differing_lots(session, provider.store_id, Range(0, 100, 2))) == []
            found.append(books(database))
    assert found[0] == found[1]
