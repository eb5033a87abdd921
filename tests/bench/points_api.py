"""The Points API one request at a time, to a bare hello of the same server; and another store's webhooks beside one heavy key."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median

from app.usecases.api.manage_keys import create_key
from tests.bench.corpus import as_request
from tests.bench.corpus import write_requests as write
from tests.bench.intake import ORDERS
from tests.bench.intake_server import HELLO_PATH
from tests.bench.load import Load, Slice
from tests.bench.points import BODY
from tests.bench.processes import web
from tests.bench.store import services_of
from tests.bench.table import Row
from tests.standins.saleor.keys import SigningKey

HELLO = f"GET {HELLO_PATH} HTTP/1.1"
# Customers that the requests name, one after the other.
CUSTOMERS = 500
MANY_CONNECTIONS = 200
GOALS = {
    "sqlite": {"webhook": 0.20, "look-up": 0.20, "INSTANT of one item": 0.12},
    "postgresql": {"webhook": 0.20, "look-up": 0.20, "INSTANT of one item": 0.08},
}
FOUR_PROCESSES = 2.5
P99_MS = 500
HEAVY_CONNECTIONS = 40
HEAVY_REQUESTS = 4000
# Webhooks of the other store, so many seconds apart.
PROBES = 40
PROBED_EVERY = 0.05
# Limits are not what is measured.
UNLIMITED = {"API_LIMIT_PER_KEY": "1000000/second", "API_LIMIT_PER_ADDRESS": "1000000/second"}


class Calls:
    """The requests of one database, in files: what the load generator sends, by name."""

    def __init__(self, url: str, deliveries: Path, folder: Path) -> None:
        services = services_of(url)
        self._api_key, heavy_key = create_key(services, "bench", "bench"), create_key(services, "bench", "heavy")
        services.database.close()
        self._folder = folder
        self.heavy = f"POST /api/v1/points/{heavy_key}/INSTANT HTTP/1.1", self._file("heavy", [BODY.encode()])
        moves = (json.dumps([{"amount": 10, "email": _email(number)}]).encode() for number in range(CUSTOMERS))
        self._by_name = {
            "hello": (HELLO, self._file("hello", [b""])),
            "webhook": (ORDERS, deliveries),
            "look-up": (
                f"GET /api/v1/points/{self._api_key}/email/{_email(1)}/Full HTTP/1.1",
                self._file("look-up", [b""]),
            ),
            "INSTANT of one item": (
                f"POST /api/v1/points/{self._api_key}/INSTANT HTTP/1.1",
                self._file("instant", moves),
            ),
        }
        self._sent = 0

    def send(self, load: Load, name: str, count: int, *, connections: int = 16, every: float = 0) -> Slice:
        """Send so many of one kind; deliveries are other ones each time."""
        line, file = self._by_name[name]
        first = 0
        if name == "webhook":
            first, self._sent = self._sent, self._sent + count
        done = load.send(line, file, first, count, connections=connections, every=every)
        if done.refused:
            message = f"{done.refused} requests were refused: {name}"
            raise RuntimeError(message)
        return done

    def _file(self, name: str, bodies: Iterable[bytes]) -> Path:
        path = self._folder / name
        write(path, (as_request({}, body) for body in bodies))
        return path


def one_at_a_time(name: str, calls: Calls, url: str, key: SigningKey, *, slices: int, size: int) -> Iterator[Row]:
    """Compare each kind of request with hello, and see how long they take with many connections."""
    with web(url, key.jwks(), settings=UNLIMITED) as (port, _), Load.started(port) as load:
        kinds = GOALS[name]
        for kind in ("hello", "INSTANT of one item", "look-up", "webhook"):
            calls.send(load, kind, size // 4)
        measured: dict[str, list[tuple[Slice, Slice]]] = {kind: [] for kind in kinds}
        for _ in range(slices):
            for kind, slices_of in measured.items():
                slices_of.append((calls.send(load, kind, size), calls.send(load, "hello", size)))
        crowded = {kind: calls.send(load, kind, 2 * size, connections=MANY_CONNECTIONS) for kind in kinds}
    for kind, goal in kinds.items():
        ratios = [ours.requests_per_second / hello.requests_per_second for ours, hello in measured[kind]]
        mine, other = (median(one.requests_per_second for one in side) for side in zip(*measured[kind], strict=True))
        figures = f"{mine:,.0f} to {other:,.0f} requests/s"
        yield Row(f"{kind}, to a bare hello", name, median(ratios), goal, figures, spread=(min(ratios), max(ratios)))
    for kind, one in crowded.items():
        what = f"{kind}: p99 with {MANY_CONNECTIONS} connections"
        yield Row(what, name, one.p99_ms, P99_MS, f"p50 {one.p50_ms:.0f} ms", at_most=True, unit=" ms")


def four_processes(name: str, calls: Calls, url: str, key: SigningKey, *, size: int) -> Row:
    """Compare four web processes with one, for INSTANTs of one item."""
    speeds = {}
    for processes in (1, 4):
        with web(url, key.jwks(), processes=processes, settings=UNLIMITED) as (port, _), Load.started(port) as load:
            calls.send(load, "INSTANT of one item", size)
            speeds[processes] = calls.send(load, "INSTANT of one item", size).requests_per_second
    figures = f"{speeds[4]:,.0f} to {speeds[1]:,.0f} requests/s"
    return Row("INSTANTs of one item: four web processes to one", name, speeds[4] / speeds[1], FOUR_PROCESSES, figures)


def beside_a_heavy_key(name: str, calls: Calls, url: str, key: SigningKey, *, turns: int) -> Row:
    """See how long another store's webhooks take while one key sends arrays of a thousand over forty connections."""
    ratios, times = [], []
    line, file = calls.heavy
    with web(url, key.jwks(), settings=UNLIMITED) as (port, _), Load.started(port) as load, Load.started(port) as heavy:
        calls.send(load, "webhook", PROBES, connections=1, every=PROBED_EVERY)
        quiet = [calls.send(load, "webhook", PROBES, connections=1, every=PROBED_EVERY) for _ in range(turns)]
        heavy.begin(line, file, 0, HEAVY_REQUESTS, connections=HEAVY_CONNECTIONS)
        # Until the first arrays are in hand.
        calls.send(load, "webhook", PROBES, connections=1, every=PROBED_EVERY)
        for one in quiet:
            beside = calls.send(load, "webhook", PROBES, connections=1, every=PROBED_EVERY)
            ratios.append(beside.p50_ms / one.p50_ms)
            times.append((beside.p50_ms, one.p50_ms, beside.p99_ms))
    busy, alone, p99 = (median(side) for side in zip(*times, strict=True))
    what = f"a webhook's p50 beside {HEAVY_CONNECTIONS} connections of {len(json.loads(BODY)):,} INSTANTs each, to a quiet one"
    figures = f"{busy:.1f} to {alone:.1f} ms; p99 {p99:.0f} ms"
    return Row(what, name, median(ratios), 10, figures, at_most=True, spread=(min(ratios), max(ratios)))


def _email(number: int) -> str:
    return f"api{number}@example.com"
