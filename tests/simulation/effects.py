"""Every effect of the app passes here: each call to the outside, each commit. Mishaps wait at their numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from app.http import DeadlineExceeded, NotConnected
from tests.simulation.steps import How, Mishap
from tests.standins.serving import Answer, Manner, Request

if TYPE_CHECKING:
    from app.db.engine import Database
    from tests.simulation.world import World

LATENCY = timedelta(milliseconds=40)
SLOW_SECONDS = 19
# The longest that a call can take; whoever stops for longer has been stopped by the machine.
CALL_SECONDS = 20
GARBAGE = b'{"data": [{"amount": 1'
PAGE = Answer(200, b"<!doctype html><html><body>Down for maintenance</body></html>", "text/html; charset=utf-8")

_NESTED = frozenset({How.MEANWHILE_BEFORE, How.MEANWHILE_AFTER})
_LOST_ANSWERS = frozenset(
    {How.TIMEOUT_AFTER, How.CUT_AFTER, How.FAULT_AFTER, How.GARBAGE, How.HALF, How.ACTS_LATER, How.DIES_AFTER}
)


class Died(BaseException):
    """The process was killed. No handler of the app may see it."""


@dataclass(slots=True)
class Run:
    """A process at one piece of work."""

    process: str
    mishaps: dict[int, Mishap] = field(default_factory=dict)
    count: int = 0
    mishaps_played: int = 0
    # The leases that there were before it began: other workers', alive or dead.
    others_leases: frozenset[str] = frozenset()

    def next(self) -> Mishap | None:
        mishap = self.mishaps.pop(self.count, None)
        self.count += 1
        self.mishaps_played += mishap is not None
        return mishap


@dataclass
class Effects:
    """What stands between the app's processes and everything outside them. `world` is the history being played."""

    world: World | None = None
    running: list[Run] = field(default_factory=list)

    @contextmanager
    def run(self, process: str, mishaps: Sequence[Mishap]) -> Iterator[None]:
        """Let a process work; its mishaps wait at their numbers."""
        is_watched = any(mishap.how in _NESTED for mishap in mishaps)
        leases = self.world.leases() if is_watched and self.world is not None else {}
        self.running.append(Run(process, {mishap.at: mishap for mishap in mishaps}, others_leases=frozenset(leases.values())))
        try:
            yield
        finally:
            self.running.pop()

    def new_adapter(self, _total_seconds: float) -> BaseAdapter:
        return _Adapter(self)

    def watch_commits(self, process: str, database: Database) -> None:
        event.listen(database.engine, "commit", lambda connection: self._commit(process, connection))

    def _commit(self, process: str, connection: Connection) -> None:
        is_at_work = bool(self.running) and self.running[-1].process == process
        mishap = self.running[-1].next() if is_at_work else None
        if mishap is None or self.world is None:
            return
        self.world.count_fault(mishap.how)
        if mishap.how is How.SLOW:
            self.world.clock.now += timedelta(seconds=SLOW_SECONDS)
            return
        is_nested = mishap.how in _NESTED
        if is_nested or mishap.how in _LOST_ANSWERS:
            dbapi: Any = connection.connection.dbapi_connection
            dbapi.commit()
        if is_nested:
            self.world.meanwhile(mishap.meanwhile, mishap.seconds)
            return
        if mishap.how in {How.DIES_BEFORE, How.DIES_AFTER}:
            raise Died
        raise OperationalError("COMMIT", {}, Exception("the database went away"))

    def carry(self, request: requests.PreparedRequest) -> requests.Response:
        """Hand a request to the stand-in that it is for, unless something happens on the way."""
        world = self.world
        if world is None or not self.running:
            raise RuntimeError("a call outside any history")
        mishap = self.running[-1].next()
        world.clock.now += LATENCY
        call = _Call(world, request)
        if world.is_away("provider" if call.shop is None else call.shop.service):
            raise NotConnected("refused", request=request)
        if mishap is None:
            return call.answered(call.act())
        world.count_fault(mishap.how)
        return _PLAY[mishap.how](world, call, mishap)


class _Adapter(BaseAdapter):
    def __init__(self, effects: Effects) -> None:
        super().__init__()
        self._effects = effects

    def send(self, request: requests.PreparedRequest, **_options: Any) -> requests.Response:  # type: ignore[override]  # all that is needed
        return self._effects.carry(request)

    def close(self) -> None:
        """Nothing is open."""


