import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.__main__ import main
from app.bootstrap import utc_now
from tests.demo.app_process import AppProcess, environment, free_port
from tests.standins.saleor import SigningKey, StandInSaleor
from tests.waiting import PATIENCE_SECONDS

Start = Callable[..., AppProcess]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a command of the app with its data in tmp_path: `start("web", "--processes", "2", DATABASE_URL=…)`."""
    started: list[AppProcess] = []

    def start(*arguments: str, **settings: str) -> AppProcess:
        app = AppProcess(tmp_path, arguments or ("run",), settings)
        started.append(app)
        return app.start()

    yield start
    for app in started:
        app.end()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command of the app to its end, with its data in tmp_path."""

    def run(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        environ = environment(**{"DATA_DIR": str(tmp_path), "PORT": str(free_port()), **settings})
        command = [sys.executable, "-m", "app", *arguments]
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)

    return run


@pytest.fixture
def run_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command as `run` does, in this process: for what is decided before anything is served. It costs no start."""

    def run_here(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        for name in set(os.environ) - set(environment()):
            monkeypatch.delenv(name)
        for name, value in {"DATA_DIR": str(tmp_path), "PORT": str(free_port()), **settings}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["saleor-points", *arguments])
        capfd.readouterr()
        # What the command logs goes where this test listens, and no further.
        monkeypatch.setattr(logging.root, "handlers", [])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capfd.readouterr()
        return subprocess.CompletedProcess(arguments, int(ended.value.code or 0), told.out, told.err)

    return run_here


@pytest.fixture
def live_saleor(signing_key: SigningKey) -> Iterator[StandInSaleor]:
    """A Saleor on the real clock, which delivers by itself."""
    with StandInSaleor(utc_now, auto_deliver=True, key=signing_key) as saleor:
        yield saleor
