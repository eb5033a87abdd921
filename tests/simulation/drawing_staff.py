"""In some histories staff change many customers at once, under low limits: drawn by itself, so that the rest stays as it was."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from tests.simulation.steps import History, How, Kind, Mishap, Step

# Histories with batches; of them, those with low limits.
BATCHES = 0.25
LOW_LIMITS = 0.6
NewStep = Callable[[Random, Kind], Step]

_AFTERWARDS = (
    *4 * (Kind.RUN_BATCHES, Kind.UNDO_BATCH),
    *2 * (Kind.DECIDE, Kind.SETTLE, Kind.BATCH, Kind.ADJUST_CUSTOMER, Kind.ADJUST, Kind.SPEND),
    *(Kind.MOVE, Kind.TAKE, Kind.REFUND, Kind.WRITE_OFF, Kind.WAIT, Kind.OTHER, Kind.PROVIDER, Kind.TILL_SPEND, Kind.REINSTALL),
)
_FAULTS = (How.DIES_BEFORE, How.DIES_AFTER, How.REFUSED, How.MEANWHILE_BEFORE, How.MEANWHILE_AFTER)


def with_batches(history: History, new_step: NewStep) -> History:
    """Let staff work with batches after all else, where the history is one of those."""
    random = Random(f"the batches of {history.seed}")
    if random.random() >= BATCHES:
        return history
    setup, shop = history.setup, random.randrange(history.setup.shops)
    if random.random() < LOW_LIMITS:
        setup = replace(setup, change_max=random.choice((20, 60)), day_max=random.choice((100, 250)))
    steps = [new_step(random, kind) for kind in (Kind.BATCH, Kind.RUN_BATCHES, Kind.SETTLE)]
    steps += [_step(random, kind, new_step) for kind in random.choices(_AFTERWARDS, k=random.randint(4, 12))]
    steps = [replace(step, shop=shop) for step in steps]
    return replace(history, setup=setup, steps=(*history.steps, *steps))


def _step(random: Random, kind: Kind, new_step: NewStep) -> Step:
    step = new_step(random, kind)
    if kind is not Kind.RUN_BATCHES or random.random() < 0.5:
        return step
    how = random.choice(_FAULTS)
    meanwhile = (
        [replace(new_step(random, kind), mishaps=()) for kind in random.choices(_AFTERWARDS, k=1)]
        if how.name.startswith("MEANWHILE")
        else ()
    )
    return replace(step, mishaps=(Mishap(random.randrange(3), how, seconds=random.choice((0, 6)), meanwhile=tuple(meanwhile)),))
