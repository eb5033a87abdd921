"""How requests are counted in one process's memory."""

from dataclasses import dataclass

import pytest

from app.web.counting import FORGOTTEN_FROM, MovingWindows


@dataclass
class Seconds:
    """A clock that tells seconds and stands still until it is moved."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


def test_within_any_span_of_time_no_more_are_let_through(clock: Seconds) -> None:
    windows = MovingWindows(2, 60, clock=clock)
    hits = []

    for seconds in (0, 50, 9, 1, 1, 49, 1):
        clock.now += seconds
        hits.append(windows.hit("ada"))

    # At 0, 50, 59, 60, 61, 110, 111: the third comes too early, the fifth, too.
    assert hits == [True, True, False, True, False, True, False]


def test_each_caller_has_a_window_of_their_own(clock: Seconds) -> None:
    windows = MovingWindows(1, 60, clock=clock)

    assert [windows.hit(caller) for caller in ("ada", "bob", "ada")] == [True, True, False]


def test_a_test_counts_nothing(clock: Seconds) -> None:
    windows = MovingWindows(1, 60, clock=clock)

    assert [windows.test("ada"), windows.test("ada"), windows.hit("ada"), windows.test("ada")] == [True, True, True, False]


def test_callers_who_ask_no_more_are_forgotten(clock: Seconds) -> None:
    windows = MovingWindows(1, 60, clock=clock)
    for number in range(10 * FORGOTTEN_FROM):
        clock.now += 1
        windows.hit(str(number))

    assert len(windows) <= FORGOTTEN_FROM


def test_callers_who_still_ask_are_not_forgotten(clock: Seconds) -> None:
    windows = MovingWindows(1, 60, clock=clock)
    for number in range(2 * FORGOTTEN_FROM):
        windows.hit(str(number))

    assert not any(windows.hit(str(number)) for number in range(2 * FORGOTTEN_FROM))
