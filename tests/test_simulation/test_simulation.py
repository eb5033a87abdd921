"""A few simulated histories, their shrinking, and the app broken on purpose: `make simulate` plays many more."""

import subprocess
import sys
from dataclasses import replace

from tests.simulation.drawing import draw
from tests.simulation.shrinking import shrunk
from tests.simulation.steps import History, Kind, Step
from tests.simulation.telling import told
from tests.waiting import STORY_SECONDS


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run in a process of its own: a history replaces what is random, and a mutant breaks the app."""
    return subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True, check=False, timeout=STORY_SECONDS)


def test_histories_end_exact() -> None:
    # Others than those that `.ci/run` plays.
    played = python("tests.simulation", "--first", "1000000", "--seeds", "2", "--provider", "both", "--processes", "1")

    assert played.returncode == 0, played.stdout + played.stderr
    assert played.stdout.count("2 histories") == 2


def test_each_way_to_break_the_app_is_noticed() -> None:
    broken = python("tests.simulation.mutants", "--provider", "both")

    assert broken.returncode == 0, broken.stdout + broken.stderr
    assert "NOT NOTICED" not in broken.stdout


def test_a_seed_is_the_same_history_each_time() -> None:
    assert draw(7) == draw(7) != draw(8)
    assert told(draw(7)) == told(draw(7))


def test_a_failure_is_shortened_to_what_it_needs() -> None:
    history = draw(3)
    history = replace(history, steps=(*history.steps, Step(Kind.WIPE), Step(Kind.NOTE), Step(Kind.WIPE)))

    def fails(candidate: History) -> bool:
        kinds = [step.kind for step in candidate.steps]
        return Kind.NOTE in kinds and Kind.WIPE in kinds[kinds.index(Kind.NOTE) :]

    assert [step.kind for step in shrunk(history, fails).steps] == [Kind.NOTE, Kind.WIPE]
