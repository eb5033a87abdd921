"""What is gone of an order's points: each thing once, at what it really removed."""

from dataclasses import replace
from itertools import permutations
from uuid import UUID

import pytest

from app.domain.arithmetic_versions import FIRST, SECOND, changed
from app.domain.earning import Because, Due
from app.domain.gone import ByStaff, Changes, Gone, gifts_on_link, newly_gone
from tests.test_domain.orders import due, money, order, rule

CLAIM = UUID(int=1)


def changes(*staff: int, gone: Gone | None = None) -> Changes:
    return Changes(tuple(ByStaff(number, points) for number, points in enumerate(staff, 1)), taken=gone or Gone())


def test_a_gift_after_a_claim_ran_out_brings_itself_alone() -> None:
    assert changes(5, gone=Gone(40)).due(40) == 5


def test_what_an_order_grows_by_after_its_claim_ran_out_comes_alone() -> None:
    assert changes(gone=Gone(40)).due(60) == 20


@pytest.mark.parametrize("earned", [40, 30])
def test_a_refund_that_fails_brings_nothing_back_that_had_run_out(earned: int) -> None:
    assert changes(gone=Gone(40)).due(earned) == 0


def test_all_that_a_claim_held_ran_out_though_a_refund_is_seen_at_the_same_look() -> None:
    new = newly_gone(changes(), 40, ran_out={CLAIM: 40})

    assert new.by_claim == {CLAIM: Gone(40)}


def test_a_claim_of_earned_and_given_points_runs_out_whole() -> None:
    new = newly_gone(changes(10), 40, ran_out={CLAIM: 50})

    assert new.by_claim == {CLAIM: Gone(40, 10)}
    assert changes(10).adding(new).due(40) == 0


def test_a_gift_made_after_the_claim_ran_out_is_not_on_it() -> None:
    new = newly_gone(changes(5), 40, ran_out={CLAIM: 40})

    assert changes(5).adding(new).due(40) == 5


@pytest.mark.parametrize(("asked", "gone"), [(10, Gone(10)), (20, Gone(20)), (25, Gone(20, 5)), (1000, Gone(20, 10))])
def test_a_taking_removes_what_is_there_of_earned_points_first(asked: int, gone: Gone) -> None:
    assert newly_gone(changes(10, -asked), 20, ran_out={}).by_staff == {2: gone}


@pytest.mark.parametrize(
    ("gifts", "on_link", "elsewhere", "stay"),
    [
        (0, 40, 0, 0),
        (10, 50, 0, 10),
        # What the customer has already counts as the gift.
        (10, 40, 10, 0),
        (10, 46, 4, 6),
        # A link that holds nothing else is withdrawn as it is.
        (10, 10, 0, 0),
        (10, 10, 40, 0),
        (30, 20, 0, 0),
    ],
)
def test_gifts_stay_when_the_link_that_they_lie_on_is_withdrawn(gifts: int, on_link: int, elsewhere: int, stay: int) -> None:
    assert gifts_on_link(changes(gifts), on_link=on_link, elsewhere=elsewhere) == stay


@pytest.mark.parametrize(("earned", "gone"), [(40, Gone(40)), (25, Gone(25)), (0, Gone(0, 10))])
def test_a_withdrawal_takes_earned_points_or_where_there_are_none_the_gift(earned: int, gone: Gone) -> None:
    staff = (ByStaff(1, 10), ByStaff(2, -40, is_withdrawal=True))

    assert newly_gone(Changes(staff), earned, ran_out={}).by_staff == {2: gone}


def test_a_gift_after_taking_too_much_is_given_in_full() -> None:
    new = newly_gone(changes(-1000), 20, ran_out={})

    assert changes(-1000, 50).adding(new).due(20) == 50


def test_a_gift_that_came_later_is_not_taken_though_both_are_seen_at_once() -> None:
    staff = changes(-1000, 50)

    assert staff.adding(newly_gone(staff, 20, ran_out={})).due(20) == 50


def test_nothing_there_is_taken_as_nothing() -> None:
    assert newly_gone(changes(-30), 0, ran_out={}).by_staff == {1: Gone()}


def test_what_was_counted_is_not_counted_again() -> None:
    assert not newly_gone(changes(-30, gone=Gone(30)), 40, ran_out={}, counted=[1])


@pytest.mark.parametrize("order", list(permutations(["withdraw", "refund", "give"])))
@pytest.mark.parametrize("is_looked_at_between", [True, False])
def test_a_withdrawal_of_the_earned_points_a_refund_and_a_gift_leave_the_gift(
    order: tuple[str, ...], *, is_looked_at_between: bool
) -> None:
    points = last = 40
    now, counted = Changes(), list[int]()

    for number, what in enumerate(order, 1):
        if what == "refund":
            points = 25
        elif what == "give":
            now = replace(now, staff=(*now.staff, ByStaff(number, 10)))
        else:
            # Withdrawn is what the order has earned and the link holds at that time.
            now = replace(now, staff=(*now.staff, ByStaff(number, -last)))
        if is_looked_at_between or number == len(order):
            new = newly_gone(now, max(points, last), ran_out={}, counted=counted)
            now, last = now.adding(new), points
            counted += new.by_staff

    assert now.due(points) == 10


def test_what_an_older_version_wrote_counts_with_its_sign() -> None:
    older = (ByStaff(1, -40, is_summed=True), ByStaff(2, 10, is_summed=True))

    assert [Changes(older).due(points) for points in (25, 40, 60)] == [0, 10, 30]
    assert Changes((*older, ByStaff(3, 10))).due(25) == 10
    assert not newly_gone(Changes(older), 40, ran_out={})


@pytest.mark.parametrize(("version", "points"), [(FIRST, -5), (SECOND, 10)])
def test_what_staff_changed_is_told_apart_from_what_was_earned(version: int, points: int) -> None:
    staff = changes(10, -40, gone=Gone(25))

    result = changed(due(order(charged=money(25))), staff, version)

    assert (result.points, result.earned) == (points, 25)


def test_the_maximum_does_not_hold_back_what_staff_gave() -> None:
    assert changed(due(order(), rule(maximum_points=50)), changes(7), SECOND).points == 57


def test_what_staff_gave_stands_on_an_order_that_earns_nothing() -> None:
    assert changed(due(order(status="CANCELED")), changes(5), SECOND) == Due(5, 0, Because.CANCELLED, money(100), money(100))
