"""A small HTTP server on 127.0.0.1 whose answers can also be cut, dripped or withheld."""

import json
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from time import monotonic
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from requests.structures import CaseInsensitiveDict

from tests.waiting import PATIENCE_SECONDS


class Manner(Enum):
    """How the bytes of an answer reach the client."""

    WHOLE = "whole"
    CUT = "closed before the first byte"
    TRUNCATED = "closed in the middle of the body"
    HANG = "nothing, until the server stops"
    DRIP = "a byte at a time"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: CaseInsensitiveDict[str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    manner: Manner = Manner.WHOLE
    drip_seconds: int = 10


Handle = Callable[[Request], Answer]


def json_answer(value: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    return Answer(status=status, body=json.dumps(value).encode(), headers=headers)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, owner: "LocalServer") -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", port), _Handler)

    def server_bind(self) -> None:
        # The parent asks DNS for the host's name, which can take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away; anything else is a bug of the stand-in and is printed."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    timeout = PATIENCE_SECONDS

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = CaseInsensitiveDict(self.headers.items())
        request = Request(self.command, url.path, dict(parse_qsl(url.query, keep_blank_values=True)), headers, body)
        answer = self.server.owner.handle(request)
        if answer.manner is Manner.HANG:
            self.server.owner.released.wait(PATIENCE_SECONDS)
        if answer.manner in (Manner.HANG, Manner.CUT):
            return
        self.send_response_only(answer.status)
        if "Date" not in dict(answer.headers):
            self.send_header("Date", self.date_time_string())
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Connection", "close")
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        self._send_body(answer)

    def _send_body(self, answer: Answer) -> None:
        if answer.manner is Manner.TRUNCATED:
            self.wfile.write(answer.body[: len(answer.body) // 2])
            return
        if answer.manner is Manner.WHOLE:
            self.wfile.write(answer.body)
            return
        pause_seconds = answer.drip_seconds / max(1, len(answer.body))
        began, sent = monotonic(), 0
        while sent < len(answer.body):
            # A busy machine wakes this up late: what should be out by now goes at once, so that the whole takes no longer.
            due = max(sent, int((monotonic() - began) / pause_seconds)) + 1
            self.wfile.write(answer.body[sent:due])
            sent = due
            if self.server.owner.released.wait(pause_seconds):
                return

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's name for it
        """Stay quiet."""


@dataclass
class LocalServer:
    """Serve `handle` from threads; `stop` and `start` again on the same port to play an outage."""

    handle: Handle
    port: int = 0
    released: threading.Event = field(default_factory=threading.Event)
    _listener: _Listener | None = None
    _thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Listen; the first time on a free port, afterwards on the same one."""
        if self._listener is not None:
            return self
        self._listener = _Listener(self.port, self)
        self.port = self._listener.server_port
        self._thread = threading.Thread(target=self._listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def release(self) -> None:
        """Let go of every request that hangs now; later ones may hang again."""
        hanging, self.released = self.released, threading.Event()
        hanging.set()

    def stop(self) -> None:
        """Refuse connections from now on, and let go of every request that hangs."""
        self.release()
        if self._listener is None or self._thread is None:
            return
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()
        self._listener = self._thread = None
