"""Sends answers. A large one waits in a file and is sent in pieces: a client that reads slowly costs little memory."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import Any

from granian.rsgi import HTTPProtocol  # type: ignore[attr-defined]  # its documented place for it

from app.web.server.read_files import ReadFiles

# A smaller answer is kept in memory until it is read: so many bytes for each connection.
SMALL_ANSWER_BYTES = 32 * 1024
# So many large ones are sent at once; each keeps one piece of 128 kB in memory. The others wait for a place with their file.
LARGE_ANSWERS_MAX = 64
PLACE_SECONDS = 30

# Through this a file without a name can be opened: nothing is left of it when the process is killed. Only Linux has it.
_OWN_FILES = Path("/proc/self/fd")

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class LargeAnswer:
    """An answer that was whole before it began: one that broke off would be taken for whole."""

    status: int
    headers: Headers
    file: Any


def collect(status: int, headers: Headers, pieces: Iterable[bytes]) -> tuple[bytes, None] | tuple[None, LargeAnswer]:
    """Give a small answer as it is, and a large one as a file. Uses no more memory than a small answer and a piece."""
    start = bytearray()
    left = iter(pieces)
    for piece in left:
        start += piece
        if len(start) > SMALL_ANSWER_BYTES:
            return None, _large(status, headers, chain([bytes(start)], left))
    return bytes(start), None


def _large(status: int, headers: Headers, pieces: Iterable[bytes]) -> LargeAnswer:
    file: Any = TemporaryFile() if _OWN_FILES.exists() else NamedTemporaryFile()  # noqa: SIM115 - closed once it is sent
    try:
        file.writelines(pieces)
        file.flush()
    except BaseException:
        file.close()
        raise
    named = [(name, value) for name, value in headers if name not in {"content-length", "connection"}]
    # So the client closes it, too, and does not ask the next thing while this one's file is still there.
    return LargeAnswer(status, [*named, ("content-length", str(file.tell())), ("connection", "close")], file)


class LargeAnswers:
    """The places for large answers of one process."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(LARGE_ANSWERS_MAX)
        self._read_files = ReadFiles()

    async def send(self, protocol: HTTPProtocol, answer: LargeAnswer) -> None:
        """Send the answer as fast as it is read, and keep its place until then.

        Raises TimeoutError if no place becomes free. A client that does not read loses its connection: see slow_readers.py.
        """
        with answer.file:
            async with asyncio.timeout(PLACE_SECONDS):
                await self._places.acquire()
            try:
                await self._send(protocol, answer)
            finally:
                self._places.release()

    async def _send(self, protocol: HTTPProtocol, answer: LargeAnswer) -> None:
        path = _path_of(answer.file)
        left = asyncio.ensure_future(protocol.client_disconnect())
        # Granian does not tell when it has sent an answer whose client stays to its end, but then it closes the file.
        with self._read_files.watched(path) as read:
            protocol.response_file(answer.status, answer.headers, path)
            try:
                await asyncio.wait({left, read}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                left.cancel()


def _path_of(file: Any) -> str:
    return str(_OWN_FILES / str(file.fileno()) if isinstance(file.name, int) else file.name)
