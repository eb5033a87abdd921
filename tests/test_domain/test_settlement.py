"""What is asked of an account so that granted becomes due, row by row (DESIGN, Granting and taking back)."""

import pytest

from app.domain.earning import Award
from app.domain.settlement import NOTHING, Decision, Grant, MovementKind, Position, Recipient, Step, Stuck, TakenBack, next_step
from tests.test_domain.positions import (
    ADA,
    BOB,
    ELSEWHERE,
    EXPIRED,
    HERE,
    OPEN,
    SHOWN,
    TAKEN,
    VOID,
    claim,
    credit,
    debit,
    position,
    recipient,
    uid,
    written_off,
)

INSTANT = recipient(Award.INSTANT)
CLAIM = recipient(Award.CLAIM)


def step(kind: MovementKind, points: int, target: int | None = None, *, account: int = HERE, email: str = ADA) -> Decision:
    return Decision(Step(kind, points, account, email, None if target is None else uid(target)))


# What was granted.


@pytest.mark.parametrize(
    ("parts", "granted"),
    [
        ((), 0),
        ((claim(OPEN, 10),), 10),
        ((claim(SHOWN, 4), claim(TAKEN, 5, number=2), claim(EXPIRED, 6, number=3), credit(7, number=4)), 22),
        ((claim(VOID, 0),), 0),
        ((credit(10, undone=4), debit(4)), 6),
        ((claim(SHOWN, 10), written_off(10)), 0),
    ],
)
def test_granted_is_what_grants_stand_for_less_what_was_taken_back(parts: tuple[Grant | TakenBack, ...], granted: int) -> None:
    assert position(*parts).granted == granted


@pytest.mark.parametrize(
    ("due", "parts"),
    [
        (0, ()),
        (10, (claim(OPEN),)),
        (10, (claim(SHOWN),)),
        (10, (claim(TAKEN),)),
        (10, (claim(EXPIRED),)),
        (10, (credit(),)),
        (6, (credit(undone=4), debit(4))),
        (0, (claim(SHOWN), written_off(10))),
    ],
)
def test_nothing_is_asked_where_granted_is_due(due: int, parts: tuple[Grant | TakenBack, ...]) -> None:
    assert next_step(due, position(*parts), CLAIM) == NOTHING


# Giving.


@pytest.mark.parametrize(
    ("award", "is_registered", "kind"),
    [
        (Award.CLAIM, True, MovementKind.CLAIM),
        (Award.CLAIM, False, MovementKind.CLAIM),
        (Award.INSTANT, True, MovementKind.CREDIT),
        (Award.INSTANT, False, MovementKind.CREDIT),
        (Award.AUTO, True, MovementKind.CREDIT),
        (Award.AUTO, False, MovementKind.CLAIM),
    ],
)
def test_the_rule_says_whether_points_come_as_a_claim_or_at_once(award: Award, is_registered: bool, kind: MovementKind) -> None:
    assert next_step(10, Position(), recipient(award, is_registered=is_registered)) == step(kind, 10)


def test_a_claim_that_is_not_bound_names_nobody() -> None:
    assert next_step(10, Position(), recipient(bind_email=False)) == step(MovementKind.CLAIM, 10, email="")


@pytest.mark.parametrize("email", ["", "  "])
@pytest.mark.parametrize(
    ("a_recipient", "is_stuck"),
    [(recipient(Award.INSTANT), True), (recipient(Award.CLAIM), True), (recipient(Award.CLAIM, bind_email=False), False)],
)
def test_points_for_somebody_without_an_address_are_stuck_unless_anybody_may_take_them(
    a_recipient: Recipient, is_stuck: bool, email: str
) -> None:
    nobody = recipient(a_recipient.award, bind_email=a_recipient.bind_email, email=email)

    decision = next_step(10, Position(), nobody)

    assert (decision.stuck is Stuck.NO_EMAIL, decision.step is None) == (is_stuck, is_stuck)


def test_an_open_claim_grows_where_the_account_lets_it() -> None:
    assert next_step(15, position(claim(OPEN, 10)), CLAIM) == step(MovementKind.CLAIM, 5, target=1)


def test_an_open_claim_that_cannot_change_is_withdrawn_to_be_asked_for_anew_with_the_whole_amount() -> None:
    assert next_step(15, position(claim(OPEN, 10, can_change=False)), CLAIM) == step(MovementKind.VOID, -10, target=1)


def test_an_open_claim_at_an_account_of_yesterday_is_withdrawn_there() -> None:
    yesterday = claim(OPEN, 10, account_id=ELSEWHERE)

    assert next_step(15, position(yesterday), CLAIM) == step(MovementKind.VOID, -10, target=1, account=ELSEWHERE)


@pytest.mark.parametrize("state", [SHOWN, TAKEN, EXPIRED, VOID])
def test_a_claim_that_is_open_no_more_gets_a_second_one_beside_it_for_the_rest(state: object) -> None:
    points = 0 if state is VOID else 10

    assert next_step(15, position(claim(state, points)), CLAIM) == step(MovementKind.CLAIM, 15 - points)  # type: ignore[arg-type]  # a state


