"""Requests that wait for a thread, in lines: one key of the Points API waits behind itself, and webhooks have their share.

Nothing is known of a request here but its head and its length, so it counts by its length. An array of 1,000 items counts twelve.

Anybody can invent keys. So a key is a stranger's until the application has said of one of its requests that it knows the caller.
Strangers have turns of their own, and take none from the keys that are known.

SQLite lets one transaction write at a time, and an array is one. So that webhooks find it free most of the time, a key rests
after an array for as long as that took, if others came meanwhile.
"""

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from enum import Enum
from functools import partial
from itertools import cycle
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_plus
from uuid import UUID

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Job = Callable[[], None]

# A request counts one, and one more for each of these in its body: about 80 items.
BYTES_EACH = 4096
# Requests that count so much together, or one that counts more, are worked on at once for one key of the Points API.
IN_HAND_EACH = 4
# So much may wait for one key. Two hundred connections with small requests are fine; 4 MB of arrays are enough.
WAITING_EACH = 1024
# The keys that a process remembers as known. Of more, the one that was learned first is a stranger's again.
KNOWN_KEYS_MAX = 4096
# The application puts this into a request's environ when it has found the caller by the key.
CALLER_IS_KNOWN = "saleor_points.caller_is_known"

_POINTS_API = "/api/v1/"
_KEY_IN_PATH = "/api/v1/points"
_WEBHOOKS = "/api/webhooks/"
_KEY_IN_QUERY = re.compile(r"(?:^|&)csapikey=([^&]*)")


class TooManyWait(Exception):
    """Too many requests of one key wait already."""


class Kind(Enum):
    """What kind of request it is. A stranger calls the Points API by a key that is not known.

    Where all wait, of 13 turns six are webhooks', three pages', three those of known keys, and one is a stranger's.
    """

    WEBHOOK = "webhook"
    PAGE = "page"
    POINTS_API = "points_api"
    STRANGER = "stranger"

    @property
    def has_keys(self) -> bool:
        """True if each key waits behind itself."""
        return self in {Kind.POINTS_API, Kind.STRANGER}


_ROUND = (Kind.WEBHOOK, Kind.PAGE, Kind.WEBHOOK, Kind.POINTS_API)
_TURNS = (*_ROUND, *_ROUND, *_ROUND, Kind.STRANGER)


class _Line:
    """The requests of one kind, or of one key. In each line the first goes first."""

    __slots__ = ("in_hand", "in_hand_max", "is_ready", "is_resting", "kind", "name", "waiting", "weight")

    def __init__(self, kind: Kind, name: str, in_hand_max: float) -> None:
        self.kind, self.name, self.in_hand_max = kind, name, in_hand_max
        self.waiting: deque[tuple[WSGIEnvironment, Job, int]] = deque()
        self.weight = self.in_hand = 0
        self.is_ready = self.is_resting = False

    def may_begin(self) -> bool:
        if not self.waiting or self.is_ready or self.is_resting:
            return False
        return not self.in_hand or self.in_hand + self.waiting[0][2] <= self.in_hand_max

    def is_empty(self) -> bool:
        return not self.waiting and not self.in_hand and not self.is_resting


class _Begun(NamedTuple):
    """A request in hand. `others` is how many requests that are not for the Points API had come before it began."""

    environ: "WSGIEnvironment"
    line: _Line
    job: Job
    weight: int
    others: int


