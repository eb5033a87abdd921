"""Settling again and again, against an account in miniature, always comes to an end, and to the right one."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from app.domain.claim import ClaimState
from app.domain.earning import Award
from app.domain.email import email_key
from app.domain.settlement import Decision, Grant, MovementKind, Position, Recipient, Step, Stuck, TakenBack, next_step
from tests.test_domain.orders import NOW
from tests.test_domain.positions import ADA, BOB, ELSEWHERE, EXPIRED, HERE, OPEN, SHOWN, TAKEN, VOID, recipient, uid

# Enough for a give-back of each debit, a void of each claim and a new one; more would be going in circles.
ROUNDS_MAX = 60


@dataclass
class Miniature:
    """One order's movements, and the balances of its customers, as an account and our own books keep them."""

    sees_claims: dict[int, bool]
    grants: list[Grant] = field(default_factory=list)
    taken_back: list[TakenBack] = field(default_factory=list)
    undoes: dict[Any, Any] = field(default_factory=dict)
    balances: dict[tuple[int, str], int] = field(default_factory=dict)
    ticks: int = 0

    def position(self) -> Position:
        undone: dict[Any, int] = {}
        for taken in self.taken_back:
            grant = self.undoes.get(taken.id)
            undone[grant] = undone.get(grant, 0) + taken.points
        grants = tuple(replace(grant, undone=undone.get(grant.id, 0)) for grant in self.grants)
        return Position(grants, tuple(self.taken_back))

    def settle(self, due: int, to: Recipient) -> Decision:
        """Ask and apply until nothing is left to ask; gives the last decision."""
        empty: set[tuple[int, str]] = set()
        for _ in range(ROUNDS_MAX):
            decision = next_step(due, self.position(), to, empty_lanes=empty)
            if decision.step is None:
                return decision
            self.apply(decision.step, empty)
            assert len([grant for grant in self.grants if grant.claim is OPEN and grant.points > 0]) <= 1
        raise AssertionError("settling goes in circles")

    def apply(self, step: Step, empty: set[tuple[int, str]]) -> None:
        assert step.points != 0
        self.ticks += 1
        {
            MovementKind.CLAIM: self._claim,
            MovementKind.CREDIT: self._credit,
            MovementKind.DEBIT: lambda step: self._debit(step, empty),
            MovementKind.VOID: self._void,
            MovementKind.WRITE_OFF: self._undo_write_off,
        }[step.kind](step)

    def _claim(self, step: Step) -> None:
        assert step.points > 0
        if step.target is None:
            self._grant(step, OPEN)
            return
        grown = self._find(step)
        assert grown.claim is OPEN
        assert grown.can_change
        self._put(replace(grown, points=grown.points + step.points))

    def _credit(self, step: Step) -> None:
        assert step.points > 0
        self._move(step.account_id, step.email, step.points)
        if step.target is None:
            self._grant(step, None)
        else:
            self._give_back(step)

    def _debit(self, step: Step, empty: set[tuple[int, str]]) -> None:
        grant = next(grant for grant in self.position().grants if grant.id == step.target)
        assert grant.is_in_balance
        assert 0 < -step.points <= grant.points - grant.undone
        assert (step.account_id, step.email) == (grant.account_id, grant.email)
        lane = (step.account_id, email_key(step.email))
        there = min(-step.points, max(self.balances.get(lane, 0), 0))
        if there < -step.points:
            empty.add(lane)
        if there > 0:
            self._move(step.account_id, step.email, -there)
            taken = TakenBack(uid(1000 + self.ticks), there, step.account_id, step.email, self._now())
            self.taken_back.append(taken)
            self.undoes[taken.id] = grant.id

    def _void(self, step: Step) -> None:
        claim = self._find(step)
        assert claim.claim in {OPEN, EXPIRED}
        assert 0 < -step.points <= claim.points
        assert claim.can_change or claim.claim is EXPIRED or step.points == -claim.points
        left = claim.points + step.points
        self._put(replace(claim, points=left, claim=claim.claim if left else VOID))

    def _undo_write_off(self, step: Step) -> None:
        assert step.points > 0
        self._give_back(step)

    def _give_back(self, step: Step) -> None:
        place = next(place for place, taken in enumerate(self.taken_back) if taken.id == step.target)
        taken = self.taken_back[place]
        assert step.points <= taken.points
        assert (step.account_id, step.email) == (taken.account_id, taken.email)
        self.taken_back[place] = replace(taken, points=taken.points - step.points)

    def _grant(self, step: Step, state: ClaimState | None) -> None:
        can_change = state is not None and self.sees_claims[step.account_id]
        self.grants.append(
            Grant(uid(self.ticks), step.points, step.account_id, step.email, self._now(), claim=state, can_change=can_change)
        )

    def _find(self, step: Step) -> Grant:
        return next(grant for grant in self.grants if grant.id == step.target)

    def _put(self, changed: Grant) -> None:
        self.grants = [changed if grant.id == changed.id else grant for grant in self.grants]

    def _move(self, account: int, email: str, points: int) -> None:
        self.balances[account, email_key(email)] = self.balances.get((account, email_key(email)), 0) + points

    def _now(self) -> Any:
        return NOW + timedelta(minutes=self.ticks)

    # What shoppers, staff and time do.

    def take(self, *, is_told: bool = True) -> None:
        """A shopper takes each claim that can be taken; `is_told` is whether we learn who it was."""
        for claim in [grant for grant in self.grants if grant.claim in {OPEN, SHOWN}]:
            taker = claim.email or BOB
            self._move(claim.account_id, taker, claim.points)
            self._put(replace(claim, claim=TAKEN, email=taker if is_told or claim.email else None))

    def show(self) -> None:
        for claim in [grant for grant in self.grants if grant.claim is OPEN and not grant.can_change]:
            self._put(replace(claim, claim=SHOWN))

    def expire(self) -> None:
        for claim in [grant for grant in self.grants if grant.claim in {OPEN, SHOWN}]:
            self._put(replace(claim, claim=EXPIRED))

    def spend(self, share: int) -> None:
        for lane, points in self.balances.items():
            self.balances[lane] = points - max(points, 0) * share // 100

    def write_off(self, shortfall: int) -> None:
        self.ticks += 1
        self.taken_back.append(TakenBack(uid(1000 + self.ticks), shortfall, HERE, ADA, self._now(), is_write_off=True))


