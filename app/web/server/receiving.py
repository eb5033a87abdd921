"""Takes each request whole before one of the application's threads sees it: who sends slowly holds up nobody.

The web application is WSGI, and a thread that reads a WSGI request waits as long as the other side likes. Here an event loop
waits instead, for a bounded time and up to a bounded length. It speaks RSGI, Granian's own interface: the quickest by far.
"""

import asyncio
import json
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, TypeVar

import structlog
from granian.rsgi import HTTPProtocol, ProtocolClosed, Scope  # type: ignore[attr-defined]  # its documented place for them

from app.logs import innermost_place
from app.web.server.answering import Headers, LargeAnswer, LargeAnswers, collect
from app.web.server.waiting_requests import TooManyWait, WaitingRequests

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

log = structlog.get_logger()

# Our webhook's payload is under 2 kB; an array of 1,000 claims under 200 kB.
BODY_BYTES_MAX = 1024 * 1024
# A delivery comes in one piece, and a logo of half a megabyte in this time over any line that a merchant would work on.
BODY_SECONDS = 10
# Bodies beyond this length take memory: so many of them are taken at once. Smaller ones, such as deliveries, always are.
SMALL_BYTES = 64 * 1024
LARGE_BODIES_MAX = 32

NO_BODY = {204, 304}
TOO_LARGE = 413

T = TypeVar("T")


