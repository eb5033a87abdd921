"""A deadline for a whole call.

requests' own time-out is per read, so a server that sends a byte now and then can hold a caller for ever. Here a watchdog
shuts the connection when the call's time is over.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from heapq import heappop, heappush
from itertools import count
from time import monotonic

_current = threading.local()


def current_watchdog() -> "Watchdog | None":
    """Give the one of the call that this thread makes."""
    return getattr(_current, "watchdog", None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let all calls that this thread makes in the block end within so many seconds, together."""
    outer = getattr(_current, "until", None)
    until = monotonic() + seconds
    _current.until = until if outer is None else min(until, outer)
    try:
        yield
    finally:
        _current.until = outer


def seconds_left(most: float) -> float:
    """Tell how long the next call of this thread may take: at most `most`, and at most what its block has left."""
    until = getattr(_current, "until", None)
    return most if until is None else min(most, until - monotonic())


class Watchdog:
    """Shuts the connection of the call in hand once its time is over."""

    def __init__(self, seconds: float, *, public_only: bool) -> None:
        self.bites_at = monotonic() + seconds
        self.public_only = public_only
        self.has_bitten = False
        self.is_off_duty = False
        self.failed_to_connect = False
        self.is_private = False
        self.has_dialled = False
        # A second handle on the connection: shut by it, every read ends, also one in the middle of TLS.
        self._twin: socket.socket | None = None
        self._lock = threading.Lock()

    def watch(self, connection_socket: socket.socket) -> None:
        with self._lock:
            if self._twin is not None:
                self._twin.close()
            self._twin = socket.fromfd(connection_socket.fileno(), connection_socket.family, connection_socket.type)
            if self.has_bitten:
                self._shut()

    def bite(self) -> None:
        with self._lock:
            self.has_bitten = True
            self._shut()

    def _shut(self) -> None:
        if self._twin is not None:
            with suppress(OSError):
                self._twin.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def on_duty(self) -> Iterator["Watchdog"]:
        _current.watchdog = self
        _kennel(os.getpid()).let_out(self)
        try:
            yield self
        finally:
            self.is_off_duty = True
            _current.watchdog = None
            with self._lock:
                if self._twin is not None:
                    self._twin.close()
                self._twin = None


class _Kennel:
    """One thread that lets watchdogs bite in time. A thread for each call would cost about as much as the call."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._numbers = count()
        self._out: list[tuple[float, int, Watchdog]] = []
        threading.Thread(target=self._run, name="deadlines", daemon=True).start()

    def let_out(self, watchdog: Watchdog) -> None:
        with self._changed:
            heappush(self._out, (watchdog.bites_at, next(self._numbers), watchdog))
            if self._out[0][2] is watchdog:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            self._next().bite()

    def _next(self) -> Watchdog:
        """Wait for the next watchdog whose time has come while its call still goes on."""
        with self._changed:
            while True:
                while self._out and self._out[0][2].is_off_duty:
                    heappop(self._out)
                seconds = self._out[0][0] - monotonic() if self._out else None
                if seconds is not None and seconds <= 0:
                    return heappop(self._out)[2]
                self._changed.wait(seconds)


@cache
def _kennel(_pid: int) -> _Kennel:
    """Give this process's: a thread does not survive a fork."""
    return _Kennel()
