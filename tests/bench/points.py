"""The embedded points: bulk against hand-written SQL, look-ups, and one customer whom everybody wants."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import requests

from app.db.engine import Database
from app.providers.embedded import EmbeddedProvider
from app.providers.protocol import Absent, Accepted, Ask, AskKind, held
from app.sealing import fingerprint
from app.usecases.api.manage_keys import create_key
from tests.bench.processes import memory_of, web
from tests.bench.store import STORE_ID, services_of
from tests.bench.table import Row
from tests.standins.saleor.keys import SigningKey

BULK = 1_000
NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
LOOKUPS = 300
PARALLEL = 4
INSTANTS = 25
PATIENCE_SECONDS = 60
MIB = 1024 * 1024
# So many requests of either kind fill the pages of the file that a connection to SQLite keeps in memory (16 MiB).
FILLING_TURNS = 80


@dataclass(frozen=True)
class Points:
    """One database's embedded points."""

    name: str
    database: Database
    provider: EmbeddedProvider

    @classmethod
    def of(cls, name: str, url: str) -> "Points":
        services = services_of(url)
        return cls(
            name,
            services.database,
            EmbeddedProvider(services.database, services.sealer, STORE_ID, "http://localhost", clock=services.clock),
        )

    def ask(self, kind: AskKind, asks: Sequence[Ask]) -> None:
        """Ask, and fail where a single one is not accepted."""
        reply = self.provider.ask(kind, asks, call_id=uuid4(), now=NOW)
        if not isinstance(reply, tuple) or not all(isinstance(outcome, Accepted) for outcome in reply):
            message = f"the ledger refused: {reply}"
            raise RuntimeError(message)


def bulk(points: Points, *, turns: int) -> Iterator[Row]:
    """Compare a thousand at once with the same rows, written by hand."""
    by_hand: dict[AskKind, Callable[[Points, Sequence[Ask]], None]] = {
        AskKind.CLAIM: _claims_by_hand,
        AskKind.INSTANT: _instants_by_hand,
    }
    for kind, hand in by_hand.items():
        points.ask(kind, _asks())
        hand(points, _asks())
        ratios, speeds = [], []
        for _ in range(turns):
            ours, theirs = _seconds(points.ask, kind, _asks()), _seconds(hand, points, _asks())
            ratios.append(theirs / ours)
            speeds.append((BULK / ours, BULK / theirs))
        mine, other = (median(side) for side in zip(*speeds, strict=True))
        what = f"{BULK:,} {'claims' if kind is AskKind.CLAIM else 'INSTANTs'} at once in the ledger alone, to hand-written SQL"
        figures = f"{mine:,.0f} to {other:,.0f} a second"
        yield Row(what, points.name, median(ratios), 0.5, figures, spread=(min(ratios), max(ratios)))


def over_http(points: Points, url: str, key: SigningKey, *, turns: int) -> Iterator[Row]:
    """Compare one request of a thousand to the Points API with the same rows, written by hand. Twice, for the memory."""
    services = services_of(url)
    api_key = create_key(services, "bench", "bench")
    services.database.close()
    calls = {
        AskKind.CLAIM: (f"points?csapikey={api_key}", _claims_by_hand, "created", "claims"),
        AskKind.INSTANT: (f"points/{api_key}/INSTANT", _instants_by_hand, "applied", "INSTANTs"),
    }
    memory = []
    with web(url, key.jwks()) as (port, pid), requests.Session() as client:
        for _ in range(FILLING_TURNS if points.database.is_sqlite else 0):
            for path, _, done, _ in calls.values():
                _request(client, f"http://127.0.0.1:{port}/api/v1/{path}", done)
        measured: dict[AskKind, list[tuple[float, float]]] = {kind: [] for kind in calls}
        for turn in range(2 * turns + 1):
            for kind, (path, hand, done, _) in calls.items():
                ours = _seconds(_request, client, f"http://127.0.0.1:{port}/api/v1/{path}", done)
                theirs = _seconds(hand, points, _asks())
                # The first turn warms both.
                if turn:
                    measured[kind].append((ours, theirs))
            if turn in {turns, 2 * turns}:
                memory.append(memory_of(pid) / MIB)
    for kind, (_, _, _, named) in calls.items():
        ratios = [theirs / ours for ours, theirs in measured[kind]]
        mine, other = (BULK / median(side) for side in zip(*measured[kind], strict=True))
        figures = f"{mine:,.0f} to {other:,.0f} a second"
        what = f"Points API: {BULK:,} {named} in one request over HTTP, to hand-written SQL"
        yield Row(what, points.name, median(ratios), 0.5, figures, spread=(min(ratios), max(ratios)))
    first, second = memory
    what = "memory of the web process after the Points API, second round"
    yield Row(what, points.name, second, 150, f"first {first:.0f} MiB", at_most=True, unit=" MiB")
    yield Row(f"{what} to first", points.name, second / first, 1.02, "", at_most=True)


def lookup(small: Points, big: Points, *, few_of: int, many_of: int, turns: int) -> Row:
    """Look up balances among a thousand customers, and among a million."""
    ratios, times = [], []
    for turn in range(turns + 1):
        few, many = (
            _seconds(_look_up, points, _spread(customers, turn)) for points, customers in ((small, few_of), (big, many_of))
        )
        # The first turn warms both.
        if turn:
            ratios.append(few / many)
            times.append((many / LOOKUPS * 1e6, few / LOOKUPS * 1e6))
    many, few = (median(side) for side in zip(*times, strict=True))
    figures = f"{many:.0f} to {few:.0f} µs"
    what = f"balance look-up among {many_of:,} customers, to {few_of:,}"
    return Row(what, small.name, median(ratios), 0.8, figures, spread=(min(ratios), max(ratios)))


