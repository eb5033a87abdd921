"""The one table that the bench prints."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    """One measurement. `goal` is what the value is to reach: at least, or at most."""

    what: str
    database: str
    value: float
    goal: float
    figures: str
    at_most: bool = False
    unit: str = ""
    spread: tuple[float, float] | None = None

    @property
    def is_met(self) -> bool:
        return self.value <= self.goal if self.at_most else self.value >= self.goal


def repeated(measure: Callable[[int], float], times: int) -> tuple[float, tuple[float, float]]:
    """Measure several times, and give the median with the lowest and the highest."""
    values = [measure(turn) for turn in range(times)]
    return median(values), (min(values), max(values))


def table(rows: Sequence[Row]) -> str:
    """Write the rows in Markdown, as the README shows them."""
    head = ["| what | database | measured (lowest to highest) | target | | figures |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *(_line(row) for row in rows)])


def _line(row: Row) -> str:
    spread = f" ({_number(row.spread[0])} to {_number(row.spread[1])})" if row.spread else ""
    target = f"{'≤' if row.at_most else '≥'} {_number(row.goal)}{row.unit}"
    cells = (
        row.what,
        row.database,
        f"{_number(row.value)}{row.unit}{spread}",
        target,
        "" if row.is_met else "**missed**",
        row.figures,
    )
    return f"| {' | '.join(cells)} |"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"