def test_points_at_once_are_added_beside_an_open_claim() -> None:
    assert next_step(15, position(claim(OPEN, 10)), INSTANT) == step(MovementKind.CREDIT, 5)


def test_what_was_debited_is_given_back_first_where_it_was_taken_from() -> None:
    there = debit(4, account_id=ELSEWHERE, email=BOB)
    given = credit(10, account_id=ELSEWHERE, email=BOB, undone=4)

    decision = next_step(15, position(given, there), CLAIM)

    assert decision == step(MovementKind.CREDIT, 4, target=100, account=ELSEWHERE, email=BOB)


def test_no_more_is_given_back_than_is_due() -> None:
    assert next_step(2, position(credit(10, undone=10), debit(10)), CLAIM) == step(MovementKind.CREDIT, 2, target=100)


def test_what_was_given_back_already_is_not_given_back_again() -> None:
    assert next_step(12, position(credit(10), debit(0)), INSTANT) == step(MovementKind.CREDIT, 2)


def test_the_newest_debit_is_given_back_first() -> None:
    parts = (credit(10, undone=7), debit(3, number=100), debit(4, number=101))

    assert next_step(10, position(*parts), INSTANT) == step(MovementKind.CREDIT, 4, target=101)


def test_a_write_off_is_undone_before_anything_is_sent() -> None:
    parts = (credit(10, undone=3), written_off(7), debit(3, number=300))

    assert next_step(10, position(*parts), INSTANT) == step(MovementKind.WRITE_OFF, 7, target=200)


def test_giving_back_needs_no_address_on_the_order() -> None:
    decision = next_step(10, position(credit(10, undone=4), debit(4)), recipient(Award.INSTANT, email=""))

    assert decision == step(MovementKind.CREDIT, 4, target=100)


def test_a_credit_goes_to_the_orders_address_of_now() -> None:
    decision = next_step(15, position(credit(10)), recipient(Award.INSTANT, email=BOB, account_id=ELSEWHERE))

    assert decision == step(MovementKind.CREDIT, 5, email=BOB, account=ELSEWHERE)


# Taking.


def test_an_open_claim_shrinks_where_the_account_lets_it() -> None:
    assert next_step(6, position(claim(OPEN, 10)), CLAIM) == step(MovementKind.VOID, -4, target=1)


def test_an_open_claim_that_cannot_change_is_withdrawn_as_a_whole() -> None:
    assert next_step(6, position(claim(OPEN, 10, can_change=False)), CLAIM) == step(MovementKind.VOID, -10, target=1)


@pytest.mark.parametrize("can_change", [True, False])
def test_an_expired_claim_shrinks_at_any_account(can_change: bool) -> None:
    assert next_step(6, position(claim(EXPIRED, 10, can_change=can_change)), CLAIM) == step(MovementKind.VOID, -4, target=1)


@pytest.mark.parametrize("state", [OPEN, EXPIRED])
def test_what_nobody_took_is_withdrawn_before_anything_is_debited(state: object) -> None:
    parts = (claim(state, 3), credit(10, number=9))  # type: ignore[arg-type]  # a state

    assert next_step(5, position(*parts), CLAIM) == step(MovementKind.VOID, -3, target=1)


def test_the_newest_open_claim_is_withdrawn_first() -> None:
    parts = (claim(OPEN, 5, number=1), claim(OPEN, 5, number=2))

    assert next_step(0, position(*parts), CLAIM) == step(MovementKind.VOID, -5, target=2)


@pytest.mark.parametrize("grant", [credit(10), claim(TAKEN, 10)])
def test_what_is_in_a_balance_is_debited_by_as_much_as_is_too_much(grant: Grant) -> None:
    assert next_step(6, position(grant), CLAIM) == step(MovementKind.DEBIT, -4, target=1)


def test_the_newest_grant_is_undone_first_and_by_no_more_than_it_brought() -> None:
    parts = (credit(10, number=1), claim(TAKEN, 5, number=2))

    assert next_step(3, position(*parts), CLAIM) == step(MovementKind.DEBIT, -5, target=2)


def test_a_grant_that_was_undone_in_part_is_undone_by_what_is_left() -> None:
    parts = (credit(10, number=1), credit(5, number=2, undone=3), debit(3))

    assert next_step(0, position(*parts), CLAIM) == step(MovementKind.DEBIT, -2, target=2)


def test_points_are_debited_where_and_from_whom_they_were_taken() -> None:
    taken = claim(TAKEN, 10, account_id=ELSEWHERE, email=BOB)

    assert next_step(0, position(taken), CLAIM) == step(MovementKind.DEBIT, -10, target=1, account=ELSEWHERE, email=BOB)


def test_a_refund_of_an_order_that_lost_its_address_still_takes_back() -> None:
    assert next_step(0, position(credit(10)), recipient(email="")) == step(MovementKind.DEBIT, -10, target=1)


# Shortfalls.


def test_what_a_balance_does_not_hold_is_a_shortfall() -> None:
    decision = next_step(4, position(credit(10)), CLAIM, empty_lanes={(HERE, ADA)})

    assert decision == Decision(shortfall=6, stuck=Stuck.NOTHING_THERE)


