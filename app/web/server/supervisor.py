"""Runs several commands as one: starts them, passes signals on, and ends all when one ends."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any

import structlog

log = structlog.get_logger()

POLL_SECONDS = 0.1
# Longer than any batch: twenty seconds a call, a handful of calls. What lasts longer is ended.
STOP_SECONDS = 120
# Ctrl-C, a service manager, and a terminal that is closed.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# From linux/prctl.h. Looked up here, because nothing may be loaded between fork and exec.
_PR_SET_PDEATHSIG = 1
_libc: Any = ctypes.CDLL(None) if sys.platform == "linux" else None

Children = Mapping[str, subprocess.Popen[bytes]]


def supervise(commands: Mapping[str, Sequence[str]], *, is_ready: Callable[[], bool], announce: Callable[[], None]) -> int:
    """Run the commands until one ends or a signal comes, then end the others cleanly.

    `announce` is called once `is_ready` says so. Gives the exit status: 0 after a signal, 1 if a command ended by itself or
    had to be killed.
    """
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    previous = {name: signal.signal(name, stop) for name in SIGNALS}
    children = {name: _start(command) for name, command in commands.items()}
    try:
        _wait(children, stopping, is_ready, announce)
    finally:
        is_clean = _end(children)
        for name, handler in previous.items():
            signal.signal(name, handler)
    return 0 if stopping.is_set() and is_clean else 1


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    # In a session of its own: Ctrl-C reaches this process only, which then ends the others in good order.
    return subprocess.Popen(command, start_new_session=True, preexec_fn=end_with_parent)  # noqa: S603, PLW1509 - our own commands; no thread runs yet


def end_with_parent() -> None:
    """Ask Linux to stop this process should the one that started it be killed: nothing else would."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait(children: Children, stopping: threading.Event, is_ready: Callable[[], bool], announce: Callable[[], None]) -> None:
    is_announced = False
    while not stopping.wait(POLL_SECONDS):
        for name, child in children.items():
            if child.poll() is not None:
                log.error(f"{name} ended by itself; everything is stopped", status=child.returncode)
                return
        if not is_announced and is_ready():
            is_announced = True
            announce()
    log.info("stopping; what is in hand is finished first")


def _end(children: Children) -> bool:
    """End all commands, and tell whether each ended in time."""
    for child in children.values():
        if child.poll() is None:
            child.terminate()
    late = [name for name, child in children.items() if not _ends_in_time(child)]
    if late:
        log.error(f"{' and '.join(late)} did not stop in time and had to be killed", seconds=STOP_SECONDS)
    return not late


def _ends_in_time(child: subprocess.Popen[bytes]) -> bool:
    is_in_time = True
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        is_in_time = False
    # What is late, and what a killed command has left behind: a web process whose parent is gone would keep the port.
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    return is_in_time
