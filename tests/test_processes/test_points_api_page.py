"""The page for users of the Points API: its examples work as they stand."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.demo.app_process import AppProcess, environment
from tests.test_processes.conftest import Run, Start
from tests.waiting import STORY_SECONDS

PAGE = Path(__file__).parents[2] / "docs" / "api" / "README.md"
BLOCKS = re.findall(r"```sh\n(.*?)```(?:\n\n```json\n(.*?)```)?", PAGE.read_text(), re.DOTALL)
MARK = "=== the next example"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+\+00:00")
# Tokens differ each time: one of them stands for any.
TOKEN = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")


def values_in(text: str) -> list[Any]:
    """Read JSON values that follow each other, each token made the same."""
    text, found = MOMENT.sub("a moment", TOKEN.sub("a token", text)).strip(), []
    while text:
        value, end = json.JSONDecoder().raw_decode(text)
        found.append(value)
        text = text[end:].lstrip()
    return found


def run_in_shell(commands: str, app: AppProcess, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run commands one after the other, with the app's own command at hand, and show the key at the end."""
    at_hand = f'saleor-points() {{ "{sys.executable}" -m app "$@"; }}'
    script = f"{at_hand}\n{commands.replace('http://localhost:3000', app.url)}\necho '{MARK}'\necho \"$KEY\""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=environment(DATA_DIR=str(folder), PORT=str(app.port)),
        text=True,
        capture_output=True,
        timeout=STORY_SECONDS,
        check=False,
    )


def test_the_examples_work_as_they_stand_and_leave_no_key_in_the_log(start: Start, run_here: Run, tmp_path: Path) -> None:
    assert run_here("migrate").returncode == 0
    app = start("web", "--processes", "1").wait_until_ready()
    done = run_in_shell(f"\necho '{MARK}'\n".join(command for command, _ in BLOCKS), app, tmp_path)

    *said, key = done.stdout.split(f"{MARK}\n")
    assert len(said) == len(BLOCKS), done.stderr
    for (_, expected), answer in zip(BLOCKS, said, strict=True):
        if expected:
            assert values_in(answer) == values_in(expected.replace("http://localhost:3000", f"http://localhost:{app.port}"))
    assert key.strip() not in app.log()
    assert "corderindustries" not in app.log()