@pytest.mark.parametrize("lane", [(ELSEWHERE, ADA), (HERE, BOB)])
def test_another_customers_or_accounts_empty_balance_holds_nobody_back(lane: tuple[int, str]) -> None:
    assert next_step(4, position(credit(10)), CLAIM, empty_lanes={lane}) == step(MovementKind.DEBIT, -6, target=1)


def test_an_empty_balance_is_known_however_the_address_is_spelled() -> None:
    decision = next_step(4, position(credit(10, email=f" {ADA.upper()}")), CLAIM, empty_lanes={(HERE, ADA)})

    assert decision.shortfall == 6


def test_where_the_newest_takers_balance_is_empty_an_older_grants_is_asked() -> None:
    parts = (credit(10, number=1, email=BOB), credit(5, number=2))

    decision = next_step(0, position(*parts), CLAIM, empty_lanes={(HERE, ADA)})

    assert decision == step(MovementKind.DEBIT, -10, target=1, email=BOB)


def test_a_claim_that_was_shown_and_not_taken_is_neither_withdrawn_nor_debited() -> None:
    assert next_step(0, position(claim(SHOWN, 10)), CLAIM) == Decision(shortfall=10, stuck=Stuck.SHOWN_NOT_TAKEN)


def test_what_can_be_taken_is_taken_before_a_shown_claim_is_waited_for() -> None:
    parts = (credit(4, number=1), claim(SHOWN, 10, number=2))

    assert next_step(0, position(*parts), CLAIM) == step(MovementKind.DEBIT, -4, target=1)


def test_only_the_part_that_nobody_holds_yet_is_short() -> None:
    parts = (claim(SHOWN, 10), credit(4, number=2, undone=4), debit(4))

    assert next_step(7, position(*parts), CLAIM) == Decision(shortfall=3, stuck=Stuck.SHOWN_NOT_TAKEN)


def test_a_claim_whose_taker_nobody_knows_is_for_staff() -> None:
    assert next_step(0, position(claim(TAKEN, 10, email=None)), CLAIM) == Decision(shortfall=10, stuck=Stuck.TAKER_UNKNOWN)


def test_a_known_taker_is_debited_beside_an_unknown_one() -> None:
    parts = (credit(10, number=1), claim(TAKEN, 10, number=2, email=None))

    assert next_step(0, position(*parts), CLAIM) == step(MovementKind.DEBIT, -10, target=1)


def test_a_shortfall_that_was_written_off_is_none() -> None:
    assert next_step(0, position(credit(10, undone=3), debit(3), written_off(7)), CLAIM) == NOTHING


def test_a_further_refund_after_a_write_off_asks_for_the_further_points_only() -> None:
    parts = (credit(10), written_off(4))

    assert next_step(2, position(*parts), CLAIM) == step(MovementKind.DEBIT, -4, target=1)


# An address that changed.


def test_an_open_claim_tied_to_another_address_is_withdrawn_although_nothing_else_lacks() -> None:
    assert next_step(10, position(claim(OPEN, 10)), recipient(email=BOB)) == step(MovementKind.VOID, -10, target=1)


def test_an_open_claim_tied_to_another_address_is_withdrawn_before_anything_is_given_or_taken() -> None:
    parts = (claim(OPEN, 10), credit(5, number=2))

    for due in (0, 5, 15, 30):
        assert next_step(due, position(*parts), recipient(email=BOB)) == step(MovementKind.VOID, -10, target=1)


@pytest.mark.parametrize("email", [ADA.upper(), f" {ADA} "])
def test_the_same_address_in_another_spelling_changes_nothing(email: str) -> None:
    assert next_step(10, position(claim(OPEN, 10)), recipient(email=email)) == NOTHING


@pytest.mark.parametrize("state", [SHOWN, TAKEN, EXPIRED])
def test_a_claim_that_is_open_no_more_stays_whose_it_is(state: object) -> None:
    assert next_step(10, position(claim(state, 10)), recipient(email=BOB)) == NOTHING  # type: ignore[arg-type]  # a state


def test_an_open_claim_that_is_tied_to_nobody_stays() -> None:
    assert next_step(10, position(claim(OPEN, 10, email="")), recipient(email=BOB, bind_email=False)) == NOTHING


def test_an_open_claim_stays_while_the_order_has_no_address() -> None:
    assert next_step(10, position(claim(OPEN, 10)), recipient(email="")) == NOTHING


# What ran out.


def test_what_ran_out_and_is_due_no_more_is_written_off_the_claim_first() -> None:
    now = position(claim(EXPIRED, 40, is_gone=True), claim(OPEN, 5, number=2))

    assert next_step(5, now, CLAIM) == step(MovementKind.VOID, -40, target=1)


def test_a_refund_then_takes_from_what_came_after() -> None:
    now = position(claim(EXPIRED, 0, is_gone=True), claim(OPEN, 20, number=2))

    assert next_step(10, now, CLAIM) == step(MovementKind.VOID, -10, target=2)
