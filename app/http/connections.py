"""Connections that are watched while a call lasts, and what carries a session's calls over them."""

import http.client
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Timeout

from app.http.deadlines import Watchdog, current_watchdog, seconds_left
from app.http.faults import AnswerTooLong, DeadlineExceeded, NotConnected, NotPublic
from app.http.public_addresses import is_public
from app.http.urls import host_of, server_of
from app.metrics import timed_call

CONNECT_SECONDS = 5
ANSWER_BYTES_MAX = 16 * 1024 * 1024

# Who vouches for a server: those whom requests trusts (True), or the certificates in a file.
Verify = bool | str


class DeadlineAdapter(HTTPAdapter):
    """Carries calls that end in time, with answers of bounded length."""

    def __init__(self, total_seconds: float, *, public_only: bool) -> None:
        self._total_seconds = total_seconds
        self._public_only = public_only
        # The server that was called last, with the certificates that vouch for it, and the connections to it.
        self._last: tuple[str, Verify | None, HTTPConnectionPool] | None = None
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _WatchedHTTPPool, "https": _WatchedHTTPSPool}

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: Verify | None,
        proxies: Mapping[str, str] | None = None,
        cert: Any = None,
    ) -> HTTPConnectionPool:
        """Look up the connections to a server once: a session calls one and the same, and the look-up takes its time."""
        server = server_of(request.url or "")
        last = self._last
        if last is not None and last[:2] == (server, verify):
            return last[2]
        pool: Any = super().get_connection_with_tls_context(request, verify, proxies, cert)
        self._last = server, verify, pool
        return pool  # type: ignore[no-any-return]  # urllib3's own class is wider

    def close(self) -> None:
        """Close the connections at once. urllib3 leaves that to whenever the garbage collector comes."""
        if self._last is not None:
            self._last[2].close()
        self._last = None
        super().close()

    def request_url(self, request: requests.PreparedRequest, proxies: Mapping[str, str] | None) -> str:
        """Give what is asked for of the server. There are no proxies."""
        del proxies
        url = request.url or ""
        return url[len(server_of(url)) :].partition("#")[0]

    def build_response(self, req: requests.PreparedRequest, resp: BaseHTTPResponse) -> requests.Response:
        """Make the answer, less what requests reads out of it for sessions: the cookies above all."""
        answer = requests.Response()
        answer.status_code, answer.reason = resp.status, resp.reason or ""
        # They are read without regard to case as they are; copied, they cost twice.
        answer.headers = resp.headers  # type: ignore[assignment]  # requests' own kind of the same
        answer.raw, answer.request, answer.url = resp, req, req.url or ""
        # RFC 8259: JSON that systems exchange is UTF-8.
        answer.encoding = "utf-8"
        return answer

    def send(self, request: requests.PreparedRequest, *args: Any, verify: Verify = True, **unused: Any) -> requests.Response:
        """Send a request and read its whole answer."""
        del args, unused
        seconds = seconds_left(self._total_seconds)
        if seconds <= 0:
            raise NotConnected("no time is left for this call", request=request)
        with (
            Watchdog(seconds, public_only=self._public_only).on_duty() as watchdog,
            timed_call(host_of(server_of(request.url or ""))),
        ):
            try:
                response = self._sent(request, watchdog, verify, seconds)
                response._content = _whole_body(response.raw)
            except (requests.RequestException, HTTPError) as error:
                if watchdog.is_private:
                    raise NotPublic("the address leads into a private network", request=request) from error
                if watchdog.failed_to_connect:
                    raise NotConnected("the connection could not be made", request=request) from error
                if watchdog.has_bitten:
                    raise DeadlineExceeded(f"no whole answer within {seconds:.3g} seconds", request=request) from error
                if isinstance(error, HTTPError):
                    raise requests.ConnectionError(error, request=request) from error
                raise
            if watchdog.has_bitten:
                raise DeadlineExceeded(f"no whole answer within {seconds:.3g} seconds", request=request)
            return response

    def _sent(self, request: requests.PreparedRequest, watchdog: Watchdog, verify: Verify, seconds: float) -> requests.Response:
        timeout = Timeout(connect=min(CONNECT_SECONDS, seconds), read=seconds)
        how: Any = {"stream": True, "timeout": timeout, "verify": verify}
        try:
            return super().send(request, **how)
        except requests.ConnectionError:
            # The server closed a kept connection just then. Only a question may be asked again: a change might happen twice.
            if request.method != "GET" or watchdog.has_bitten or watchdog.has_dialled:
                raise
            return super().send(request, **how)


class _BoundedAnswer(http.client.HTTPResponse):
    """Takes no piece of a negative length: that would be read until the server ends, however long it goes on."""

    def _read_next_chunk_size(self) -> int:
        size: int = super()._read_next_chunk_size()  # type: ignore[misc]  # typeshed leaves it out
        if size < 0:
            raise ValueError("a piece of a negative length")
        return size


class _WatchedHTTPConnection(HTTPConnection):
    response_class = _BoundedAnswer

    def _new_conn(self) -> socket.socket:
        return _watched(_permitted(self, super()._new_conn()))

    def connect(self) -> None:
        with _connecting(self):
            super().connect()

    def request(self, *args: Any, **kwargs: Any) -> None:
        _watch_kept(self)
        super().request(*args, **kwargs)


class _WatchedHTTPSConnection(_WatchedHTTPConnection, HTTPSConnection):
    """Does the same around what HTTPS does: `super()` above is urllib3's HTTPSConnection here."""


def _permitted(connection: HTTPConnection, connection_socket: socket.socket) -> socket.socket:
    """Close a connection that may not be, before a byte is sent."""
    watchdog = current_watchdog()
    # Only here is it known for sure where a name leads: at each look it may be told to lead elsewhere.
    if watchdog is None or not watchdog.public_only or is_public(connection_socket.getpeername()[0]):
        return connection_socket
    connection_socket.close()
    watchdog.is_private = True
    raise NewConnectionError(connection, "this leads into a private network")


def _watched(connection_socket: socket.socket) -> socket.socket:
    watchdog = current_watchdog()
    if watchdog is not None:
        watchdog.watch(connection_socket)
    return connection_socket


def _watch_kept(connection: HTTPConnection) -> None:
    """Watch a connection that was made for an earlier call and kept open."""
    if connection.sock is not None:
        _watched(connection.sock)


@contextmanager
def _connecting(connection: HTTPConnection) -> Iterator[None]:
    """Note that the connection is a new one, and a failure that comes before the request does."""
    watchdog = current_watchdog()
    if watchdog is not None:
        watchdog.has_dialled = True
    try:
        yield
        _refuse_if_late(connection, watchdog)
    except Exception:
        if watchdog is not None:
            watchdog.failed_to_connect = True
        raise


def _refuse_if_late(connection: HTTPConnection, watchdog: Watchdog | None) -> None:
    if watchdog is not None and watchdog.has_bitten:
        raise ConnectTimeoutError(connection, "connecting took all the time there was")


class _WatchedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _WatchedHTTPConnection


class _WatchedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedHTTPSConnection


def _whole_body(answer: BaseHTTPResponse) -> bytes:
    """Read an answer to its end, unpacked."""
    body = b""
    while piece := answer.read(ANSWER_BYTES_MAX + 1 - len(body), decode_content=True):
        body += piece
        if len(body) > ANSWER_BYTES_MAX:
            answer.close()
            raise AnswerTooLong(f"the answer is longer than {ANSWER_BYTES_MAX} bytes")
        if answer.length_remaining == 0 and "Content-Encoding" not in answer.headers:
            break
    answer.release_conn()
    return body
