"""Make a failing history as short as it can be made: leave out steps, then mishaps, then what is special about the rest."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from tests.simulation.steps import Fate, History, Mishap, Setup, Step

PLAYS_MAX = 500
Fails = Callable[[History], bool]


def shrunk(history: History, fails: Fails) -> History:
    """Give a shorter history that still fails, within a bound of plays."""
    plays = 0

    def still(candidate: History) -> bool:
        nonlocal plays
        plays += 1
        return plays <= PLAYS_MAX and fails(candidate)

    before: History | None = None
    while history != before and plays < PLAYS_MAX:
        before = history
        history = _without_steps(history, still)
        history = _simpler(history, still)
    return history


def _without_steps(history: History, still: Fails) -> History:
    """Delta debugging: leave out halves, then quarters, … then single steps."""
    size = max(len(history.steps) // 2, 1)
    while True:
        start = 0
        while start < len(history.steps):
            shorter = replace(history, steps=history.steps[:start] + history.steps[start + size :])
            if shorter.steps and still(shorter):
                history = shorter
            else:
                start += size
        if size == 1:
            return history
        size //= 2


def _simpler(history: History, still: Fails) -> History:
    for number in range(len(history.steps)):
        for step in _simpler_steps(history.steps[number]):
            candidate = replace(history, steps=(*history.steps[:number], step, *history.steps[number + 1 :]))
            if candidate != history and still(candidate):
                history = candidate
    for setup in _simpler_setups(history.setup):
        candidate = replace(history, setup=setup)
        if candidate != history and still(candidate):
            history = candidate
    return history


def _simpler_steps(step: Step) -> Iterator[Step]:
    """Give simpler forms of a step, the simplest first. Each is tried on what is left of the one before."""
    yield replace(step, mishaps=())
    for number in range(len(step.mishaps)):
        yield replace(step, mishaps=_without(step.mishaps, number))
        yield from (replace(step, mishaps=mishaps) for mishaps in _simpler_mishaps(step.mishaps, number))
    for fates in ((Fate(),), (Fate(is_lost=True),)):
        yield replace(step, fates=fates)
    yield replace(step, share=1000)
    yield replace(step, seconds=1)


def _simpler_mishaps(mishaps: tuple[Mishap, ...], number: int) -> Iterator[tuple[Mishap, ...]]:
    mishap = mishaps[number]
    for nested in range(len(mishap.meanwhile)):
        simpler = replace(mishap, meanwhile=_without(mishap.meanwhile, nested))
        yield (*mishaps[:number], simpler, *mishaps[number + 1 :])


def _without(items: Sequence[Any], number: int) -> tuple[Any, ...]:
    return (*items[:number], *items[number + 1 :])


def _simpler_setups(setup: Setup) -> Iterator[Setup]:
    plain = Setup()
    for name in ("shops", "honours_idempotency", "below_zero", "unknown_email", "instant_answer", "claim_link", "debt_policy"):
        yield replace(setup, **{name: getattr(plain, name)})
    rule = plain.rule
    for name in (
        "points_per_unit",
        "award_when",
        "hold_days",
        "expires_days",
        "include_shipping",
        "include_tax",
        "exclude_gift_cards",
        "count_returned",
        "minimum_total",
        "maximum_points",
    ):
        yield replace(setup, rule=replace(setup.rule, **{name: getattr(rule, name)}))
