"""Many histories, shared out among processes, each with a database of its own."""

import atexit
import gc
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

from tests.databases import postgresql_databases, sqlite_databases
from tests.simulation.drawing import draw
from tests.simulation.playing import Outcome, play
from tests.simulation.rig import Rig, quiet_logs
from tests.simulation.shrinking import shrunk
from tests.simulation.steps import History
from tests.simulation.telling import told

# Of so many histories one is played once more without a fault, to see that it ends the same.
COMPARED_EVERY = 10
SEEDS_AT_ONCE = 10
# Objects, by which time a history is over.
COLLECTED_AFTER = 100_000

_rigs: list[Rig] = []


@dataclass(frozen=True)
class Failure:
    """A history that went wrong, told in full or as short as it could be made."""

    seed: int
    wrongs: tuple[str, ...]
    story: str


@contextmanager
def open_rig(provider: str, database: str) -> Iterator[Rig]:
    """Open a rig on a database of its own: `sqlite`, or the URL of an empty, migrated PostgreSQL database."""
    with ExitStack() as stack:
        url = stack.enter_context(sqlite_databases())() if database == "sqlite" else database
        stack.enter_context(quiet_logs())
        stack.enter_context(_rare_collections())
        rig = Rig(provider, url)
        try:
            yield rig
        finally:
            rig.close()


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Collect garbage seldom: what is loaded stays, and a history's leavings are few."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(COLLECTED_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def play_seed(rig: Rig, seed: int, *, shrink: bool = True) -> tuple[Outcome, Failure | None]:
    """Play the history of a seed; where it goes wrong, look for the shortest that goes wrong in the same way."""
    history, compare = draw(seed), seed % COMPARED_EVERY == 0
    outcome = play(rig, history, compare=compare)
    if not outcome.wrongs:
        return outcome, None
    if not shrink:
        return outcome, Failure(seed, tuple(outcome.wrongs), told(history))
    kind = _kind_of(outcome.wrongs[0])

    def fails(candidate: History) -> bool:
        return any(_kind_of(wrong) == kind for wrong in play(rig, candidate, compare=compare).wrongs)

    short = shrunk(history, fails)
    again = play(rig, short, compare=compare)
    return outcome, Failure(seed, tuple(again.wrongs), "\n".join((told(short), again.trace)).strip())


def _kind_of(wrong: str) -> str:
    return wrong.split(":", maxsplit=1)[0]


def play_many(
    provider: str, database: str, seeds: Sequence[int], *, processes: int, shrink: bool = True
) -> Iterator[tuple[Outcome, Failure | None]]:
    """Play the histories of many seeds, in whatever order they are done."""
    with ExitStack() as stack:
        urls = [database] * processes
        if database == "postgresql":
            fresh = stack.enter_context(postgresql_databases())
            urls = [fresh() for _ in range(processes)]
        if processes == 1:
            rig = stack.enter_context(open_rig(provider, urls[0]))
            yield from (play_seed(rig, seed, shrink=shrink) for seed in seeds)
            return
        context = get_context("spawn")
        queue = context.SimpleQueue()
        for url in urls:
            queue.put(url)
        pool = stack.enter_context(
            ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(provider, queue))
        )
        chunks = [seeds[start : start + SEEDS_AT_ONCE] for start in range(0, len(seeds), SEEDS_AT_ONCE)]
        for done in as_completed([pool.submit(partial(_chunk, shrink=shrink), chunk) for chunk in chunks]):
            yield from done.result()


def _begin(provider: str, queue: object) -> None:
    stack = ExitStack()
    _rigs.append(stack.enter_context(open_rig(provider, queue.get())))  # type: ignore[attr-defined]  # a queue of processes
    atexit.register(stack.close)


def _chunk(seeds: Sequence[int], *, shrink: bool) -> list[tuple[Outcome, Failure | None]]:
    return [play_seed(_rigs[0], seed, shrink=shrink) for seed in seeds]
