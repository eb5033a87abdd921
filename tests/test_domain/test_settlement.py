"""The next movement: each row of the table, and that step after step ends where it should."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.claim import ClaimState
from app.domain.earning import Award
from app.domain.settlement import NOTHING, Decision, Grant, MovementKind, Position, Recipient, Step, Stuck, TakenBack, next_step

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
ADA = "ada@example.com"
HERE, ELSEWHERE = 1, 2
TO_ADA = Recipient(HERE, ADA, is_registered=False, award=Award.CLAIM, bind_email=True)
AT_ONCE = replace(TO_ADA, award=Award.INSTANT)


def claim(points: int, state: ClaimState = ClaimState.OPEN, *, can_change: bool = True, **values: object) -> Grant:
    grant = Grant(uuid4(), points, HERE, ADA, NOW, claim=state, can_change=can_change)
    return replace(grant, **values)  # type: ignore[arg-type]  # fields of a grant


def credit(points: int, **values: object) -> Grant:
    return replace(Grant(uuid4(), points, HERE, ADA, NOW), **values)  # type: ignore[arg-type]  # fields of a grant


def taken(points: int, *, is_write_off: bool = False, at: datetime = NOW) -> TakenBack:
    return TakenBack(uuid4(), points, HERE, ADA, at, is_write_off)


def test_nothing_lacks_nothing_is_asked() -> None:
    assert next_step(100, Position((credit(100),)), TO_ADA) == NOTHING


def test_new_points_are_one_claim() -> None:
    assert next_step(100, Position(), TO_ADA).step == Step(MovementKind.CLAIM, 100, HERE, ADA)


@pytest.mark.parametrize(
    ("award", "is_registered", "kind"),
    [
        (Award.CLAIM, True, MovementKind.CLAIM),
        (Award.INSTANT, False, MovementKind.CREDIT),
        (Award.AUTO, True, MovementKind.CREDIT),
        (Award.AUTO, False, MovementKind.CLAIM),
    ],
)
def test_the_rule_says_how_points_are_given(award: Award, is_registered: bool, kind: MovementKind) -> None:
    step = next_step(10, Position(), replace(TO_ADA, award=award, is_registered=is_registered)).step

    assert step is not None
    assert step.kind is kind


def test_a_claim_that_is_bound_to_nobody_names_nobody() -> None:
    step = next_step(10, Position(), replace(TO_ADA, bind_email=False)).step

    assert step is not None
    assert step.email == ""


@pytest.mark.parametrize(
    "recipient", [replace(TO_ADA, email=" "), replace(AT_ONCE, email=""), replace(AT_ONCE, email="", bind_email=False)]
)
def test_points_for_nobody_wait_for_an_address(recipient: Recipient) -> None:
    assert next_step(10, Position(), recipient) == Decision(stuck=Stuck.NO_EMAIL)


def test_an_open_claim_grows_in_place_where_it_can() -> None:
    waiting = claim(60)

    assert next_step(100, Position((waiting,)), TO_ADA).step == Step(MovementKind.CLAIM, 40, HERE, ADA, waiting.id)


@pytest.mark.parametrize("waiting", [claim(60, can_change=False), claim(60, account_id=ELSEWHERE)])
def test_an_open_claim_that_cannot_grow_is_withdrawn_whole_and_made_anew(waiting: Grant) -> None:
    assert next_step(100, Position((waiting,)), TO_ADA).step == Step(MovementKind.VOID, -60, waiting.account_id, ADA, waiting.id)


def test_an_open_claim_for_another_address_is_withdrawn() -> None:
    misbound = claim(60, email="typo@example.com")

    step = next_step(60, Position((misbound,)), TO_ADA).step

    assert step == Step(MovementKind.VOID, -60, HERE, "typo@example.com", misbound.id)


def test_an_address_in_other_letters_is_the_same() -> None:
    assert next_step(60, Position((claim(60, email=" Ada@Example.com"),)), TO_ADA) == NOTHING


def test_what_was_debited_is_given_back_before_anything_new() -> None:
    debit = taken(40)

    step = next_step(100, Position((credit(100, undone=40),), (debit,)), TO_ADA).step

    assert step == Step(MovementKind.CREDIT, 40, HERE, ADA, debit.id)


def test_what_was_written_off_counts_again_before_a_debit_is_given_back() -> None:
    debit, let_go = taken(40, at=NOW + timedelta(hours=1)), taken(30, is_write_off=True)

    step = next_step(50, Position((credit(100, undone=40),), (debit, let_go)), TO_ADA).step

    assert step == Step(MovementKind.WRITE_OFF, 20, HERE, ADA, let_go.id)


def test_no_more_is_given_back_than_was_taken() -> None:
    position = Position((credit(100, undone=40),), (taken(40),))

    step = next_step(150, position, AT_ONCE).step

    assert step is not None
    assert step.points == 40


def test_an_open_claim_shrinks_before_any_balance_is_touched() -> None:
    waiting = claim(60)

    step = next_step(70, Position((credit(50), waiting)), TO_ADA).step

    assert step == Step(MovementKind.VOID, -40, HERE, ADA, waiting.id)


def test_an_unseen_claim_that_cannot_shrink_is_withdrawn_whole() -> None:
    waiting = claim(60, can_change=False)

    assert next_step(50, Position((waiting,)), TO_ADA).step == Step(MovementKind.VOID, -60, HERE, ADA, waiting.id)


def test_an_expired_claim_is_voided_and_never_debited() -> None:
    expired = claim(60, ClaimState.EXPIRED, can_change=False)

    assert next_step(20, Position((expired,)), TO_ADA).step == Step(MovementKind.VOID, -40, HERE, ADA, expired.id)


def test_the_newest_grant_is_undone_first_where_it_was_made() -> None:
    old, new = credit(50), credit(50, at=NOW + timedelta(days=1), account_id=ELSEWHERE, email="eve@example.com")

    step = next_step(30, Position((old, new)), TO_ADA).step

    assert step == Step(MovementKind.DEBIT, -50, ELSEWHERE, "eve@example.com", new.id)


def test_a_taken_claim_is_debited_from_whoever_took_it() -> None:
    grant = claim(80, ClaimState.TAKEN, email="taker@example.com")

    assert next_step(0, Position((grant,)), TO_ADA).step == Step(MovementKind.DEBIT, -80, HERE, "taker@example.com", grant.id)


def test_what_was_undone_is_not_undone_again() -> None:
    step = next_step(20, Position((credit(100, undone=70),), (taken(70),)), TO_ADA).step

    assert step is not None
    assert step.points == -10


@pytest.mark.parametrize(
    ("grant", "stuck"),
    [
        (claim(60, ClaimState.SHOWN, can_change=False), Stuck.SHOWN_NOT_TAKEN),
        (claim(60, ClaimState.TAKEN, email=None), Stuck.TAKER_UNKNOWN),
        (credit(60), Stuck.NOTHING_THERE),
    ],
)
def test_what_cannot_be_taken_back_is_a_shortfall_with_its_reason(grant: Grant, stuck: Stuck) -> None:
    decision = next_step(0, Position((grant,)), TO_ADA, empty_lanes={(HERE, ADA)})

    assert decision == Decision(shortfall=60, stuck=stuck)


MOVES = st.sampled_from(["due", "take", "show", "expire", "spend", "write off"])


@given(
    history=st.lists(st.tuples(MOVES, st.integers(0, 200)), max_size=25),
    can_change=st.booleans(),
    award=st.sampled_from(list(Award)),
)
def test_step_after_step_ends_with_granted_equal_due_or_a_reason(
    history: list[tuple[str, int]], can_change: bool, award: Award
) -> None:
    """Play a random life of an order against the simplest books there are."""
    books = Books(can_change=can_change)
    recipient = replace(TO_ADA, award=award)
    due = 0
    for move, number in history:
        if move == "due":
            due = number
        else:
            books.happen(move, number)
        decision = books.settle(due, recipient)

        assert books.position.granted - decision.shortfall == due
        assert decision.shortfall == 0 or decision.stuck is not None
        assert len([grant for grant in books.position.grants if grant.claim is ClaimState.OPEN and grant.points > 0]) <= 1
        assert books.balance >= 0
        assert all(0 <= grant.undone <= grant.points for grant in books.position.grants)


class Books:
    """Applies steps as an account would: a balance, and the grants and debits that made it."""

    def __init__(self, *, can_change: bool) -> None:
        self.can_change = can_change
        self.position = Position()
        self.balance = 0
        self.clock = NOW

    def settle(self, due: int, recipient: Recipient) -> Decision:
        empty: set[tuple[int, str]] = set()
        for _ in range(40):
            decision = next_step(due, self.position, recipient, empty_lanes=empty)
            if decision.step is None:
                return decision
            if decision.step.kind is MovementKind.DEBIT and self.balance < -decision.step.points:
                empty.add((HERE, ADA))
                if self.balance == 0:
                    continue
                decision = replace(decision, step=replace(decision.step, points=-self.balance))
            assert decision.step is not None
            self._apply(decision.step)
        raise AssertionError("it comes to no end")

    def happen(self, move: str, number: int) -> None:
        states = {"take": ClaimState.TAKEN, "show": ClaimState.SHOWN, "expire": ClaimState.EXPIRED}
        if move == "spend":
            self.balance -= min(self.balance, number)
        if move == "write off" and self.position.granted > 0:
            self.clock += timedelta(seconds=1)
            let_go = TakenBack(uuid4(), min(number, self.position.granted), HERE, ADA, self.clock, is_write_off=True)
            if let_go.points:
                self.position = replace(self.position, taken_back=(*self.position.taken_back, let_go))
        for grant in self.position.grants:
            is_live = grant.claim in {ClaimState.OPEN, ClaimState.SHOWN} and grant.points > 0
            if move in states and is_live and not (move == "show" and self.can_change):
                if move == "take":
                    self.balance += grant.points
                self._change(grant.id, claim=states[move])

    def _apply(self, step: Step) -> None:
        self.clock += timedelta(seconds=1)
        if step.kind is MovementKind.CLAIM and step.target is None:
            grant = Grant(uuid4(), step.points, HERE, ADA, self.clock, ClaimState.OPEN, can_change=self.can_change)
            self.position = replace(self.position, grants=(*self.position.grants, grant))
        elif step.kind in {MovementKind.CLAIM, MovementKind.VOID}:
            grant = next(one for one in self.position.grants if one.id == step.target)
            left = grant.points + step.points
            self._change(grant.id, points=left, claim=grant.claim if left else ClaimState.VOID)
        elif step.kind is MovementKind.CREDIT and step.target is None:
            self.balance += step.points
            self.position = replace(
                self.position, grants=(*self.position.grants, Grant(uuid4(), step.points, HERE, ADA, self.clock))
            )
        elif step.kind is MovementKind.DEBIT:
            self._debit(step)
        else:
            self._give_back(step)

    def _debit(self, step: Step) -> None:
        self.balance += step.points
        grant = next(one for one in self.position.grants if one.id == step.target)
        self._change(grant.id, undone=grant.undone - step.points)
        debit = TakenBack(uuid4(), -step.points, HERE, ADA, self.clock)
        self.debited = getattr(self, "debited", {}) | {debit.id: grant.id}
        self.position = replace(self.position, taken_back=(*self.position.taken_back, debit))

    def _give_back(self, step: Step) -> None:
        back = tuple(
            replace(one, points=one.points - step.points) if one.id == step.target else one for one in self.position.taken_back
        )
        self.position = replace(self.position, taken_back=back)
        if step.kind is MovementKind.CREDIT and step.target is not None:
            self.balance += step.points
            grant = next(one for one in self.position.grants if one.id == self.debited[step.target])
            self._change(grant.id, undone=grant.undone - step.points)

    def _change(self, grant_id: UUID, **values: object) -> None:
        changed = tuple(replace(one, **values) if one.id == grant_id else one for one in self.position.grants)  # type: ignore[arg-type]
        self.position = replace(self.position, grants=changed)
