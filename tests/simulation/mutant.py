"""What a mutant is: one way to break the app on purpose, and the histories that show it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from tests.simulation.rig import Rig
from tests.simulation.steps import History, RewardSetup, RuleSetup, Setup, SpendSetup, Step

Breaking = Callable[[Rig], Any]
NEW_STORE = RuleSetup()
AS_NEW = Setup()


@dataclass(frozen=True)
class Mutant:
    """One way to break the app, a history made for it, and a seed whose history shows it as well."""

    name: str
    provider: str
    breaking: Breaking
    steps: tuple[Step, ...]
    seed: int | None
    rule: RuleSetup = NEW_STORE
    spend_rule: SpendSetup | None = None
    rewards: RewardSetup | None = None
    # The limits for staff; those of a new store where it is about something else.
    change_max: int = AS_NEW.change_max
    day_max: int = AS_NEW.day_max

    @property
    def history(self) -> History:
        """The history made for it."""
        setup = replace(AS_NEW, rule=self.rule, change_max=self.change_max, day_max=self.day_max)
        setup = replace(setup, spend_rule=self.spend_rule, rewards=self.rewards)
        return History(0, setup, self.steps)


@contextmanager
def all_of(*patches: Any) -> Iterator[None]:
    """Break the app in several places at once."""
    with ExitStack() as stack:
        for one in patches:
            stack.enter_context(one)
        yield