def hot_customer(points: Points, *, turns: int) -> Row:
    """Let several change one customer's balance at once, and as many different ones."""
    ratios, speeds = [], []
    hot = f"hot{uuid4().hex}@example.com"
    with ThreadPoolExecutor(PARALLEL) as pool:
        for turn in range(turns):
            one = _parallel(pool, points, [hot] * PARALLEL)
            many = _parallel(pool, points, [f"{turn}-{number}@example.com" for number in range(PARALLEL)])
            ratios.append(many / one)
            speeds.append((PARALLEL * INSTANTS / one, PARALLEL * INSTANTS / many))
    found = points.provider.balances([hot])
    balance = held(found[hot]).available if isinstance(found, dict) else None
    lost = turns * PARALLEL * INSTANTS - (balance or 0)
    mine, other = (median(side) for side in zip(*speeds, strict=True))
    figures = f"{mine:,.0f} to {other:,.0f} a second, {PARALLEL} at once; lost: {lost}"
    value = median(ratios) if lost == 0 else 0.0
    return Row("parallel INSTANTs on one customer, to many", points.name, value, 0.3, figures, spread=(min(ratios), max(ratios)))


def _parallel(pool: ThreadPoolExecutor, points: Points, emails: Sequence[str]) -> float:
    def run(email: str) -> None:
        for _ in range(INSTANTS):
            points.ask(AskKind.INSTANT, [Ask(uuid4(), 1, email)])

    started = time.perf_counter()
    for _ in pool.map(run, emails):
        pass
    return time.perf_counter() - started


def _request(client: requests.Session, url: str, done: str) -> None:
    answer = client.post(url, BODY, timeout=PATIENCE_SECONDS)
    if answer.content.count(f'"{done}":true'.encode()) != BULK:
        message = f"the Points API refused: {answer.text[:1000]}"
        raise RuntimeError(message)


def _spread(customers: int, turn: int) -> list[str]:
    """Name customers from the whole table, other ones in each turn."""
    return [f"customer{(number * customers // LOOKUPS + turn) % customers + 1}@example.com" for number in range(LOOKUPS)]


def _look_up(points: Points, emails: Sequence[str]) -> None:
    for email in emails:
        if points.provider.balances([email])[email] is Absent.NOBODY:  # type: ignore[index]  # never NotSent
            message = f"{email} is missing"
            raise RuntimeError(message)


def _asks() -> list[Ask]:
    return [Ask(uuid4(), 10, f"bulk{number}@example.com") for number in range(BULK)]


def _seconds(do: Callable[..., None], *arguments: Any) -> float:
    started = time.perf_counter()
    do(*arguments)
    return time.perf_counter() - started


BODY = json.dumps([{"amount": 10, "email": f"bulk{number}@example.com"} for number in range(BULK)])
CLAIMS_BY_HAND = (
    """
    INSERT INTO points_claim (store_id, request_id, token_mark, token_sealed, amount, email, state, created_at)
    SELECT {store}, request_id, token_mark, token_sealed, amount, email, 'open', {now} FROM given
    """,
)
# The table's own trigger moves the balances, here as there.
INSTANTS_BY_HAND = (
    """
    INSERT INTO points_customer (store_id, email, email_key, available, used, created_at)
    SELECT {store}, email, email, 0, 0, {now} FROM given WHERE true ON CONFLICT (store_id, email_key) DO NOTHING
    """,
    """
    INSERT INTO points_entry (customer_id, kind, amount, used, available_after, used_after, request_id, created_at)
    SELECT c.id, 'instant', given.amount, 0, c.available + given.amount, c.used, given.request_id, {now}
    FROM given CROSS JOIN points_customer c WHERE c.store_id = {store} AND c.email_key = given.email
    """,
)


def _claims_by_hand(points: Points, asks: Sequence[Ask]) -> None:
    rows = [(_id(points, ask.id), fingerprint(str(ask.id)), "x" * 140, ask.points, ask.email) for ask in asks]
    _by_hand(points, rows, "request_id, token_mark, token_sealed, amount, email", CLAIMS_BY_HAND)


def _instants_by_hand(points: Points, asks: Sequence[Ask]) -> None:
    rows = [(_id(points, ask.id), ask.points, ask.email) for ask in asks]
    _by_hand(points, rows, "request_id, amount, email", INSTANTS_BY_HAND)


def _id(points: Points, value: UUID) -> str:
    return value.hex if points.database.is_sqlite else str(value)


def _by_hand(points: Points, rows: Sequence[tuple[Any, ...]], columns: str, statements: Sequence[str]) -> None:
    """Run the statements over the rows as one set, in one durable transaction."""
    given = json.dumps(rows)
    names = columns.split(", ")
    if points.database.is_sqlite:
        values = ", ".join(f"value ->> {place} AS {name}" for place, name in enumerate(names))
        source, now = f"WITH given AS (SELECT {values} FROM json_each(?)) ", "'2026-05-04 09:00:00.000000'"
    else:
        kinds = {"request_id": "::uuid", "amount": "::integer"}
        values = ", ".join(f"(value ->> {place}){kinds.get(name, '')} AS {name}" for place, name in enumerate(names))
        source = f"WITH given AS MATERIALIZED (SELECT {values} FROM json_array_elements(%s::json) AS items(value)) "
        now = "timestamptz '2026-05-04 09:00:00+00'"
    with points.database.writing() as session:
        connection = session.connection()
        for statement in statements:
            connection.exec_driver_sql(source + statement.format(store=STORE_ID, now=now), (given,))
