"""The waits of the tests: they end when the thing happens, and say what did not."""

import pytest

from tests import waiting
from tests.waiting import DEADLINES_SECONDS, call_that_arrives, wait_until


def test_a_wait_ends_when_the_thing_happens() -> None:
    answers = iter([False, False, True])

    wait_until(lambda: next(answers), what="the third answer")

    assert list(answers) == []


def test_a_wait_for_what_never_happens_says_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", 0)

    with pytest.raises(TimeoutError, match="the app serves"):
        wait_until(lambda: False, what="the app serves")


def test_a_call_is_made_with_the_shortest_deadline_within_which_it_arrives() -> None:
    arrivals = iter([False, True])

    assert call_that_arrives(lambda seconds: seconds, lambda: next(arrivals)) == DEADLINES_SECONDS[1]


def test_a_call_that_never_arrives_is_none_to_judge_by() -> None:
    with pytest.raises(TimeoutError, match="did not arrive"):
        call_that_arrives(lambda seconds: seconds, lambda: False)
