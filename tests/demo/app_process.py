"""The app as its own process, as an operator starts it."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from app.settings import Settings
from tests.waiting import PATIENCE_SECONDS, wait_until


def free_port() -> int:
    """Find a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(**settings: str) -> dict[str, str]:
    """Give this process's environment with these settings of the app, and none that happen to be set around us."""
    ours = {name.upper() for name in Settings.model_fields}
    return {name: value for name, value in os.environ.items() if name not in ours} | settings


@dataclass
class AppProcess:
    """`saleor-points run` (or another command) with its data and its log in `folder`."""

    folder: Path
    arguments: tuple[str, ...] = ("run",)
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log_path(self) -> Path:
        return self.folder / "app.log"

    @property
    def pid(self) -> int:
        return self._running().pid

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def start(self) -> Self:
        """Start it, and do not wait."""
        environ = environment(**{"DATA_DIR": str(self.folder), "PORT": str(self.port), **self.settings})
        with self.log_path.open("ab") as log:
            command = [sys.executable, "-m", "app", *self.arguments]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environ, start_new_session=True)
        return self

    def wait_until_ready(self) -> Self:
        """Wait until it serves."""
        wait_until(lambda: self.has_ended() or self._is_ready(), what="the app serves")
        if self.has_ended():
            message = "the app ended instead of serving"
            raise RuntimeError(message)
        return self

    def has_ended(self) -> bool:
        return self._running().poll() is not None

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, and give its exit status."""
        if not self.has_ended():
            self._running().send_signal(with_signal)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end, and give its exit status."""
        return self._running().wait(PATIENCE_SECONDS)

    def end(self) -> None:
        """Leave nothing of it, however it went."""
        if self._process is None:
            return
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE_SECONDS)
        self._process.kill()
        self._process.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            message = "not started"
            raise RuntimeError(message)
        return self._process

    def _is_ready(self) -> bool:
        # Asked so often that it must cost next to nothing while nobody listens.
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
