"""`make simulate`: play many histories, say what they came to, and show the shortest of each that went wrong."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from os import cpu_count

from tests.databases import postgresql_databases
from tests.simulation.drawing import draw
from tests.simulation.many import COMPARED_EVERY, Failure, open_rig, play_many
from tests.simulation.playing import play
from tests.simulation.telling import summary, told

PROVIDERS = ("embedded", "coggins")
BAR = 40
FAILURES_SHOWN = 5


def main(argv: Sequence[str] | None = None) -> int:
    """Play what the command line asks for; 1 where a history went wrong."""
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=300, help="how many histories to play, for each provider (default 300)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--seed", type=int, help="play this one history, and tell it")
    parser.add_argument("--provider", choices=(*PROVIDERS, "both"), default="both")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--processes", type=int, default=cpu_count() or 1)
    given = parser.parse_args(argv)
    providers = PROVIDERS if given.provider == "both" else (given.provider,)
    if given.seed is not None:
        return max(_play_one(provider, given.database, given.seed) for provider in providers)
    return max(
        _play_many(provider, given.database, range(given.first, given.first + given.seeds), given.processes)
        for provider in providers
    )


def _play_one(provider: str, database: str, seed: int) -> int:
    print(f"\n{provider}, {database}\n{told(draw(seed))}")
    if database == "postgresql":
        with postgresql_databases() as fresh, open_rig(provider, fresh()) as rig:
            outcome = play(rig, draw(seed), compare=True)
    else:
        with open_rig(provider, database) as rig:
            outcome = play(rig, draw(seed), compare=True)
    print(outcome.trace, end="")
    for wrong in outcome.wrongs:
        print(f"  WRONG  {wrong}")
    print("  all is well" if not outcome.wrongs else "")
    return 1 if outcome.wrongs else 0


def _play_many(provider: str, database: str, seeds: Sequence[int], processes: int) -> int:
    began = time.monotonic()
    counts: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    failures: list[Failure] = []
    print(
        f"\n== {provider}, {database}: seeds {seeds[0]} to {seeds[-1]}, every {COMPARED_EVERY}th also without a fault", flush=True
    )
    played = play_many(provider, database, seeds, processes=processes)
    for done, (outcome, failure) in enumerate(played, start=1):
        counts += outcome.counts
        faults += outcome.faults
        if failure is not None:
            failures.append(failure)
        _show(done, len(seeds), len(failures))
    print(f"\n\n{summary(counts, faults)}\n\n{len(seeds):,} histories in {time.monotonic() - began:.0f} s")
    for failure in sorted(failures, key=lambda failure: failure.seed)[:FAILURES_SHOWN]:
        print(f"\nWRONG: make simulate SEED={failure.seed} PROVIDER={provider} DATABASE={database}")
        print("\n".join(f"  {wrong}" for wrong in failure.wrongs[:FAILURES_SHOWN]))
        print(failure.story)
    if failures:
        print(f"\n{len(failures)} histories went wrong: {', '.join(str(failure.seed) for failure in failures)}")
    return 1 if failures else 0


def _show(done: int, of: int, wrong: int) -> None:
    if sys.stdout.isatty() or done == of or done % max(of // 10, 1) == 0:
        bar = "#" * (BAR * done // of)
        end = "" if sys.stdout.isatty() else "\n"
        print(f"\r[{bar:<{BAR}}] {done:,} of {of:,}" + (f", {wrong} wrong" if wrong else ""), end=end, flush=True)


if __name__ == "__main__":
    sys.exit(main())
