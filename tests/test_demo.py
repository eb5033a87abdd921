"""The demo tells the truth: it ends well only if every number came out right."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo.__main__ import play
from tests.demo.app_process import environment
from tests.demo.story import Story
from tests.demo.telling import Teller
from tests.waiting import STORY_SECONDS

DEMO = (sys.executable, "-m", "tests.demo")


@pytest.fixture
def told() -> Teller:
    return Teller(out=io.StringIO())


def _text(teller: Teller) -> str:
    assert isinstance(teller.out, io.StringIO)
    return teller.out.getvalue()


def test_the_demo_ends_well_without_configuration_and_leaves_nothing_behind(tmp_path: Path) -> None:
    environ = environment(TMPDIR=str(tmp_path))

    done = subprocess.run(DEMO, env=environ, capture_output=True, text=True, timeout=STORY_SECONDS, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "came out right" in done.stdout
    assert "✗" not in done.stdout
    assert "\033[" not in done.stdout
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_number_makes_the_demo_fail(told: Teller) -> None:
    told.step("A step")
    told.check("balance", 60, 59)

    assert told.exit_status == 1
    assert told.wrong == ["step 1: balance: expected 60, came out 59"]


def test_right_numbers_make_the_demo_succeed(told: Teller) -> None:
    told.check("balance", 60, 60)
    told.check("is it so", True, True)

    assert told.exit_status == 0


def test_a_demo_that_checked_nothing_has_not_succeeded(told: Teller) -> None:
    assert told.exit_status == 1


def test_what_went_wrong_is_told_with_the_apps_log(told: Teller, tmp_path: Path) -> None:
    def tell(story: Story) -> None:
        story.teller.check("balance", 60, 59)
        story.scene.order("Order:none")

    play(tmp_path, told, tell=tell)

    assert told.exit_status == 1
    assert "balance: expected 60, came out 59" in _text(told)
    assert "NoResultFound" in _text(told)
    assert "web started" in _text(told)
