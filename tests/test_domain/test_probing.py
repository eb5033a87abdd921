"""What two looks at a balance prove about an INSTANT whose answer was lost."""

import pytest

from app.domain.claim import Balance
from app.domain.evidence import Verdict, judge

BEFORE = Balance(100, 20)


def verdict(points: int, first: Balance, second: Balance | None = None, *, asks: int = 1, could_be_a_claim: bool = False) -> str:
    return judge(points, before=BEFORE, first=first, second=second or first, asks=asks, could_be_a_claim=could_be_a_claim)


@pytest.mark.parametrize("points", [50, -50])
@pytest.mark.parametrize("asks", [1, 2])
def test_a_balance_that_moved_by_just_the_amount_proves_that_it_happened(points: int, asks: int) -> None:
    assert verdict(points, Balance(100 + points, 20), asks=asks) == Verdict.HAPPENED


@pytest.mark.parametrize(("asks", "expected"), [(1, Verdict.DID_NOT), (2, Verdict.FOR_STAFF), (3, Verdict.FOR_STAFF)])
def test_a_balance_that_did_not_move_lets_it_be_asked_once_more_and_no_more(asks: int, expected: Verdict) -> None:
    assert verdict(50, BEFORE, asks=asks) == expected


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Balance(150, 20), Balance(100, 20)),
        (Balance(100, 20), Balance(150, 20)),
        (Balance(151, 20), Balance(151, 20)),
        (Balance(50, 20), Balance(50, 20)),
        (Balance(140, 30), Balance(140, 30)),
        (Balance(150, 30), Balance(150, 30)),
        (Balance(90, 30), Balance(90, 30)),
    ],
)
def test_a_balance_that_moves_otherwise_or_does_not_stand_still_proves_nothing(first: Balance, second: Balance) -> None:
    assert verdict(50, first, second) == Verdict.FOR_STAFF


@pytest.mark.parametrize("found", [BEFORE, Balance(150, 20)])
def test_where_a_claim_of_that_amount_could_have_been_taken_a_person_must_look(found: Balance) -> None:
    assert verdict(50, found, could_be_a_claim=True) == Verdict.FOR_STAFF


def test_a_claim_of_as_much_can_hide_a_debit_that_happened_but_not_make_one_up() -> None:
    assert verdict(-50, BEFORE, could_be_a_claim=True) == Verdict.FOR_STAFF
    assert verdict(-50, Balance(50, 20), could_be_a_claim=True) == Verdict.HAPPENED
