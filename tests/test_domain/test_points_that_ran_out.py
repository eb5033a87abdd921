"""A refund counts what ran out of an order's points as taken, and a refund that fails brings back only what it took."""

from dataclasses import replace

import pytest

from app.domain.settlement import NOTHING, MovementKind, Step, next_step
from tests.test_domain.positions import ADA, HERE, credit, debit, position, recipient, uid


@pytest.mark.parametrize(("due", "taken"), [(100, 0), (50, 0), (40, 0), (39, 1), (0, 40)])
def test_a_refund_takes_what_was_granted_less_what_ran_out_and_what_is_due(due: int, taken: int) -> None:
    standing = replace(position(credit(100)), ran_out=60)

    decision = next_step(due, standing, recipient())

    assert decision == NOTHING if taken == 0 else decision.step == Step(MovementKind.DEBIT, -taken, HERE, ADA, uid(1))


def test_a_refund_after_all_points_ran_out_takes_nothing() -> None:
    standing = replace(position(credit(100)), ran_out=100)

    assert next_step(0, standing, recipient()) == NOTHING


@pytest.mark.parametrize(("due", "back"), [(0, None), (20, 20), (70, 40), (100, 40)])
def test_a_refund_that_fails_brings_back_what_a_smaller_refund_would_not_have_taken(due: int, back: int | None) -> None:
    standing = replace(position(credit(100), debit(40, ran_out_before=60)), ran_out=60)

    decision = next_step(due, standing, recipient())

    assert (decision.step and decision.step.points) == back


def test_points_that_run_out_after_a_refund_bring_nothing_back() -> None:
    standing = replace(position(credit(100), debit(50)), ran_out=50)

    assert next_step(50, standing, recipient()) == NOTHING
