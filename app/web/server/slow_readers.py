"""Ends connections whose client does not read its answers.

An answer that nobody reads waits in memory, and keeps its connection. The system knows how much of it the other side has taken.
"""

import os
import socket
import struct
import threading
import time
from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fcntl import ioctl
from termios import TIOCOUTQ

import structlog

log = structlog.get_logger()

# A client has this long to read something, and must then go on at this pace: less than any line that a merchant would work on.
WRITE_SECONDS = 30
BYTES_PER_SECOND_LEAST = 4 * 1024
LOOKS_EACH_WRITE = 6

# From linux/tcp.h: where struct tcp_info tells how many bytes the other side has taken.
_TCP_INFO_BYTES = 128
_BYTES_ACKED_AT = 120
_OWN_FILES = "/proc/self/fd"
_INTERNET = {socket.AF_INET, socket.AF_INET6}

Connection = tuple[int, str, int]
"""The file's number, and the other side's address and port: a number alone may be another connection's by the next look."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What the other side of a connection has taken so far, and what still waits for it."""

    taken_bytes: int
    waiting_bytes: int


class SlowReaders:
    """Remembers since when each connection has had something waiting, look by look."""

    def __init__(self, *, write_seconds: float = WRITE_SECONDS) -> None:
        self._write_seconds = write_seconds
        self._since: dict[Connection, tuple[float, int]] = {}

    def look(self, connections: Mapping[Connection, Outgoing], now: float) -> list[Connection]:
        """Give the connections that are to end. `now` is in seconds, of any clock that only goes forward."""
        waiting = {connection: sent for connection, sent in connections.items() if sent.waiting_bytes}
        self._since = {one: self._since.get(one, (now, sent.taken_bytes)) for one, sent in waiting.items()}
        slow = []
        for connection, sent in waiting.items():
            since, taken_then = self._since[connection]
            seconds = now - since
            if seconds < self._write_seconds:
                continue
            if sent.taken_bytes - taken_then < BYTES_PER_SECOND_LEAST * seconds:
                slow.append(connection)
            else:
                self._since[connection] = now, sent.taken_bytes
        return slow


def watch(port: int, *, write_seconds: float = WRITE_SECONDS) -> None:
    """Look after this process's connections to `port` in a thread of its own. Only Linux tells what it takes."""
    if not os.path.isdir(_OWN_FILES):  # noqa: PTH112 - a fixed place of the system
        return
    readers = SlowReaders(write_seconds=write_seconds)

    def run() -> None:
        while True:
            time.sleep(write_seconds / LOOKS_EACH_WRITE)
            slow = readers.look(dict(_connections(port)), time.monotonic())
            for connection in slow:
                _end(connection)
            if slow:
                log.warning("connections ended: their clients did not read", connections=len(slow))

    threading.Thread(target=run, name="slow-readers", daemon=True).start()


def _connections(port: int) -> Iterator[tuple[Connection, Outgoing]]:
    for name in os.listdir(_OWN_FILES):  # noqa: PTH208 - a fixed place of the system, looked at often
        # What is no socket, no connection, or is gone meanwhile is passed over.
        with suppress(OSError), _borrowed(int(name)) as connection:
            if connection.family not in _INTERNET or connection.getsockname()[1] != port:
                continue
            host, its_port = connection.getpeername()[:2]
            info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
            waiting = array("i", [0])
            ioctl(connection.fileno(), TIOCOUTQ, waiting)
            (taken,) = struct.unpack_from("Q", info, _BYTES_ACKED_AT)
            yield (int(name), host, its_port), Outgoing(taken, waiting[0])


def _end(slow: Connection) -> None:
    number, *peer = slow
    with suppress(OSError), _borrowed(number) as connection:
        if list(connection.getpeername()[:2]) == peer:
            connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def _borrowed(number: int) -> Iterator[socket.socket]:
    """Use another's socket by its number. It is never copied: to close a copy of a SQLite file would drop its locks."""
    borrowed = socket.socket(fileno=number)
    try:
        yield borrowed
    finally:
        borrowed.detach()
