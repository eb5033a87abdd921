"""Web, worker, or both as `run` starts them: processes that are real but for the clock, which a test can move."""

import os
import signal
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask

from app.bootstrap import build_services
from app.logs import set_up_logging
from app.settings import load_settings
from app.web import create_app
from app.web.server.serving import serve_on
from app.web.server.supervisor import supervise
from app.worker.loop import run

SWEEP_EVERY = timedelta(minutes=5)


class SharedClock:
    """The machine's time, plus the seconds that stand in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=int(self._path.read_text() or 0))

    def advance(self, **units: int) -> None:
        seconds = int(self._path.read_text() or 0) + int(timedelta(**units).total_seconds())
        draft = self._path.with_suffix(".new")
        draft.write_text(str(seconds))
        draft.replace(self._path)


def clock() -> SharedClock:
    return SharedClock(Path(os.environ["CLOCK_FILE"]))


def create() -> Flask:
    settings = load_settings()
    return create_app(build_services(settings, clock=clock()), settings)


def main(role: str) -> None:
    settings = load_settings()
    set_up_logging(log_format="console", level="info")
    if role == "web":
        serve_on("127.0.0.1", settings.port, processes=1, threads=4, entry="tests.test_bad_day.process:create")
        return
    if role == "run":
        command = [sys.executable, "-m", "tests.test_bad_day.process"]
        parts = {"web": [*command, "web"], "worker": [*command, "worker"]}
        sys.exit(supervise(parts, is_ready=lambda: False, announce=lambda: None))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    run(build_services(settings, clock=clock()), stop, sweep_every=SWEEP_EVERY)


if __name__ == "__main__":
    main(sys.argv[1])
