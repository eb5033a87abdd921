"""Which request goes next: one key of the Points API waits behind itself, and every kind of request has its share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from app.web.server.waiting_requests import (
    BYTES_EACH,
    CALLER_IS_KNOWN,
    IN_HAND_EACH,
    KNOWN_KEYS_MAX,
    WAITING_EACH,
    TooManyWait,
    WaitingRequests,
)

ARRAY = BYTES_EACH * IN_HAND_EACH
ADA, BOB = str(uuid4()), str(uuid4())


@dataclass
class Line:
    """Requests that say their names when they are worked off, with a clock that the test moves."""

    worked: list[str] = field(default_factory=list)
    later: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.waiting = WaitingRequests(lambda seconds, do: self.later.append((seconds, do)), clock=lambda: self.now)

    def put(self, name: str, path: str, *, key: str = "", length: int = 0, seconds: float = 0, **headers: str) -> None:
        environ: dict[str, Any] = {"PATH_INFO": path, "CONTENT_LENGTH": str(length), **headers}
        if key:
            environ["QUERY_STRING"] = f"csapikey={key}"

        def work() -> None:
            self.now += seconds
            self.worked.append(name)

        self.waiting.put(environ, work)

    def learn(self, *keys: str) -> None:
        """Let one request of each key be answered by an application that knows the caller, as it does with real keys."""
        for key in keys:
            environ: dict[str, Any] = {"PATH_INFO": "/api/v1/points", "QUERY_STRING": f"csapikey={key}"}
            self.waiting.put(environ, partial(environ.update, {CALLER_IS_KNOWN: True}))
            self.begin()()

    def array(self, name: str, key: str, *, seconds: float = 0) -> None:
        self.put(name, "/api/v1/points", key=key, length=ARRAY, seconds=seconds)

    def webhook(self, name: str = "webhook") -> None:
        self.put(name, "/api/webhooks/orders")

    def begin(self) -> Callable[[], None]:
        """Begin what is next, as one of the threads does. To call what it gives is to end it."""
        return self.waiting.get()


@pytest.fixture
def line() -> Line:
    return Line()


def test_a_webhook_goes_before_the_second_array_of_a_key(line: Line) -> None:
    for number in range(40):
        line.array(f"array {number}", ADA)
    line.webhook()

    ends = [line.begin(), line.begin()]
    for end in ends:
        end()

    assert sorted(line.worked) == ["array 0", "webhook"]


def test_two_keys_take_turns(line: Line) -> None:
    for name, key in (("a1", ADA), ("a2", ADA), ("a3", ADA), ("b1", BOB), ("b2", BOB)):
        line.array(name, key)

    for _ in range(5):
        line.begin()()

    assert line.worked == ["a1", "b1", "a2", "b2", "a3"]


def test_small_requests_of_one_key_are_worked_on_at_once_up_to_a_bound(line: Line) -> None:
    for number in range(IN_HAND_EACH + 1):
        line.put(f"small {number}", f"/api/v1/points/{ADA}/email/ada@example.com/Full")
    begun = [line.begin() for _ in range(IN_HAND_EACH)]
    line.array("of another key", BOB)

    line.begin()()
    begun[0]()
    line.begin()()

    assert line.worked == ["of another key", "small 0", f"small {IN_HAND_EACH}"]


@pytest.mark.parametrize(
    "put",
    [
        lambda line: line.put("again", "/api/v1/points", key=ADA.upper()),
        lambda line: line.put("again", "/api/v1/points", key=f"%7B{ADA}%7D"),
        lambda line: line.put("again", f"/api/v1/points/{ADA.replace('-', '')}/INSTANT"),
        lambda line: line.put("again", "/api/v1/points", HTTP_AUTHORIZATION=f"Bearer {ADA}"),
        lambda line: line.put("again", "/api/v1/points/INSTANT", HTTP_X_API_KEY=ADA),
    ],
)
def test_a_key_is_the_same_however_it_is_given(line: Line, put: Callable[[Line], None]) -> None:
    line.array("array", ADA)
    end = line.begin()
    put(line)
    line.webhook()

    line.begin()()
    end()
    for _, end_rest in line.later:
        end_rest()
    line.begin()()

    assert line.worked == ["webhook", "array", "again"]


def test_what_is_no_key_is_one_caller(line: Line) -> None:
    line.array("first", "a guess")
    line.array("second", "another guess")
    end = line.begin()
    line.webhook()

    line.begin()()
    end()

    assert line.worked == ["webhook", "first"]


def test_every_kind_has_its_share(line: Line) -> None:
    keys = [str(uuid4()) for _ in range(13)]
    line.learn(*keys)
    for key in keys:
        line.webhook()
        line.put("page", "/app/pages/overview")
        line.put("points", "/api/v1/points", key=key)
        line.put("stranger", "/api/v1/points", key=str(uuid4()))

    for _ in range(13):
        line.begin()()

    assert sorted(line.worked) == ["page"] * 3 + ["points"] * 3 + ["stranger"] + ["webhook"] * 6


def test_invented_keys_do_not_push_back_a_key_that_is_known(line: Line) -> None:
    line.learn(ADA)
    for _ in range(1000):
        line.put("invented", "/api/v1/points", key=str(uuid4()))
    line.put("ada", "/api/v1/points", key=ADA)

    for _ in range(2):
        line.begin()()

    assert "ada" in line.worked


def test_a_key_is_known_from_its_first_answer_on_also_while_it_waits(line: Line) -> None:
    first: dict[str, Any] = {"PATH_INFO": "/api/v1/points", "QUERY_STRING": f"csapikey={ADA}"}
    line.waiting.put(first, partial(first.update, {CALLER_IS_KNOWN: True}))
    for number in range(IN_HAND_EACH):
        line.put(f"ada {number}", "/api/v1/points", key=ADA)
    line.begin()()
    for _ in range(1000):
        line.put("invented", "/api/v1/points", key=str(uuid4()))

    for _ in range(IN_HAND_EACH * 2):
        line.begin()()

    assert line.worked.count("invented") == IN_HAND_EACH


def test_of_too_many_keys_the_oldest_is_a_strangers_again(line: Line) -> None:
    line.learn(ADA, *(str(uuid4()) for _ in range(KNOWN_KEYS_MAX)), BOB)
    for _ in range(10):
        line.put("invented", "/api/v1/points", key=str(uuid4()))
    line.put("ada", "/api/v1/points", key=ADA)
    line.put("bob", "/api/v1/points", key=BOB)

    for _ in range(5):
        line.begin()()

    assert line.worked.count("bob") == 1
    assert "ada" not in line.worked


def test_spends_wait_in_the_line_of_their_key(line: Line) -> None:
    for number in range(IN_HAND_EACH + 1):
        line.put(f"spend {number}", "/api/v1/spends", HTTP_X_API_KEY=ADA)
    begun = [line.begin() for _ in range(IN_HAND_EACH)]
    line.put("page", "/app/pages/overview")

    line.begin()()

    assert len(begun) == IN_HAND_EACH
    assert line.worked == ["page"]


def test_too_many_requests_of_one_key_are_refused_and_another_key_is_not(line: Line) -> None:
    for number in range(WAITING_EACH // (1 + IN_HAND_EACH)):
        line.array(str(number), ADA)

    with pytest.raises(TooManyWait):
        line.array("one too many", ADA)
    line.array("of another key", BOB)


def test_a_key_rests_after_an_array_as_long_as_it_took_if_others_came_meanwhile(line: Line) -> None:
    line.array("first", ADA, seconds=3)
    line.array("second", ADA)
    end = line.begin()
    line.webhook()
    line.begin()()
    end()
    line.webhook("second webhook")
    line.begin()()

    [(seconds, end_rest)] = line.later
    end_rest()
    line.begin()()

    assert seconds == 3
    assert line.worked == ["webhook", "first", "second webhook", "second"]


def test_a_key_rests_for_nobody(line: Line) -> None:
    line.array("first", ADA, seconds=3)
    line.array("second", ADA)

    line.begin()()
    line.begin()()

    assert line.worked == ["first", "second"]
    assert line.later == []


def test_an_array_that_fails_lets_the_next_one_in(line: Line) -> None:
    line.waiting.put({"PATH_INFO": "/api/v1/points", "CONTENT_LENGTH": str(ARRAY), "QUERY_STRING": f"csapikey={ADA}"}, _fail)
    line.array("second", ADA)

    with pytest.raises(ZeroDivisionError):
        line.begin()()
    line.begin()()

    assert line.worked == ["second"]


def _fail() -> None:
    raise ZeroDivisionError
