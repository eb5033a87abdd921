"""Play a history from its beginning to its quiet end, and say what is wrong."""

import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tests.simulation.expected import points_expected
from tests.simulation.gone import gone_of
from tests.simulation.invariants import Books, wrongs
from tests.simulation.kinds import act_on
from tests.simulation.quiet import go_quiet
from tests.simulation.rig import Rig, repeatable
from tests.simulation.staff_checks import staff_wrongs
from tests.simulation.steps import Fate, History, Kind, Setup, Step
from tests.simulation.world import Violation, World

_DISTURBING = frozenset(
    {
        Kind.REVOKE,
        Kind.REINSTALL,
        Kind.SWITCH,
        Kind.SALEOR_AWAY,
        Kind.PROVIDER_AWAY,
        Kind.PROVIDER_REFUSES,
        Kind.KEY_REVOKED,
        Kind.LAG,
        Kind.REDELIVER,
        Kind.PERMIT,
    }
)


@dataclass
class Outcome:
    """What came of a history. No `wrongs`, no violation."""

    seed: int
    wrongs: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    # What each order earned; None where Saleor's books allow two answers, or something is gone: what, depends on when.
    due: tuple[int | None, ...] = ()
    trace: str = ""
    # Every step, those in the middle of others as well, in the order in which they began.
    played: tuple[Step, ...] = ()


def play(rig: Rig, history: History, *, compare: bool = False) -> Outcome:
    """Play a history; with `compare`, also as it would have gone without a fault, and looked at after every step."""
    outcome = _play(rig, history)
    if compare and not outcome.wrongs:
        calm = _play(rig, without_faults(history, outcome.played))
        outcome.wrongs += [f"without a fault, {wrong}" for wrong in calm.wrongs]
        outcome.counts["compared with a run without faults"] += 1
        # Where points pay or become codes, it depends on who was there to ask what is ordered at all; under low limits, on what
        # the day had seen.
        has_no_more = history.setup.spend_rule is None and history.setup.rewards is None
        is_comparable = has_no_more and history.setup.day_max == Setup().day_max
        pairs = zip(outcome.due, calm.due, strict=True) if is_comparable else ()
        differ = [pair for pair in pairs if None not in pair and pair[0] != pair[1]]
        if not calm.wrongs and differ:
            outcome.wrongs.append(f"the result depends on when we looked: due {outcome.due}, and {calm.due} without a fault")
    return outcome


def without_faults(history: History, played: Sequence[Step]) -> History:
    """What was played, on a good day: also what happened in the middle of something else, and settled after every step."""
    steps: list[Step] = []
    for step in played:
        if step.kind not in _DISTURBING:
            steps += [replace(step, mishaps=(), fates=(Fate(),)), Step(Kind.SETTLE)]
    return replace(history, steps=tuple(steps))


def _play(rig: Rig, history: History) -> Outcome:
    with repeatable(history.seed):
        world: World | None = None
        outcome = Outcome(history.seed)
        try:
            world = World(rig, history.setup, act_on)
            for step in history.steps:
                world.play(step)
            go_quiet(world)
            books = Books(world)
            outcome.wrongs = [*wrongs(world, books), *staff_wrongs(world, books)]
        except Violation as violation:
            outcome.wrongs = [str(violation)]
        except Exception as error:  # noqa: BLE001 - whatever the app raises where its loop would log a defect
            outcome.wrongs = [f"a defect: {type(error).__name__}: {str(error)[:200]}"]
            outcome.trace = traceback.format_exc()
        finally:
            rig.effects.running.clear()
            rig.effects.world = None
        if world is not None:
            outcome.counts, outcome.faults, outcome.played = world.counts, world.faults, tuple(world.played)
            outcome.due = tuple(_earned(world, order_id) for order_id in world.orders)
            outcome.counts["histories"] += 1
            outcome.counts["histories of two shops"] += len(world.shops) > 1
        return outcome


def _earned(world: World, order_id: str) -> int | None:
    row = world.order_row(order_id)
    if row is None or gone_of(world, order_id) or len(points_expected(world, order_id)) > 1:
        return None
    return row.due - sum(world.truth.staff[order_id])
