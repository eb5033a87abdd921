"""The one table that the bench prints."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    """One measurement. `goal` is what the value is to reach: at least, or at most. None where it is only reported."""

    what: str
    database: str
    value: float
    goal: float | None
    figures: str
    at_most: bool = False
    unit: str = ""
    spread: tuple[float, float] | None = None

    @property
    def is_met(self) -> bool:
        if self.goal is None:
            return True
        return self.value <= self.goal if self.at_most else self.value >= self.goal


def repeated(measure: Callable[[int], float], times: int) -> tuple[float, tuple[float, float]]:
    """Measure several times, and give the median with the lowest and the highest."""
    values = [measure(turn) for turn in range(times)]
    return median(values), (min(values), max(values))


def table(rows: Sequence[Row]) -> str:
    """Write the rows in Markdown, as docs/benchmarks.md shows them: a column for each database."""
    databases = list(dict.fromkeys(row.database for row in rows))
    measured: dict[str, dict[str, Row]] = {}
    for row in rows:
        measured.setdefault(row.what, {})[row.database] = row
    names = [NAMES[database] for database in databases]
    head = [f"| what | target | {' | '.join(names)} |", "|---|---|" + "---|" * len(names)]
    return "\n".join([*head, *(_line(what, by_database, databases) for what, by_database in measured.items())])


NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def _line(what: str, by_database: dict[str, Row], databases: Sequence[str]) -> str:
    row = next(iter(by_database.values()))
    goals = [one.goal for name in databases if (one := by_database.get(name)) is not None and one.goal is not None]
    numbers = " · ".join(dict.fromkeys(map(_number, goals)))
    target = f"{'≤' if row.at_most else '≥'} {numbers}{row.unit}" if goals else ""
    cells = [_cell(by_database[name]) if name in by_database else "" for name in databases]
    return f"| {what} | {target} | {' | '.join(cells)} |"


def _cell(row: Row) -> str:
    value = f"{_number(row.value)}{row.unit}"
    spread = f" ({_number(row.spread[0])} to {_number(row.spread[1])})" if row.spread else ""
    figures = f": {row.figures}" if row.figures else ""
    return f"{value if row.is_met else f'**{value}: missed**'}{spread}{figures}"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"