DUES = st.integers(0, 100)
RECIPIENTS = st.builds(
    recipient,
    st.sampled_from(list(Award)),
    account_id=st.sampled_from([HERE, ELSEWHERE]),
    email=st.sampled_from([ADA, f" {ADA.upper()}", BOB, ""]),
    is_registered=st.booleans(),
    bind_email=st.booleans(),
)
HAPPENINGS = st.sampled_from(["nothing", "take", "take unseen", "show", "expire", "spend some", "spend all", "write off"])
ACCOUNTS = st.fixed_dictionaries({HERE: st.booleans(), ELSEWHERE: st.booleans()})


def happen(what: str, account: Miniature, decision: Decision) -> None:
    if what == "take":
        account.take()
    elif what == "take unseen":
        account.take(is_told=False)
    elif what == "show":
        account.show()
    elif what == "expire":
        account.expire()
    elif what.startswith("spend"):
        account.spend(100 if what == "spend all" else 30)
    elif what == "write off" and decision.shortfall:
        account.write_off(decision.shortfall)


@given(sees_claims=ACCOUNTS, rounds=st.lists(st.tuples(DUES, RECIPIENTS, HAPPENINGS), min_size=1, max_size=8))
@settings(max_examples=400, deadline=None)
def test_settling_ends_with_what_is_due_or_says_why_not(
    sees_claims: dict[int, bool], rounds: list[tuple[int, Recipient, str]]
) -> None:
    account = Miniature(sees_claims)
    for due, to, happening in rounds:
        decision = account.settle(due, to)

        granted = account.position().granted
        event(f"stuck: {decision.stuck}")
        if decision.stuck is Stuck.NO_EMAIL:
            assert granted < due
        else:
            assert granted == due + decision.shortfall
            assert (decision.stuck is None) == (decision.shortfall == 0)
        assert all(points >= 0 for points in account.balances.values())
        happen(happening, account, decision)


@given(
    sees_claims=st.booleans(), is_taken=st.booleans(), dues=st.lists(DUES, min_size=1, max_size=8), award=st.sampled_from(Award)
)
def test_any_way_from_one_amount_due_to_another_ends_with_the_same_points_in_the_balance(
    sees_claims: bool, is_taken: bool, dues: list[int], award: Award
) -> None:
    by_steps, at_once = (Miniature({HERE: sees_claims}) for _ in range(2))
    for account, its_dues in ((by_steps, dues), (at_once, dues[-1:])):
        for due in its_dues:
            account.settle(due, recipient(award))
            if is_taken:
                account.take()
        account.settle(dues[-1], recipient(award))
        account.take()

    assert by_steps.balances.get((HERE, ADA), 0) == at_once.balances.get((HERE, ADA), 0) == dues[-1]


@given(sees_claims=st.booleans(), due=DUES, to=RECIPIENTS)
def test_settling_what_is_settled_asks_for_nothing(sees_claims: bool, due: int, to: Recipient) -> None:
    account = Miniature({HERE: sees_claims, ELSEWHERE: sees_claims})
    account.settle(due, to)

    assert next_step(due, account.position(), to).step is None


@given(sees_claims=ACCOUNTS, dues=st.lists(DUES, min_size=2, max_size=6))
def test_one_link_holds_the_whole_amount_while_nobody_has_taken_it(sees_claims: dict[int, bool], dues: list[int]) -> None:
    account = Miniature(sees_claims)
    for due in dues:
        account.settle(due, recipient(Award.CLAIM))

        assert [claim.points for claim in account.grants if claim.claim is OPEN] == [due][: int(due > 0)]


@given(first=st.integers(1, 100), spent=st.integers(0, 100), left=DUES)
def test_a_shortfall_is_exactly_what_was_spent_of_what_is_to_be_taken_back(first: int, spent: int, left: int) -> None:
    account = Miniature({HERE: True})
    account.settle(first, recipient(Award.INSTANT))
    account.spend(spent)
    there = account.balances[HERE, ADA]

    decision = account.settle(min(left, first), recipient(Award.INSTANT))

    assert decision.shortfall == max(first - min(left, first) - there, 0)


@given(first=st.integers(1, 100), again=DUES)
def test_a_refund_that_failed_gives_back_what_it_took_and_forgets_what_was_written_off(first: int, again: int) -> None:
    account = Miniature({HERE: True})
    account.settle(first, recipient(Award.INSTANT))
    account.spend(30)
    account.write_off(account.settle(0, recipient(Award.INSTANT)).shortfall)
    kept = account.balances[HERE, ADA]

    account.settle(min(first, again), recipient(Award.INSTANT))

    assert account.position().granted == min(first, again)
    assert account.balances[HERE, ADA] == kept + max(min(first, again) - (first * 30 // 100), 0)
