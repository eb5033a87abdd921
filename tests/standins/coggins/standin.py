"""A Coggins Points API that a test can drive, on a real HTTP server."""

import re
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from html import escape
from typing import Any, Self
from urllib.parse import parse_qs, unquote

from tests.standins.coggins.api import InstantAnswer, PointsApi, UnknownEmail, parsed, refused
from tests.standins.coggins.ledger import BelowZero, Books, Claim, Ledger
from tests.standins.coggins.rules import Rules
from tests.standins.faults import FaultPlan
from tests.standins.serving import Answer, LocalServer, Request

CLAIMS, INSTANT, LOOKUP, PAGE = "claims", "instant", "lookup", "page"
INSTANT_PATH = re.compile(r"/api/v1/points/([^/]+)/INSTANT")
LOOKUP_PATH = re.compile(r"/api/v1/points/([^/]+)/email/([^/]+)/Full")
PAGE_PATH = re.compile(r"/claim/points/([0-9a-f]{32})")
BLOTTED = "***"


@dataclass(frozen=True)
class Recorded:
    """One request as it came in, its API key blotted out."""

    kind: str
    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class _Call:
    """A request, read: what it asks, with which key, and how to do it."""

    kind: str
    key: str
    act: Callable[[PointsApi], Answer]


class StandInCoggins:
    """Serve claims, lookup, INSTANT and the claim page for one or more API keys."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        *,
        below_zero: BelowZero = "allow",
        unknown_email: UnknownEmail = "404",
        instant_answer: InstantAnswer = "items",
        honours_idempotency: bool = False,
        key: str | None = None,
    ) -> None:
        self.clock = clock
        self.below_zero: BelowZero = below_zero
        self.unknown_email: UnknownEmail = unknown_email
        # A path that holds this is not let through by what stands before the API.
        self.barred = ""
        self.instant_answer: InstantAnswer = instant_answer
        self.honours_idempotency = honours_idempotency
        self.server = LocalServer(self._handle)
        self.faults = FaultPlan()
        self.rules = Rules()
        self.requests: list[Recorded] = []
        self._ledgers: dict[str, Ledger] = {}
        self._revoked: dict[str, int] = {}
        self._answers: dict[tuple[str, str, str], tuple[bytes, Answer]] = {}
        self._lock = threading.RLock()
        self.key = self.add_key(key)

    def start(self) -> Self:
        self.server.start()
        return self

    def stop(self) -> None:
        self.server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def counts(self) -> Counter[str]:
        """Return how many requests came, by kind."""
        return Counter(request.kind for request in self.requests)

    def add_key(self, key: str | None = None) -> str:
        """Open another account and return its API key."""
        key = key or str(uuid.uuid4())
        self._ledgers[key] = Ledger(self._today, self.below_zero)
        return key

    def revoke_key(self, key: str, status: int = 401) -> None:
        """Answer 401, or another status, to `key` from now on; its points stay where they are."""
        self._revoked[key] = status

    def restore_key(self, key: str) -> None:
        """Let a revoked key open its account again."""
        self._revoked.pop(key, None)

    def books(self, key: str | None = None) -> Books:
        with self._lock:
            return self._ledger(key).books()

    def take(self, token: str, email: str | None = None, *, key: str | None = None) -> Claim:
        """Take a claim by its token, dashed or not, as the shopper does on the page."""
        with self._lock:
            return self._ledger(key).take(token, email)

    def spend(self, email: str, amount: int, *, key: str | None = None) -> None:
        with self._lock:
            self._ledger(key).spend(email, amount)

    def adjust(self, email: str, amount: int, *, key: str | None = None) -> None:
        """Change a balance behind the client's back."""
        with self._lock:
            self._ledger(key).adjust(email, amount)

    def _today(self) -> date:
        return self.clock().date()

    def _ledger(self, key: str | None) -> Ledger:
        return self._ledgers[key or self.key]

    def _handle(self, request: Request) -> Answer:
        page = PAGE_PATH.fullmatch(request.path)
        if page is not None:
            return self.faults.play(PAGE, lambda: self._page(request, page[1]))
        call = _read(request)
        if call is None:
            return refused("No such address.", 404)
        self._record(call, request)
        if self.barred and self.barred in request.path:
            return Answer(404, b"Not Found", "text/plain")
        return self.faults.play(call.kind, lambda: self._act(call, request))

    def _act(self, call: _Call, request: Request) -> Answer:
        with self._lock:
            ledger = self._ledgers.get(call.key)
            if ledger is None or call.key in self._revoked:
                return refused("Unknown API key.", self._revoked.get(call.key, 401))
            api = PointsApi(ledger, self.rules, lambda: self.url, self.instant_answer, self.unknown_email)
            given = request.headers.get("Idempotency-Key")
            if given is None or not self.honours_idempotency:
                return call.act(api)
            return self._once(call, given, request.body, api)

    def _once(self, call: _Call, given: str, body: bytes, api: PointsApi) -> Answer:
        """Act once for a key; answer the same again for the same body, 422 for another."""
        name = (call.key, call.kind, given)
        if name not in self._answers:
            self._answers[name] = (body, replace(call.act(api), headers=(("Idempotency-Key", given),)))
        first_body, answer = self._answers[name]
        return answer if first_body == body else refused("This Idempotency-Key came with another body.", 422)

    def _record(self, call: _Call, request: Request) -> None:
        path = request.path.replace(call.key, BLOTTED) if call.key else request.path
        if call.kind == CLAIMS:
            path += f"?csapikey={BLOTTED}"
        with self._lock:
            self.requests.append(Recorded(call.kind, request.method, path, dict(request.headers), parsed(request.body)))

    def _page(self, request: Request, token: str) -> Answer:
        """Show the claim; only POST takes it."""
        form = parse_qs(request.body.decode())
        with self._lock:
            for ledger in self._ledgers.values():
                try:
                    claim = ledger.claim(token)
                    if request.method == "POST":
                        ledger.take(token, form.get("email", [None])[0])
                        return _html(f"{claim.amount} points are yours.")
                except LookupError:
                    continue
                except ValueError as error:
                    return _html(str(error), 409)
                return _html(f"<form method=post><button>Take {claim.amount} points</button></form>")
        return _html("No such claim.", 404)


def _read(request: Request) -> _Call | None:
    lookup, instant = LOOKUP_PATH.fullmatch(request.path), INSTANT_PATH.fullmatch(request.path)
    if request.method == "GET" and lookup is not None:
        return _Call(LOOKUP, lookup[1], lambda api: api.lookup(unquote(lookup[2])))
    if request.method != "POST":
        return None
    if instant is not None:
        return _Call(INSTANT, instant[1], lambda api: api.instant(request.body))
    if request.path == "/api/v1/points":
        return _Call(CLAIMS, request.query.get("csapikey", ""), lambda api: api.claims(request.body))
    return None


def _html(text: str, status: int = 200) -> Answer:
    shown = text if text.startswith("<form") else escape(text)
    return Answer(status, f"<!doctype html><p>{shown}</p>".encode(), "text/html; charset=utf-8")
