"""Webhooks: what it costs to keep what is told, and whether history makes that dearer."""

from collections.abc import Iterable
from pathlib import Path
from statistics import median

from tests.bench.intake_server import VERIFY_ONLY_PATH
from tests.bench.load import Load, Slice
from tests.bench.processes import memory_of, web
from tests.bench.store import add_store, services_of
from tests.bench.table import Row
from tests.standins.saleor.keys import SigningKey

ORDERS = "POST /api/webhooks/orders HTTP/1.1"
VERIFY_ONLY = f"POST {VERIFY_ONLY_PATH} HTTP/1.1"
WARM_UP = 300
MIB = 1024 * 1024
RATIO = {"sqlite": 0.40, "postgresql": 0.33}


def intake(name: str, small: str, big: str, key: SigningKey, deliveries: Path, *, rows: int, slices: int, size: int) -> list[Row]:
    """Measure on one database: `small` and `big` are its URLs, with a thousand and a million orders in the table."""
    with (
        web(small, key.jwks()) as (port, pid),
        web(big, key.jwks()) as (big_port, _),
        Load.started(port) as load,
        Load.started(big_port) as big_load,
    ):
        for one in (load, big_load):
            one.send(VERIFY_ONLY, deliveries, 0, WARM_UP)
            one.send(ORDERS, deliveries, 0, WARM_UP)
        verified, kept, beside = [], [], []
        memory = []
        for turn in range(slices):
            first = WARM_UP + turn * size
            verified.append(load.send(VERIFY_ONLY, deliveries, first, size))
            kept.append(load.send(ORDERS, deliveries, first, size))
            beside.append(big_load.send(ORDERS, deliveries, first, size))
            if turn in {slices - 2, slices - 1}:
                memory.append(memory_of(pid) / MIB)
    refused = sum(one.refused for one in (*verified, *kept, *beside))
    if refused:
        message = f"{refused} deliveries were refused"
        raise RuntimeError(message)
    return [
        _row("webhook intake, verified and durable, to only verified", name, kept, verified, RATIO[name]),
        _slower(name, kept, verified),
        _row(f"intake with {rows:,} orders, to 1,000", name, beside, kept, 0.9),
        Row(
            "memory of the web process after intake, second round",
            name,
            memory[-1],
            150,
            f"first {memory[0]:.0f} MiB",
            at_most=True,
            unit=" MiB",
        ),
        Row(
            "memory of the web process after intake, second round to first", name, memory[-1] / memory[0], 1.02, "", at_most=True
        ),
    ]


def add_stores(urls: Iterable[str], key: SigningKey) -> None:
    for url in urls:
        services = services_of(url)
        add_store(services, key)
        services.database.close()


def _row(what: str, name: str, ours: list[Slice], theirs: list[Slice], goal: float) -> Row:
    ratios = [one.requests_per_second / other.requests_per_second for one, other in zip(ours, theirs, strict=True)]
    mine, other = (median(one.requests_per_second for one in side) for side in (ours, theirs))
    p99, other_p99 = (median(one.p99_ms for one in side) for side in (ours, theirs))
    figures = f"{mine:,.0f} to {other:,.0f} requests/s; p99 {p99:.0f} to {other_p99:.0f} ms"
    return Row(what, name, median(ratios), goal, figures, spread=(min(ratios), max(ratios)))


def _slower(name: str, kept: list[Slice], verified: list[Slice]) -> Row:
    ratios = [one.p99_ms / other.p99_ms for one, other in zip(kept, verified, strict=True)]
    return Row(
        "webhook intake: p99 to that of only verifying",
        name,
        median(ratios),
        6,
        "",
        at_most=True,
        unit="",
        spread=(min(ratios), max(ratios)),
    )
