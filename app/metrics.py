"""What each process measures of itself, for Prometheus. What the database knows is asked of it at each scrape instead.

`run` lets its processes count into one folder (PROMETHEUS_MULTIPROC_DIR), so that one address tells of all of them.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY, Collector

from app.tracing import span

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# From a look-up beside us to the deadline of a call.
_CALL_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
_BATCH_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

_outside = Histogram(
    "saleor_points_outside_seconds",
    "Time of calls to Saleor and to points providers.",
    ["host", "outcome"],
    buckets=_CALL_SECONDS,
)
_batches = Histogram("saleor_points_settle_batch_seconds", "Time to settle one batch of orders.", buckets=_BATCH_SECONDS)
_movements = Counter("saleor_points_movements", "Movements that got an outcome.", ["kind", "outcome"])
_woken = Counter("saleor_points_swept_orders", "Orders that nobody had told us about, found by the sweep.")


def count_movement(kind: str, outcome: str) -> None:
    """Count a movement's outcome."""
    _movements.labels(kind, outcome).inc()


def count_swept(orders: int) -> None:
    """Count orders that only the sweep found."""
    _woken.inc(orders)


@contextmanager
def timed_call(host: str) -> Iterator[None]:
    """Time one call to the outside."""
    began, outcome = perf_counter(), "failed"
    try:
        with span("call", host=host):
            yield
        outcome = "answered"
    finally:
        _outside.labels(host, outcome).observe(perf_counter() - began)


@dataclass(slots=True)
class Timed:
    """A batch being timed. It counts if there was anything to do."""

    counts: bool = False


@contextmanager
def timed_batch() -> Iterator[Timed]:
    """Time one batch of orders; what turns out to be none is not counted."""
    began, batch = perf_counter(), Timed()
    with span("settle"):
        yield batch
    if batch.counts:
        _batches.observe(perf_counter() - began)


def exposition(gauges: Iterator[GaugeMetricFamily]) -> bytes:
    """Write all of it down as Prometheus reads it: these gauges, and what this process or all of `run`'s counted."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Given(list(gauges)))
    if os.environ.get(FOLDER):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library leaves it bare
        return generate_latest(registry)
    return generate_latest(registry) + generate_latest(REGISTRY)


@contextmanager
def shared_folder() -> Iterator[None]:
    """Let the processes started meanwhile count into one folder, unless the operator has named one."""
    if os.environ.get(FOLDER):
        yield
        return
    with tempfile.TemporaryDirectory(prefix="saleor-points-metrics-") as folder:
        os.environ[FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[FOLDER]


class _Given(Collector):
    def __init__(self, families: list[GaugeMetricFamily]) -> None:
        self._families = families

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from self._families
