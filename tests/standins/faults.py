"""What can go wrong on the way to a service and back, as values that a test queues."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.standins.serving import Answer, Manner, json_answer

Act = Callable[[], Answer]
# A fault may let the service act (and change its answer), or never call it.
Fault = Callable[[Act], Answer]

ANY = "any"


def status(code: int, body: Any = None, *, retry_after: int | None = None) -> Fault:
    """Answer `code` without acting."""
    headers = () if retry_after is None else (("Retry-After", str(retry_after)),)
    return lambda _act: json_answer({} if body is None else body, code, headers)


def too_many_requests(retry_after: int = 7) -> Fault:
    return status(429, {"success": False, "message": "Too many requests"}, retry_after=retry_after)


def html(code: int = 200) -> Fault:
    """Answer a web page, as a proxy or a maintenance page does."""
    page = b"<!doctype html><html><body>Down for maintenance</body></html>"
    return lambda _act: Answer(code, page, "text/html; charset=utf-8")


def redirect(location: str = "https://elsewhere.example/", code: int = 302) -> Fault:
    return lambda _act: Answer(code, headers=(("Location", location),))


def cut() -> Fault:
    """Close the connection without a byte."""
    return lambda _act: Answer(manner=Manner.CUT)


def cut_in_the_middle() -> Fault:
    """Act, then send half of the promised body."""
    return lambda act: replace(act(), manner=Manner.TRUNCATED)


def hang() -> Fault:
    """Keep the connection open and say nothing until the server stops."""
    return lambda _act: Answer(manner=Manner.HANG)


def drip(seconds: int = 10) -> Fault:
    """Act, then send the body a byte at a time over `seconds`."""
    return lambda act: replace(act(), manner=Manner.DRIP, drip_seconds=seconds)


def empty(code: int = 200) -> Fault:
    return lambda _act: Answer(code)


def not_json(code: int = 200) -> Fault:
    return lambda _act: Answer(code, b"OK, thanks")


def oversized(size_bytes: int = 20_000_000) -> Fault:
    """Act, then send valid JSON behind `size_bytes` of blanks."""

    def apply(act: Act) -> Answer:
        answer = act()
        return replace(answer, body=b" " * size_bytes + answer.body)

    return apply


def after_acting(fault: Fault) -> Fault:
    """Let the service act, then play `fault`, so that the client cannot know."""

    def apply(act: Act) -> Answer:
        answer = act()
        return fault(lambda: answer)

    return apply


def edited(edit: Callable[[Any], Any]) -> Fault:
    """Act, then change the parsed JSON of the answer."""

    def apply(act: Act) -> Answer:
        answer = act()
        return replace(answer, body=json.dumps(edit(json.loads(answer.body))).encode())

    return apply


def graphql_errors(message: str = "Internal Server Error", code: int = 200) -> Fault:
    """Answer errors and no data, as GraphQL does with HTTP 200."""
    return status(code, {"errors": [{"message": message, "locations": [], "path": None}]})


def permission_denied(field_name: str = "orders") -> Fault:
    error = {
        "message": "To access this path, you need one of the following permissions: MANAGE_ORDERS",
        "locations": [{"line": 1, "column": 1}],
        "path": [field_name],
        "extensions": {"exception": {"code": "PermissionDenied"}},
    }
    return status(200, {"errors": [error], "data": {field_name: None}})


@dataclass
class FaultPlan:
    """Play queued faults first, each for its number of requests, then the standing one."""

    _queued: dict[str, list[Fault]] = field(default_factory=dict)
    _standing: dict[str, Fault] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def once(self, fault: Fault, *, on: str = ANY, times: int = 1) -> None:
        """Queue `fault` for the next `times` requests of the kind `on`."""
        with self._lock:
            self._queued.setdefault(on, []).extend([fault] * times)

    def always(self, fault: Fault, *, on: str = ANY) -> None:
        """Play `fault` on every request of the kind `on` until `clear`."""
        with self._lock:
            self._standing[on] = fault

    def clear(self) -> None:
        with self._lock:
            self._queued.clear()
            self._standing.clear()

    def play(self, kind: str, act: Act) -> Answer:
        """Answer one request of `kind`, with the fault that is due for it, if any."""
        fault = self._take(kind)
        return act() if fault is None else fault(act)

    def _take(self, kind: str) -> Fault | None:
        with self._lock:
            for name in (kind, ANY):
                if self._queued.get(name):
                    return self._queued[name].pop(0)
            return self._standing.get(kind) or self._standing.get(ANY)
