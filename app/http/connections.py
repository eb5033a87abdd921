"""Connections that keep to the deadline of the call in hand, and go to public addresses only, where that is asked."""

import http.client
import io
import socket
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from app.http.deadlines import seconds_left
from app.http.names import Address, look_up
from app.http.public_addresses import is_public

# For each step of connecting: looking up the name, TCP with one of its addresses, the handshake of TLS.
CONNECT_SECONDS = 5


@dataclass(slots=True)
class Attempt:
    """What the connection of one request may do, and did."""

    public_only: bool
    has_connected: bool = False


# The request that this thread sends. urllib3 has no way to hand it to a connection.
current_attempt: ContextVar[Attempt] = ContextVar("current_attempt")


class ConnectingFailed(Exception):
    """No connection was made, so nothing was sent. It is no OSError, so urllib3 and requests pass it on as it is."""


class PrivateAddress(ConnectingFailed):
    """The name has no address in the public internet, and this call may go nowhere else."""


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_TimedReads(sock))

    def _read_next_chunk_size(self) -> int:
        """Refuse a negative length: such a chunk would be read until the server ends, however long it goes on."""
        size: int = super()._read_next_chunk_size()  # type: ignore[misc]  # typeshed leaves it out
        if size < 0:
            raise ValueError("a chunk of a negative length")
        return size


class _TimedReads(io.RawIOBase):
    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(seconds_left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Connection(HTTPConnection):
    response_class = _Response

    def connect(self) -> None:
        current_attempt.get().has_connected = True
        try:
            super().connect()
            seconds_left()
        except ConnectingFailed:
            raise
        except Exception as error:
            raise ConnectingFailed from error

    def _new_conn(self) -> socket.socket:
        """Connect to the very addresses that were checked: another look-up of the name might give others."""
        addresses = look_up(self._dns_host, self.port, seconds_left(CONNECT_SECONDS))
        if current_attempt.get().public_only:
            addresses = [address for address in addresses if is_public(address[4][0])]
        failed: Exception = PrivateAddress()
        for address in addresses:
            try:
                return _connected(address)
            except OSError as error:
                failed = error
        raise failed

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        self.sock.settimeout(seconds_left())
        super().send(data)


class _SecureConnection(_Connection, HTTPSConnection):
    """The same for HTTPS: `super()` above is urllib3's HTTPSConnection here."""


def _connected(address: Address) -> socket.socket:
    family, kind, protocol, _, target = address
    connection = socket.socket(family, kind, protocol)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(seconds_left(CONNECT_SECONDS))
        connection.connect(target)
        # The time-out of the handshake that may follow.
        connection.settimeout(seconds_left(CONNECT_SECONDS))
    except OSError:
        connection.close()
        raise
    return connection


class HTTPPool(HTTPConnectionPool):
    """Makes connections that keep to the deadline."""

    ConnectionCls = _Connection


class HTTPSPool(HTTPSConnectionPool):
    """Makes connections that keep to the deadline."""

    ConnectionCls = _SecureConnection
