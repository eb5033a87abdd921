"""Runs several commands as one: starts them, passes signals on, and ends all when one ends."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

import requests

READY_POLL_SECONDS = 0.1
READY_SECONDS = 30
# Longer than any batch: twenty seconds a call, a handful of calls. What lasts longer is ended.
STOP_SECONDS = 120


def supervise(commands: Mapping[str, Sequence[str]], *, ready: Callable[[], None]) -> int:
    """Run the commands until one ends or a signal comes, then end the others cleanly.

    `ready` is called once the command called `web` answers. Gives the exit status: 0 after a signal, 1 if a command ended by
    itself.
    """
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    previous = {name: signal.signal(name, stop) for name in (signal.SIGTERM, signal.SIGINT)}
    # Each in a session of its own: Ctrl-C reaches this process only, which then ends them in good order.
    children = {name: subprocess.Popen(command, start_new_session=True) for name, command in commands.items()}  # noqa: S603 - our own commands
    is_announced = False
    try:
        while not stopping.wait(READY_POLL_SECONDS if not is_announced else 0.5):
            if any(child.poll() is not None for child in children.values()):
                break
            if not is_announced and _answers():
                is_announced = True
                ready()
    finally:
        status = 0 if stopping.is_set() else 1
        _end(children)
        for name, handler in previous.items():
            signal.signal(name, handler)
    return status


def _answers() -> bool:
    host = os.environ.get("HOST", "127.0.0.1").replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - asked, not bound
    try:
        return requests.get(f"http://{host}:{os.environ.get('PORT', '3000')}/healthz", timeout=1).ok
    except requests.RequestException:
        return False


def _end(children: Mapping[str, subprocess.Popen[bytes]]) -> None:
    for child in children.values():
        if child.poll() is None:
            child.terminate()
    for child in children.values():
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
