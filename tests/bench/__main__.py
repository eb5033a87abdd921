"""`make bench`: measures, and prints one table. It is no gate: a target that is missed is marked, and the status stays 0."""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from app.db.engine import Database
from app.logs import set_up_logging
from tests.bench import intake, overview, points, points_api, search, settling
from tests.bench.corpus import write_deliveries
from tests.bench.filling import Fill, fills_of_history
from tests.bench.machine import machine
from tests.bench.processes import outside
from tests.bench.progress import Progress
from tests.bench.table import Row, table
from tests.databases import postgresql_databases, sqlite_databases
from tests.standins.saleor.keys import SigningKey

FEW = 1_000
# What an order costs does not depend on how many there are: at Coggins, where it costs most, fewer of them do.
AT_COGGINS = 5
PARTS = ("intake", "settling", "workers", "points", "api", "overview", "search")


class Bench:
    """One run: its databases, its deliveries, and the rows as they come."""

    def __init__(self, stack: ExitStack, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._key = SigningKey()
        self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        self._fresh: dict[str, Callable[[], str]] = {
            "sqlite": stack.enter_context(sqlite_databases(durable=True)),
            "postgresql": stack.enter_context(postgresql_databases(durable=True)),
        }
        self._saleor = stack.enter_context(outside())
        self._progress = Progress()

    def describe(self) -> str:
        database = Database(self._fresh["postgresql"]())
        described = machine(database)
        database.close()
        return described

    def rows(self) -> Iterator[Row]:
        deliveries = self._folder / "deliveries"
        if {"intake", "api"} & set(self._arguments.only):
            self._progress.say("signing deliveries")
            size = intake.WARM_UP + (self._arguments.slices + 2) * self._arguments.size
            write_deliveries(deliveries, self._key, size)
        filled = self._filled()
        for name in self._arguments.database:
            yield from self._on(name, *filled[name], deliveries)
        if "workers" in self._arguments.only and "postgresql" in self._arguments.database:
            self._progress.say("several workers")
            yield settling.many_workers(self._fresh["postgresql"](), self._key, turns=1)
            yield settling.slow_look_ups(self._fresh["postgresql"](), self._key, turns=1)

    def _filled(self) -> dict[str, tuple[str, str]]:
        """Give each kind of database a small one and a big one, filled side by side."""
        if set(self._arguments.only) <= {"workers", "search", "api", "overview"}:
            return dict.fromkeys(self._arguments.database, ("", ""))
        self._progress.say(f"filling the tables with {self._arguments.rows:,} rows each")
        urls = {name: (self._fresh[name](), self._fresh[name]()) for name in self._arguments.database}
        intake.add_stores([url for pair in urls.values() for url in pair], self._key)
        work = [
            (url, fills, count)
            for name, (small, big) in urls.items()
            for url, count in ((small, FEW), (big, self._arguments.rows))
            for fills in fills_of_history(name, count)
        ]
        with ThreadPoolExecutor(len(work)) as pool:
            for done, _ in enumerate(pool.map(lambda one: _fill(*one), work), start=1):
                self._progress.show(done, len(work))
        return urls

    def _on(self, name: str, small: str, big: str, deliveries: Path) -> Iterator[Row]:
        arguments = self._arguments
        if "intake" in arguments.only:
            self._progress.say(f"{name}: intake")
            yield from intake.intake(
                name, small, big, self._key, deliveries, rows=arguments.rows, slices=arguments.slices, size=arguments.size
            )
        if "points" in arguments.only:
            self._progress.say(f"{name}: points")
            few, many = points.Points.of(name, small), points.Points.of(name, big)
            yield from points.bulk(few, turns=arguments.slices)
            yield points.lookup(few, many, few_of=FEW, many_of=arguments.rows, turns=arguments.slices)
            yield points.hot_customer(few, turns=arguments.slices)
            yield from points.over_http(few, small, self._key, turns=arguments.slices)
            few.database.close()
            many.database.close()
        if "api" in arguments.only:
            yield from self._points_api(name, deliveries)
        if "overview" in arguments.only:
            self._progress.say(f"{name}: the overview")
            urls = (self._fresh[name](), self._fresh[name]())
            yield overview.overview(name, urls, self._key, counts=(FEW, arguments.rows), turns=arguments.slices)
        if "search" in arguments.only:
            self._progress.say(f"{name}: search")
            yield from search.search(name, self._fresh[name](), self._key, rows=arguments.rows, turns=arguments.slices)
        if "settling" in arguments.only:
            yield from self._settling(name)
            self._progress.say(f"{name}: settling beside history")
            yield settling.beside_history(name, small, big, self._saleor, rows=arguments.rows, turns=3, orders=300)

    def _points_api(self, name: str, deliveries: Path) -> Iterator[Row]:
        arguments, url = self._arguments, self._fresh[name]()
        self._progress.say(f"{name}: the Points API, one request at a time")
        intake.add_stores([url], self._key)
        folder = self._folder / name
        folder.mkdir()
        calls = points_api.Calls(url, deliveries, folder)
        yield from points_api.one_at_a_time(name, calls, url, self._key, slices=arguments.slices, size=arguments.size)
        yield points_api.beside_a_heavy_key(name, calls, url, self._key, turns=3)
        if name == "postgresql":
            yield points_api.four_processes(name, calls, url, self._key, size=arguments.size)

    def _settling(self, name: str) -> Iterator[Row]:
        settle = partial(settling.backlog, name, saleor=self._saleor, key=self._key, show=self._progress.show)
        # Embedded in two halves: before the first is over, SQLite has filled its pages, and memory has grown as it may.
        # An INSTANT at Coggins waits for a look-up of the balance, beside which its processor time does not count.
        for what, award, goal, cpu_goal, orders, slices in (
            ("embedded", "claim", 0.3, 2, self._arguments.orders, 2),
            ("Coggins", "claim", 0.3, 2, self._arguments.orders // AT_COGGINS, 20),
            ("Coggins", "instant", 1.4, None, self._arguments.orders // AT_COGGINS, 20),
        ):
            self._progress.say(f"{name}: a backlog of {orders:,} orders, {what}, {award}")
            yield from settle(
                url=self._fresh[name](), what=what, award=award, goal=goal, cpu_goal=cpu_goal, orders=orders, slices=slices
            )


def _fill(url: str, fills: Sequence[Fill], count: int) -> None:
    database = Database(url)
    for fill in fills:
        fill(database, count)
    database.close()


def main() -> None:
    """Run it all, or what is chosen."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts to run")
    parser.add_argument("--database", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"])
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows in a big table")
    parser.add_argument("--orders", type=int, default=10_000, help="orders in the embedded backlog; a fifth of them at Coggins")
    parser.add_argument("--slices", type=int, default=5, help="slices of each side of a ratio")
    parser.add_argument("--size", type=int, default=1_000, help="requests in a slice")
    set_up_logging(log_format="console", level="error")
    with ExitStack() as stack:
        bench = Bench(stack, parser.parse_args())
        described = bench.describe()
        rows = list(bench.rows())
    print(f"{described}\n\n{table(rows)}")


if __name__ == "__main__":
    main()