class Receiver:
    """A WSGI application as Granian calls it, with `threads` requests at once, besides those that wait for the outside."""

    def __init__(self, application: "WSGIApplication", *, threads: int, body_seconds: int = BODY_SECONDS) -> None:
        from app.http.bulkhead import PLACES, Turns  # noqa: PLC0415 - a process that only looks after others calls nobody

        self._application = application
        self._body_seconds = body_seconds
        # A ThreadPoolExecutor costs as much again as all else here.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting = WaitingRequests(self._later)
        self._large = 0
        self._large_answers = LargeAnswers()
        self._threads = threads
        self._in_hand = 0
        self._turns = Turns(threads)
        for number in range(threads + PLACES):
            threading.Thread(target=self._work, name=f"request-{number}", daemon=True).start()

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Serve one request."""
        try:
            await self._serve(_environ(scope), protocol)
        except _Refused as refusal:
            refusal.answer(protocol)
        except ProtocolClosed:
            # The other side hung up, before its request was whole or before its answer was: there is nobody to answer.
            return
        except Exception as fault:  # noqa: BLE001 - the application answers for its own faults; this is what came after
            log.error("defect", kind=type(fault).__name__, path="unknown", where=innermost_place(fault))  # noqa: TRY400 - its text may hold what no log may
            _Refused(500, "DEFECT", "Saleor Points failed at this. The log says where.").answer(protocol)

    async def _serve(self, environ: "WSGIEnvironment", protocol: HTTPProtocol) -> None:
        with self._room() as make_room:
            try:
                async with asyncio.timeout(self._body_seconds):
                    environ["wsgi.input"] = BytesIO(await _body(protocol, environ, make_room))
            except TimeoutError:
                message = f"The request did not come in within {self._body_seconds} seconds."
                raise _Refused(408, "REQUEST_TIMEOUT", message) from None
            large = await self._in_a_thread(environ, partial(self._answer, environ, protocol), protocol)
        if large is not None:
            await self._send(protocol, large)

    async def _send(self, protocol: HTTPProtocol, answer: LargeAnswer) -> None:
        try:
            await self._large_answers.send(protocol, answer)
        except TimeoutError:
            message = "Too many large answers at once. This request can be repeated later."
            raise _Refused(503, "UNAVAILABLE", message) from None

    @contextmanager
    def _room(self) -> Iterator[Callable[[], None]]:
        """Give what makes room for one large body, until the end of the block."""
        taken = 0

        def make_room() -> None:
            nonlocal taken
            if taken == 0 and self._large >= LARGE_BODIES_MAX:
                raise _Refused(503, "UNAVAILABLE", "Too many large requests at once. This one can be repeated later.")
            self._large += 1 - taken
            taken = 1

        try:
            yield make_room
        finally:
            self._large -= taken

    def _answer(self, environ: "WSGIEnvironment", protocol: HTTPProtocol) -> LargeAnswer | None:
        """Run the application and send its answer. A large one is given back, to be sent in pieces."""
        status, headers = 500, Headers()

        def start_response(line: str, named: Headers, _fault: object = None) -> Callable[[bytes], object]:
            nonlocal status, headers
            status, headers = int(line.split(" ", 1)[0]), [(name.lower(), value) for name, value in named]
            if status == TOO_LARGE:
                # The body was not read to its end, so no other request can follow on this connection.
                headers.append(("connection", "close"))
            return _no_write

        answer = self._application(environ, start_response)
        try:
            if status in NO_BODY:
                protocol.response_empty(status, headers)
                return None
            body, large = collect(status, headers, answer)
        finally:
            _close(answer)
        if body is not None:
            if not any(name == "content-length" for name, _ in headers):
                headers.append(("content-length", str(len(body))))
            protocol.response_bytes(status, headers, body)
        return large

    async def _in_a_thread(self, environ: "WSGIEnvironment", work: Callable[[], T], protocol: HTTPProtocol) -> T:
        self._loop = loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()
        # A client that must wait for a thread may leave meanwhile: then nobody is there to be answered.
        left = asyncio.ensure_future(protocol.client_disconnect()) if self._in_hand >= self._threads else None
        self._in_hand += 1
        try:
            self._waiting.put(environ, partial(_do, work, loop, result, left))
            return await result
        except TooManyWait:
            raise _Refused(429, "TOO_MANY_REQUESTS", "Too many requests of this key wait. Send fewer at once.") from None
        finally:
            self._in_hand -= 1
            if left is not None:
                left.cancel()

    def _later(self, seconds: float, do: Callable[[], None]) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.call_later, seconds, do)

    def _work(self) -> None:
        self._turns.work(self._waiting.get)


def _do(
    work: Callable[[], T],
    loop: asyncio.AbstractEventLoop,
    result: "asyncio.Future[T]",
    left: "asyncio.Future[None] | None",
) -> None:
    if left is not None and left.done():
        loop.call_soon_threadsafe(_fail, result, ProtocolClosed())
        return
    try:
        done = work()
    except BaseException as fault:  # noqa: BLE001 - it is raised where the result is waited for
        loop.call_soon_threadsafe(_fail, result, fault)
    else:
        loop.call_soon_threadsafe(_succeed, result, done)


def _succeed(result: "asyncio.Future[T]", done: T) -> None:
    if not result.done():
        result.set_result(done)


def _fail(result: "asyncio.Future[T]", fault: BaseException) -> None:
    if not result.done():
        result.set_exception(fault)


async def _body(protocol: HTTPProtocol, environ: "WSGIEnvironment", make_room: Callable[[], None]) -> bytes:
    """Wait for the body. One that is too long is not read: the application refuses it by its length."""
    length = int(environ.get("CONTENT_LENGTH", 0))
    is_chunked = "HTTP_TRANSFER_ENCODING" in environ
    if length > BODY_BYTES_MAX or (length == 0 and not is_chunked):
        return b""
    if is_chunked:
        return await _chunks(protocol, environ, make_room)
    if length > SMALL_BYTES:
        make_room()
    return await protocol()


async def _chunks(protocol: HTTPProtocol, environ: "WSGIEnvironment", make_room: Callable[[], None]) -> bytes:
    body = bytearray()
    async for chunk in protocol:
        body += chunk
        if len(body) > SMALL_BYTES:
            make_room()
        if len(body) > BODY_BYTES_MAX:
            break
    # From here on it is a body like any other, of this length.
    del environ["HTTP_TRANSFER_ENCODING"]
    environ["CONTENT_LENGTH"] = str(len(body))
    return bytes(body)


class _Refused(Exception):
    """A request that the application never sees."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self._status = status
        self._body = json.dumps({"error": {"code": code, "message": message}})

    def answer(self, protocol: HTTPProtocol) -> None:
        headers = [("content-type", "application/json"), ("connection", "close"), ("retry-after", "10")]
        protocol.response_str(self._status, headers, self._body)


def _environ(scope: Scope) -> "WSGIEnvironment":
    """Say in WSGI's words (PEP 3333) what was asked for. Nothing of this process's own environment is in it."""
    server, _, port = scope.server.rpartition(":")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string.encode().decode("latin-1"),
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
    for raw_name, value in scope.headers.items():
        # A name with an underscore would pass for the one with a hyphen: X_Forwarded_For for the proxy's own.
        if "_" in raw_name:
            continue
        name = raw_name.upper().replace("-", "_")
        if name in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            environ[name] = value
            continue
        key = f"HTTP_{name}"
        environ[key] = f"{environ[key]}{'; ' if name == 'COOKIE' else ','}{value}" if key in environ else value
    return environ


def _close(answer: Iterable[bytes]) -> None:
    """Close the answer if it can be closed: WSGI leaves that open."""
    close = getattr(answer, "close", None)
    if close is not None:
        close()


def _no_write(_chunk: bytes) -> object:
    raise NotImplementedError