class WaitingRequests:
    """Gives the threads of one process what they do next.

    `clock` tells seconds, and `later` calls something after so many of them.
    """

    def __init__(self, later: Callable[[float, Job], object], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._later, self._clock = later, clock
        self._changing = threading.Lock()
        # One for each line that is ready: a thread waits here, and not in Python.
        self._tokens: SimpleQueue[None] = SimpleQueue()
        self._ready: dict[Kind, deque[_Line]] = {kind: deque() for kind in Kind}
        self._turns = cycle(_TURNS)
        self._open = {kind: _Line(kind, "", float("inf")) for kind in (Kind.WEBHOOK, Kind.PAGE)}
        self._of_keys: dict[str, _Line] = {}
        # In the order in which they were learned.
        self._known: dict[str, None] = {}
        # How many requests came that are not for the Points API.
        self._others = 0

    def put(self, environ: "WSGIEnvironment", job: Job) -> None:
        """Let a request wait for its turn.

        Raises TooManyWait when too many of the same key wait.
        """
        path, weight = environ["PATH_INFO"], 1 + int(environ.get("CONTENT_LENGTH") or 0) // BYTES_EACH
        with self._changing:
            line = self._line_of(_key_in(environ)) if path.startswith(_POINTS_API) else self._open[_kind_of(path)]
            if line.kind.has_keys and line.waiting and line.weight + weight > WAITING_EACH:
                raise TooManyWait
            self._others += not line.kind.has_keys
            line.waiting.append((environ, job, weight))
            line.weight += weight
            self._let_begin(line)

    def get(self) -> Job:
        """Wait for a request whose turn it is."""
        self._tokens.get()
        with self._changing:
            line = self._next_line()
            environ, job, weight = line.waiting.popleft()
            line.weight -= weight
            line.is_ready = False
            line.in_hand += weight
            self._let_begin(line)
            begun = _Begun(environ, line, job, weight, self._others)
        return partial(self._do, begun)

    def _do(self, begun: _Begun) -> None:
        began, line = self._clock(), begun.line
        try:
            begun.job()
        finally:
            seconds = self._clock() - began
            with self._changing:
                line.in_hand -= begun.weight
                if CALLER_IS_KNOWN in begun.environ:
                    self._learn(line)
                if begun.weight > line.in_hand_max and self._others > begun.others:
                    line.is_resting = True
                    self._later(seconds, partial(self._end_rest, line))
                self._go_on(line)

    def _end_rest(self, line: _Line) -> None:
        with self._changing:
            line.is_resting = False
            self._go_on(line)

    def _go_on(self, line: _Line) -> None:
        self._let_begin(line)
        if line.kind.has_keys and line.is_empty():
            del self._of_keys[line.name]

    def _line_of(self, key: str) -> _Line:
        line = self._of_keys.get(key)
        if line is None:
            kind = Kind.POINTS_API if key in self._known else Kind.STRANGER
            line = self._of_keys[key] = _Line(kind, key, IN_HAND_EACH)
        return line

    def _learn(self, line: _Line) -> None:
        if line.name in self._known:
            return
        if len(self._known) >= KNOWN_KEYS_MAX:
            del self._known[next(iter(self._known))]
        self._known[line.name] = None
        line.kind = Kind.POINTS_API

    def _let_begin(self, line: _Line) -> None:
        """Put a line behind the others of its kind, if its first request may begin."""
        if line.may_begin():
            line.is_ready = True
            self._ready[line.kind].append(line)
            self._tokens.put(None)

    def _next_line(self) -> _Line:
        """There is one: its token was taken."""
        return next(self._ready[kind].popleft() for kind in self._turns if self._ready[kind])


def _kind_of(path: str) -> Kind:
    """Tell the kind of a request that names no key."""
    return Kind.WEBHOOK if path.startswith(_WEBHOOKS) else Kind.PAGE


def _key_in(environ: "WSGIEnvironment") -> str:
    """Find the key where the Points API takes it from, however its GUID is spelled. What is no GUID is no key: all alike."""
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    key = token if scheme.lower() == "bearer" else environ.get("HTTP_X_API_KEY", "")
    if not key:
        in_query = _KEY_IN_QUERY.search(environ.get("QUERY_STRING", ""))
        key = in_query[1] if in_query else environ["PATH_INFO"].removeprefix(_KEY_IN_PATH).lstrip("/").partition("/")[0]
    try:
        return UUID(unquote_plus(key).strip()).hex
    except ValueError:
        return ""