class _Call:
    """One request on its way."""

    def __init__(self, world: World, request: requests.PreparedRequest) -> None:
        url = urlsplit(request.url or "")
        body = request.body or b""
        self.world, self.request = world, request
        self.shop = world.shop_at(url.port)
        self.read = Request(
            request.method or "",
            url.path,
            dict(parse_qsl(url.query, keep_blank_values=True)),
            CaseInsensitiveDict(request.headers),
            body.encode() if isinstance(body, str) else body,
        )

    def act(self) -> Answer:
        return self.world.act(self.shop, self.read)

    def answered(self, answer: Answer) -> requests.Response:
        if answer.manner is not Manner.WHOLE:
            raise RuntimeError("stand-ins answer whole here")
        response = requests.Response()
        response.status_code = answer.status
        response.headers["Content-Type"] = answer.content_type
        response.headers.update(answer.headers)
        response._content = answer.body
        response.encoding = "utf-8"
        response.url = self.request.url or ""
        response.request = self.request
        return response


Play = Callable[["World", _Call, Mishap], requests.Response]


def _refused(world: World, call: _Call, mishap: Mishap) -> requests.Response:
    raise NotConnected("refused", request=call.request)


def _timed_out(world: World, call: _Call, mishap: Mishap) -> requests.Response:
    if mishap.how is How.TIMEOUT_AFTER:
        call.act()
    if mishap.how is How.ACTS_LATER:
        # It reads what it does from the request, when it does it.
        world.later(mishap.seconds if mishap.seconds < 300 else 299, call.act)
    world.clock.now += timedelta(seconds=CALL_SECONDS)
    raise DeadlineExceeded("no whole answer", request=call.request)


def _cut(world: World, call: _Call, mishap: Mishap) -> requests.Response:
    if mishap.how is How.CUT_AFTER:
        call.act()
    raise requests.ConnectionError("cut", request=call.request)


def _fault(world: World, call: _Call, mishap: Mishap) -> requests.Response:
    if mishap.how is How.FAULT_BEFORE:
        return call.answered(Answer(500, b"Internal Server Error", "text/html"))
    call.act()
    return call.answered(Answer(502, PAGE.body, PAGE.content_type))


def _busy(world: World, call: _Call, mishap: Mishap) -> requests.Response:
    return call.answered(Answer(429, b'{"success": false}', headers=(("Retry-After", str(mishap.seconds)),)))


def _garbage(world: World, call: _Call, mishap: Mishap) -> requests.Response:
    return call.answered(replace(call.act(), body=GARBAGE))


def _half(world: World, call: _Call, mishap: Mishap) -> requests.Response:
    return call.answered(world.half(call.act()))


def _page(world: World, call: _Call, mishap: Mishap) -> requests.Response:
    return call.answered(PAGE)


def _refusal(world: World, call: _Call, mishap: Mishap) -> requests.Response:
    if call.shop is not None:
        return call.answered(Answer(200, b'{"errors": [{"message": "Internal Server Error"}], "data": null}'))
    return call.answered(Answer(422, b'{"success": false, "message": "Not now."}'))


def _unauthorized(world: World, call: _Call, mishap: Mishap) -> requests.Response:
    return call.answered(Answer(401, b'{"success": false}'))


def _stale(world: World, call: _Call, mishap: Mishap) -> requests.Response:
    if call.shop is None:
        return call.answered(call.act())
    call.shop.saleor.serve_orders_as_of(world.clock.now - timedelta(seconds=mishap.seconds))
    try:
        return call.answered(call.act())
    finally:
        call.shop.restore_lag(world.clock.now)


def _slow(world: World, call: _Call, mishap: Mishap) -> requests.Response:
    answer = call.act()
    world.clock.now += timedelta(seconds=SLOW_SECONDS)
    return call.answered(answer)


def _dies(world: World, call: _Call, mishap: Mishap) -> requests.Response:
    if mishap.how is How.DIES_AFTER:
        call.act()
    raise Died


def _meanwhile(world: World, call: _Call, mishap: Mishap) -> requests.Response:
    if mishap.how is How.MEANWHILE_BEFORE:
        # Longer, and the watchdog would have cut the call off before it was sent.
        world.meanwhile(mishap.meanwhile, min(mishap.seconds, SLOW_SECONDS))
        return call.answered(call.act())
    answer = call.act()
    world.meanwhile(mishap.meanwhile, mishap.seconds)
    return call.answered(answer)


_PLAY: dict[How, Play] = {
    How.NOT_CONNECTED: _refused,
    How.TIMEOUT_BEFORE: _timed_out,
    How.TIMEOUT_AFTER: _timed_out,
    How.ACTS_LATER: _timed_out,
    How.CUT_BEFORE: _cut,
    How.CUT_AFTER: _cut,
    How.FAULT_BEFORE: _fault,
    How.FAULT_AFTER: _fault,
    How.BUSY: _busy,
    How.GARBAGE: _garbage,
    How.HALF: _half,
    How.PAGE: _page,
    How.REFUSED: _refusal,
    How.UNAUTHORIZED: _unauthorized,
    How.STALE: _stale,
    How.SLOW: _slow,
    How.DIES_BEFORE: _dies,
    How.DIES_AFTER: _dies,
    How.MEANWHILE_BEFORE: _meanwhile,
    How.MEANWHILE_AFTER: _meanwhile,
}
