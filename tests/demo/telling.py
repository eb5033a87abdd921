"""Tells what happens, what was expected and what came out."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TextIO

LABEL_WIDTH = 52
WORD_WIDTH = 10

_GREEN, _RED, _BOLD, _FAINT = "32", "31", "1", "2"


@dataclass
class Teller:
    """Prints steps and checks, and remembers what came out wrong. Colours only on a terminal."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    wrong: list[str] = field(default_factory=list)
    checks: int = 0
    steps: int = 0

    @property
    def exit_status(self) -> int:
        """0 if all that was checked came out right, else 1."""
        return 1 if self.wrong or not self.checks else 0

    def step(self, title: str, *sentences: str) -> None:
        self.steps += 1
        self.say()
        self.say(self._in(_BOLD, f"{self.steps:>2}  {title}"))
        for sentence in sentences:
            self.say(self._in(_FAINT, f"    {sentence}"))

    def check(self, label: str, expected: object, found: object) -> None:
        """Print one number or word, and whether it is the expected one."""
        self.checks += 1
        is_right = found == expected
        mark = self._in(_GREEN, "✓") if is_right else self._in(_RED, "✗")
        wanted, came = _word(expected), _word(found)
        came_out = came if is_right else self._in(_RED, came)
        self.say(f"    {mark} {label:<{LABEL_WIDTH}} expected {wanted:<{WORD_WIDTH}} came out {came_out}")
        if not is_right:
            self.wrong.append(f"step {self.steps}: {label}: expected {wanted}, came out {came}")

    def fail(self, reason: str) -> None:
        """Note that the story could not be told to its end."""
        self.wrong.append(f"step {self.steps}: {reason}")
        self.say(f"    {self._in(_RED, '✗')} {reason}")

    def note(self, label: str, text: str) -> None:
        self.say(f"      {label:<{LABEL_WIDTH}} {text}")

    def table(self, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print a table: its first two columns to the left, numbers to the right."""
        cells = [[str(cell) for cell in row] for row in (header, *rows)]
        widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
        for number, row in enumerate(cells):
            padded = [
                cell.ljust(width) if column < 2 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            line = "    " + "  ".join(padded)
            self.say(line if number else self._in(_BOLD, line))

    def say(self, text: str = "") -> None:
        print(text, file=self.out, flush=True)

    def _in(self, colour: str, text: str) -> str:
        return f"\033[{colour}m{text}\033[0m" if self.out.isatty() else text


def _word(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
