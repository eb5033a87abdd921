"""Tells when a file that was given away to be read has been read: Linux says when its reader closes it (inotify)."""

import asyncio
import ctypes
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# From sys/inotify.h.
_IN_CLOSE_NOWRITE = 0x10
_EVENT = struct.Struct("iIII")
_EVENTS_BYTES = 64 * 1024
# Where the system does not say it, a file counts as read after this long.
UNTOLD_SECONDS = 30


class ReadFiles:
    """The files that one event loop has given away. Each is read once."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None) if sys.platform == "linux" else None
        self._inotify = -1
        self._read: dict[int, asyncio.Future[None]] = {}

    @contextmanager
    def watched(self, path: str) -> Iterator["asyncio.Future[None]"]:
        """Watch a file that is going to be opened. Gives a future that is done once its reader has closed it."""
        loop = asyncio.get_running_loop()
        read = loop.create_future()
        watch = self._add_watch(loop, path)
        if watch < 0:
            loop.call_later(UNTOLD_SECONDS, _end, read)
            yield read
            return
        self._read[watch] = read
        try:
            yield read
        finally:
            del self._read[watch]
            if self._libc is not None:
                self._libc.inotify_rm_watch(self._inotify, watch)

    def _add_watch(self, loop: asyncio.AbstractEventLoop, path: str) -> int:
        """Give the number of a watch; less than 0 where the system has none."""
        if self._libc is None:
            return -1
        if self._inotify < 0:
            self._inotify = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
            if self._inotify < 0:
                return -1
            loop.add_reader(self._inotify, self._take_events)
        return int(self._libc.inotify_add_watch(self._inotify, path.encode(), _IN_CLOSE_NOWRITE))

    def _take_events(self) -> None:
        events = os.read(self._inotify, _EVENTS_BYTES)
        place = 0
        while place < len(events):
            watch, _, _, name_bytes = _EVENT.unpack_from(events, place)
            place += _EVENT.size + name_bytes
            if watch in self._read:
                _end(self._read[watch])


def _end(read: "asyncio.Future[None]") -> None:
    if not read.done():
        read.set_result(None)
