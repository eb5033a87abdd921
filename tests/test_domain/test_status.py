"""The one word that an order tells the shopper."""

from dataclasses import replace

import pytest

from app.domain.earning import Because, Due
from app.domain.settlement import Grant, TakenBack
from app.domain.status import PointsStatus, points_amount, points_status
from tests.test_domain.positions import EXPIRED, OPEN, SHOWN, TAKEN, VOID, claim, credit, debit, position, written_off

Parts = tuple[Grant | TakenBack, ...]


def word(points: int, *parts: Grant | TakenBack, because: Because = Because.EARNED, was_ever_granted: bool | None = None) -> str:
    was_granted = bool(parts) if was_ever_granted is None else was_ever_granted
    return points_status(Due(points, points, because), position(*parts), was_ever_granted=was_granted)


@pytest.mark.parametrize("because", [Because.WAITING_FOR_MOMENT, Because.ON_HOLD])
def test_an_order_that_time_or_payment_will_change_is_pending(because: Because) -> None:
    assert word(0, because=because) == PointsStatus.PENDING


def test_points_that_are_under_way_are_pending() -> None:
    assert word(10) == PointsStatus.PENDING


@pytest.mark.parametrize(
    "because", [Because.EARNED, Because.CANCELLED, Because.BEFORE_START, Because.RULE_OFF, Because.BELOW_MINIMUM]
)
def test_an_order_that_earns_nothing_says_none(because: Because) -> None:
    assert word(0, because=because) == PointsStatus.NONE


@pytest.mark.parametrize("state", [OPEN, SHOWN])
def test_a_claim_that_waits_is_ready(state: object) -> None:
    assert word(10, claim(state, 10)) == PointsStatus.READY  # type: ignore[arg-type]  # a state


def test_a_claim_that_waits_is_ready_although_more_is_under_way() -> None:
    assert word(15, claim(OPEN, 10)) == PointsStatus.READY


def test_a_taken_claim_is_claimed() -> None:
    assert word(10, claim(TAKEN, 10)) == PointsStatus.CLAIMED


def test_more_points_under_way_beside_a_taken_claim_are_pending() -> None:
    assert word(15, claim(TAKEN, 10)) == PointsStatus.PENDING


def test_points_in_the_balance_are_credited() -> None:
    assert word(10, credit(10)) == PointsStatus.CREDITED


@pytest.mark.parametrize("because", [Because.CANCELLED, Because.EARNED])
def test_points_that_were_all_taken_back_are_reversed(because: Because) -> None:
    assert word(0, credit(10, undone=10), debit(10), because=because) == PointsStatus.REVERSED


def test_a_voided_claim_is_reversed() -> None:
    assert word(0, claim(VOID, 0)) == PointsStatus.REVERSED


def test_points_taken_back_in_part_are_still_there() -> None:
    assert word(6, credit(10, undone=4), debit(4)) == PointsStatus.CREDITED
    assert word(6, claim(TAKEN, 10, undone=4), debit(4)) == PointsStatus.CLAIMED


def test_a_claim_that_ran_out_is_none() -> None:
    assert word(10, claim(EXPIRED, 10)) == PointsStatus.NONE


def test_a_claim_that_ran_out_and_is_gone_is_none() -> None:
    assert word(0, claim(EXPIRED, 10, is_gone=True)) == PointsStatus.NONE
    assert word(0, claim(EXPIRED, 0, is_gone=True)) == PointsStatus.NONE


def test_points_that_came_after_a_claim_ran_out_are_all_that_the_order_says() -> None:
    gone = claim(EXPIRED, 40, is_gone=True)

    for ran_out in (gone, replace(gone, points=0)):
        now = position(ran_out, credit(20, number=2))
        assert (word(20, *now.grants), points_amount(Due(20, 60, Because.EARNED), now)) == (PointsStatus.CREDITED, 20)


def test_points_that_are_to_be_taken_back_and_are_not_there_are_still_the_shoppers() -> None:
    assert word(0, credit(10)) == PointsStatus.CREDITED


def test_points_that_staff_wrote_off_are_still_the_shoppers() -> None:
    assert word(0, credit(10), written_off(10)) == PointsStatus.CREDITED


def test_an_order_that_is_held_again_after_points_were_taken_back_is_reversed() -> None:
    assert word(0, claim(VOID, 0), because=Because.WAITING_FOR_MOMENT) == PointsStatus.REVERSED
