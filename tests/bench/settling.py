"""Settling: calls, processor and memory for a backlog; several workers; and whether history makes it dearer."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean, median

from sqlalchemy import text

from app.db.engine import Database
from tests.bench.corpus import API_URL
from tests.bench.filling import fill_backlog
from tests.bench.machine import PACE_OF_TARGETS, Yardstick
from tests.bench.processes import Settled, Settler, calls_of, outside, settlers
from tests.bench.store import add_store, services_of
from tests.bench.table import Row
from tests.standins.saleor.keys import SigningKey

MIB = 1024 * 1024
WAIT_MS = 200
LOOK_UP_MS = 3_000
# A worker settles a hundred orders at once: so many waits are measured, with one worker and with four.
BATCHES = 2
WORKERS = 4
# Where the ids of the bench's own orders begin.
FIRST = 10_000_000


@dataclass
class Backlog:
    """A database whose orders are waiting to be settled, more of them each time."""

    database: Database
    next_order: int = FIRST

    def add(self, count: int) -> None:
        fill_backlog(self.database, self.next_order, count)
        self.next_order += count

    def let_rest(self) -> None:
        """Let the orders that webhooks woke rest: they are not what is measured."""
        with self.database.engine.connect() as connection:
            connection.execute(text('UPDATE "order" SET look_at = NULL WHERE look_at IS NOT NULL'))
            connection.commit()

    def require_settled(self) -> None:
        """Fail where the figures would be those of orders that were given up."""
        with self.database.engine.connect() as connection:
            left = 'SELECT count(*) FROM "order" WHERE look_at IS NOT NULL OR problem IS NOT NULL OR due <> granted'
            if connection.execute(text(left)).scalar_one():
                message = "orders are left that were not settled"
                raise RuntimeError(message)

    def settled(self, workers: list[Settler], count: int) -> list[Settled]:
        """Let the workers settle so many orders."""
        self.add(count)
        for worker in workers:
            worker.begin()
        ends = [worker.end() for worker in workers]
        self.require_settled()
        return ends


def backlog(
    name: str,
    url: str,
    saleor: str,
    key: SigningKey,
    *,
    orders: int,
    slices: int,
    what: str,
    award: str,
    goal: float,
    cpu_goal: float | None,
    show: Callable[[int, int], None],
) -> list[Row]:
    """Settle a backlog slice by slice, with a look at the machine's pace between them; `what` names the provider.

    Gives calls, processor time and memory.
    """
    services = services_of(url)
    add_store(services, key, provider_url=saleor if what == "Coggins" else "", award=award)
    waiting, yardstick = Backlog(services.database), Yardstick()
    ends, paces = [], [yardstick.microseconds()]
    with settlers(1, url, f"{API_URL}={saleor}/graphql/") as workers:
        before, size = calls_of(saleor), max(1, orders // slices)
        for done in range(1, slices + 1):
            ends += waiting.settled(workers, size)
            paces.append(yardstick.microseconds())
            show(done * size, orders)
        calls = (calls_of(saleor) - before) / (size * slices)
    services.database.close()
    subject = f"backlog of {orders:,} orders, {what}, {award}"
    memory_what = f"{subject}: worker's memory, second half"
    memory, later = ends[slices // 2 - 1].memory / MIB, ends[-1].memory / MIB
    plain = [end.cpu_seconds / size * 1000 for end in ends]
    there = [cpu * PACE_OF_TARGETS / mean(around) for cpu, around in zip(plain, pairwise(paces), strict=True)]
    speed = size * slices / sum(end.seconds for end in ends)
    return [
        Row(f"{subject}: calls per order", name, calls, goal, "", at_most=True),
        Row(
            f"{subject}: worker's CPU per order, at {PACE_OF_TARGETS} µs a PyJWT check",
            name,
            median(there),
            cpu_goal,
            f"{median(plain):.2f} ms here, {speed:,.0f} orders/s",
            at_most=True,
            unit=" ms",
            spread=(min(there), max(there)),
        ),
        Row(memory_what, name, later, 150, f"first {memory:.0f} MiB", at_most=True, unit=" MiB"),
        Row(f"{memory_what} to first", name, later / memory, 1.02, "", at_most=True),
    ]


def many_workers(url: str, key: SigningKey, *, turns: int) -> Row:
    """Compare four workers with one, where every call to the outside takes its time. On PostgreSQL."""
    with outside(wait_ms=WAIT_MS) as saleor:
        what = f"{WORKERS} workers to 1, {WAIT_MS} ms on every outside call"
        return _more_workers(url, key, saleor, what=what, award="claim", batches=BATCHES, goal=3.5, turns=turns)


def slow_look_ups(url: str, key: SigningKey, *, turns: int) -> Row:
    """Compare four workers with one, where a look-up takes three seconds before each INSTANT. On PostgreSQL."""
    with outside(wait_ms=WAIT_MS, look_up_ms=LOOK_UP_MS) as saleor:
        what = f"{WORKERS} workers to 1, INSTANTs at Coggins, {LOOK_UP_MS} ms on every look-up"
        return _more_workers(url, key, saleor, what=what, award="instant", batches=1, goal=3, turns=turns)


def _more_workers(url: str, key: SigningKey, saleor: str, *, what: str, award: str, batches: int, goal: float, turns: int) -> Row:
    services = services_of(url)
    add_store(services, key, provider_url=saleor, award=award)
    waiting = Backlog(services.database)
    with settlers(WORKERS, url, f"{API_URL}={saleor}/graphql/") as workers:
        ratios, speeds, cpu = [], [], []
        few, many = batches * 100, batches * 100 * WORKERS
        for _ in range(turns):
            one = _speed(waiting.settled(workers[:1], few), few)
            ends = waiting.settled(workers, many)
            four = _speed(ends, many)
            ratios.append(four / one)
            speeds.append((four, one))
            cpu.append(sum(end.cpu_seconds for end in ends) / max(end.seconds for end in ends))
    services.database.close()
    four, one = (median(side) for side in zip(*speeds, strict=True))
    figures = f"{four:.1f} to {one:.1f} orders/s; the four take {median(cpu):.2f} of a core"
    return Row(
        what,
        "postgresql",
        median(ratios),
        goal,
        figures,
        spread=(min(ratios), max(ratios)),
    )


def beside_history(name: str, small: str, big: str, saleor: str, *, rows: int, turns: int, orders: int) -> Row:
    """Settle with a million settled orders beside, and with a thousand. The stores are there already."""
    mapped = f"{API_URL}={saleor}/graphql/"
    waiting = [Backlog(Database(url)) for url in (small, big)]
    with settlers(1, small, mapped) as alone, settlers(1, big, mapped) as beside:
        for one, workers in zip(waiting, (alone, beside), strict=True):
            one.let_rest()
            one.settled(workers, 100)
        ratios, speeds = [], []
        for _ in range(turns):
            few, many = (
                _speed(one.settled(workers, orders), orders) for one, workers in zip(waiting, (alone, beside), strict=True)
            )
            ratios.append(many / few)
            speeds.append((many, few))
    for one in waiting:
        one.database.close()
    many, few = (median(side) for side in zip(*speeds, strict=True))
    figures = f"{many:.0f} to {few:.0f} orders/s"
    what = f"settling beside {rows:,} settled orders, to 1,000"
    return Row(what, name, median(ratios), 0.9, figures, spread=(min(ratios), max(ratios)))


def _speed(ends: list[Settled], orders: int) -> float:
    return orders / max(end.seconds for end in ends)
