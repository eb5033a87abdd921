"""What a mutant is: one way to break the app on purpose, and the histories that show it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.simulation.rig import Rig
from tests.simulation.steps import History, RewardSetup, RuleSetup, Setup, SpendSetup, Step

Breaking = Callable[[Rig], Any]
NEW_STORE = RuleSetup()


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

    @property
    def history(self) -> History:
        """The history made for it."""
        return History(0, Setup(rule=self.rule, spend_rule=self.spend_rule, rewards=self.rewards), self.steps)
