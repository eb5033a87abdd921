"""HTTP to the outside: no redirects, bounded answers, a deadline for the whole call, and no private network where none may be.

requests' own time-out is per read, so a server that sends a byte now and then can hold a caller for ever. Here a watchdog
shuts the connection when the call's time is over, and the body is read up to a limit.
"""

import ipaddress
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache, partial
from heapq import heappop, heappush
from itertools import count
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from app.metrics import timed_call

CONNECT_SECONDS = 5
TOTAL_SECONDS = 20
ANSWER_BYTES_MAX = 16 * 1024 * 1024

# Makes what carries the calls of a session, each of which may take so many seconds in all.
NewAdapter = Callable[[float], BaseAdapter]

_current = threading.local()


class NotConnected(requests.ConnectionError):
    """The connection was not made, or TLS not agreed on: not a byte of the request left."""


class NotPublic(NotConnected):
    """The address leads into a private network, where this call may not go. Not a byte of the request left."""


class DeadlineExceeded(requests.Timeout):
    """The whole call took longer than it may."""


class AnswerTooLong(requests.RequestException):
    """The answer is longer than any that makes sense."""


def new_session(
    *,
    total_seconds: float = TOTAL_SECONDS,
    headers: Mapping[str, str] | None = None,
    new_adapter: NewAdapter | None = None,
    public_only: bool = False,
) -> requests.Session:
    """Make a session whose calls end in time, follow no redirect and read no proxy or password from the environment.

    With `public_only` they reach servers of the public internet only, whatever a name leads to at that moment.
    """
    session = _Session()
    session.trust_env = False
    session.headers["User-Agent"] = "Saleor-Points"
    session.headers.update(headers or {})
    adapter = (new_adapter or partial(_DeadlineAdapter, public_only=public_only))(total_seconds)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def was_never_sent(error: requests.RequestException) -> bool:
    """Tell whether the call failed before a byte of the request left. What is not surely so counts as sent."""
    return isinstance(error, NotConnected | InvalidURL | MissingSchema | InvalidSchema)


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the public internet: also the one that it carries within, where it does."""
    found = ipaddress.ip_address(address.partition("%")[0])
    carried = _carried(found)
    return found.is_global and not found.is_multicast and (carried is None or is_public(str(carried)))


def _carried(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Give the IPv4 address to which an IPv6 address of a transition (mapped, 6to4, NAT64, compatible) leads."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if any(address in network for network in _CARRYING):
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour


# RFC 6052, RFC 8215, RFC 4291.
_CARRYING = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")))


class _Session(requests.Session):
    """A session that gathers nothing for a call from defaults, environment and cookies: that took as long as sending it."""

    def request(  # type: ignore[override]  # it takes less than requests' own
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        verify: bool | str | None = None,
        allow_redirects: bool = False,
        **unused: None,
    ) -> requests.Response:
        """Send JSON, or nothing, and follow no redirect. Other options, which requests and gql name anyway, stay as they are."""
        del allow_redirects
        if verify is False or any(value is not None for value in unused.values()):
            raise TypeError("a call to the outside has no such options")
        prepared = requests.PreparedRequest()
        prepared.prepare(
            method=method, url=url, headers=CaseInsensitiveDict(self.headers, **headers or {}), json=json, hooks=self.hooks
        )
        return self.send(prepared, allow_redirects=False, proxies={}, verify=self.verify if verify is None else verify)


class _Watchdog:
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
    def on_duty(self) -> Iterator["_Watchdog"]:
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
        self._out: list[tuple[float, int, _Watchdog]] = []
        threading.Thread(target=self._run, name="deadlines", daemon=True).start()

    def let_out(self, watchdog: _Watchdog) -> None:
        with self._changed:
            heappush(self._out, (watchdog.bites_at, next(self._numbers), watchdog))
            if self._out[0][2] is watchdog:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            self._next().bite()

    def _next(self) -> _Watchdog:
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


class _WatchedHTTPConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _watched(_permitted(self, super()._new_conn()))

    def connect(self) -> None:
        with _connecting(self):
            super().connect()

    def request(self, *args: Any, **kwargs: Any) -> None:
        _watch_kept(self)
        super().request(*args, **kwargs)


class _WatchedHTTPSConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _watched(_permitted(self, super()._new_conn()))

    def connect(self) -> None:
        with _connecting(self):
            super().connect()

    def request(self, *args: Any, **kwargs: Any) -> None:
        _watch_kept(self)
        super().request(*args, **kwargs)


def _watchdog() -> _Watchdog | None:
    return getattr(_current, "watchdog", None)


def _permitted(connection: HTTPConnection, connection_socket: socket.socket) -> socket.socket:
    """Close a connection that may not be, before a byte is sent."""
    watchdog = _watchdog()
    # Only here is it known for sure where a name leads: at each look it may be told to lead elsewhere.
    if watchdog is None or not watchdog.public_only or is_public(connection_socket.getpeername()[0]):
        return connection_socket
    connection_socket.close()
    watchdog.is_private = True
    raise NewConnectionError(connection, "this leads into a private network")


def _watched(connection_socket: socket.socket) -> socket.socket:
    watchdog = _watchdog()
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
    watchdog = _watchdog()
    if watchdog is not None:
        watchdog.has_dialled = True
    try:
        yield
        _refuse_if_late(connection, watchdog)
    except Exception:
        if watchdog is not None:
            watchdog.failed_to_connect = True
        raise


def _refuse_if_late(connection: HTTPConnection, watchdog: _Watchdog | None) -> None:
    if watchdog is not None and watchdog.has_bitten:
        raise ConnectTimeoutError(connection, "connecting took all the time there was")


class _WatchedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _WatchedHTTPConnection


class _WatchedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedHTTPSConnection


class _DeadlineAdapter(HTTPAdapter):
    def __init__(self, total_seconds: float, *, public_only: bool) -> None:
        self._total_seconds = total_seconds
        self._public_only = public_only
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _WatchedHTTPPool, "https": _WatchedHTTPSPool}

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["stream"] = True
        kwargs["timeout"] = (min(CONNECT_SECONDS, self._total_seconds), self._total_seconds)
        host = urlsplit(request.url or "").hostname or ""
        with _Watchdog(self._total_seconds, public_only=self._public_only).on_duty() as watchdog, timed_call(host):
            try:
                response = self._sent(request, watchdog, *args, **kwargs)
                response._content = _whole_body(response)
            except (requests.RequestException, HTTPError) as error:
                if watchdog.is_private:
                    raise NotPublic("the address leads into a private network", request=request) from error
                if watchdog.failed_to_connect:
                    raise NotConnected("the connection could not be made", request=request) from error
                if watchdog.has_bitten:
                    raise DeadlineExceeded(f"no whole answer within {self._total_seconds} seconds", request=request) from error
                raise
            if watchdog.has_bitten:
                raise DeadlineExceeded(f"no whole answer within {self._total_seconds} seconds", request=request)
            return response

    def _sent(self, request: requests.PreparedRequest, watchdog: _Watchdog, *args: Any, **kwargs: Any) -> requests.Response:
        try:
            return super().send(request, *args, **kwargs)
        except requests.ConnectionError:
            # The server closed a kept connection just then. Only a question may be asked again: a change might happen twice.
            if request.method != "GET" or watchdog.has_bitten or watchdog.has_dialled:
                raise
            return super().send(request, *args, **kwargs)


def _whole_body(response: requests.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(64 * 1024):
        body += chunk
        if len(body) > ANSWER_BYTES_MAX:
            response.close()
            raise AnswerTooLong(f"the answer is longer than {ANSWER_BYTES_MAX} bytes")
    return bytes(body)
