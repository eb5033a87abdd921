"""A load generator: a process of its own that sends requests over sockets kept open, and times each answer.

It reads orders from standard input, each a line of JSON as `_Order` has it, and answers each with such a line.
"""

import json
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from statistics import quantiles
from typing import IO, Self

from tests.bench.corpus import read_requests

CONNECTIONS = 16
ANSWER_SECONDS = 60


@dataclass(frozen=True)
class Slice:
    """What became of a slice of requests."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    refused: int


@dataclass(frozen=True)
class _Order:
    """What to send: requests of a file, as `corpus.py` writes them, with this first line, over so many connections.

    With `every`, one after the other, so many seconds apart: as somebody else's requests come, who does not wait for ours.
    """

    file: str
    line: str
    first: int
    count: int
    connections: int
    every: float


class Load:
    """The load generator, as whoever drives it sees it."""

    def __init__(self, process: subprocess.Popen[str], orders: IO[str], answers: IO[str]) -> None:
        self._process, self._orders, self._answers = process, orders, answers

    @classmethod
    @contextmanager
    def started(cls, port: int) -> Iterator[Self]:
        command = [sys.executable, "-m", "tests.bench.load", str(port)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                yield cls(process, process.stdin, process.stdout)
            finally:
                # Whatever it may still be sending.
                process.kill()

    def send(self, line: str, file: Path, first: int, count: int, *, connections: int = CONNECTIONS, every: float = 0) -> Slice:
        """Send so many requests of a file, and wait for all answers."""
        self.begin(line, file, first, count, connections=connections, every=every)
        return self.end()

    def begin(self, line: str, file: Path, first: int, count: int, *, connections: int = CONNECTIONS, every: float = 0) -> None:
        """Begin to send, and do not wait."""
        self._orders.write(json.dumps(asdict(_Order(str(file), line, first, count, connections, every))) + "\n")
        self._orders.flush()

    def end(self) -> Slice:
        """Wait for all answers of what was begun."""
        answer = self._answers.readline()
        if not answer:
            message = "the load generator has ended"
            raise RuntimeError(message)
        return Slice(**json.loads(answer))


class _Connection:
    """One socket: a request under way, and the answer as far as it has come. Where the server closes it, another follows."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.socket = _connected(port)
        self.sent_at = 0.0
        self._answer = b""
        self._is_over = False

    def send(self, request: bytes) -> None:
        self._answer = b""
        self.sent_at = time.perf_counter()
        if self._is_over:
            self.socket.close()
            self.socket, self._is_over = _connected(self._port), False
        self.socket.sendall(request)

    def receive(self) -> int | None:
        """Give the status once the answer is whole."""
        part = self.socket.recv(65536)
        if not part:
            message = "the server closed a connection"
            raise ConnectionError(message)
        self._answer += part
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if not found:
            return None
        head = head.lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        self._is_over = b"connection: close" in head
        return int(head[9:12]) if len(body) >= length else None


def _connected(port: int) -> socket.socket:
    connected = socket.create_connection(("127.0.0.1", port))
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected


def _slice(connections: Sequence[_Connection], requests: Sequence[bytes]) -> Slice:
    latencies: list[float] = []
    refused = 0
    waiting = iter(requests)
    with selectors.DefaultSelector() as selector:
        begun = time.perf_counter()
        for connection, request in zip(connections, islice(waiting, len(connections)), strict=False):
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send(request)
        while len(latencies) < len(requests):
            for ready, _ in selector.select(ANSWER_SECONDS):
                connection = ready.data
                status = connection.receive()
                if status is None:
                    continue
                latencies.append(time.perf_counter() - connection.sent_at)
                refused += status != 200
                # The server may close it, and its socket may be another one from here on.
                selector.unregister(connection.socket)
                following = next(waiting, None)
                if following is not None:
                    connection.send(following)
                    selector.register(connection.socket, selectors.EVENT_READ, connection)
        seconds = time.perf_counter() - begun
    cuts = quantiles(latencies, n=100)
    return Slice(len(requests) / seconds, cuts[49] * 1000, cuts[98] * 1000, refused)


def _paced(connection: _Connection, requests: Sequence[bytes], every: float) -> Slice:
    latencies = []
    refused = 0
    for request in requests:
        time.sleep(every)
        connection.send(request)
        while (status := connection.receive()) is None:
            pass
        latencies.append(time.perf_counter() - connection.sent_at)
        refused += status != 200
    cuts = quantiles(latencies, n=100)
    return Slice(1 / every, cuts[49] * 1000, cuts[98] * 1000, refused)


@cache
def _requests_in(file: str) -> Sequence[bytes]:
    return list(read_requests(Path(file)))


def main() -> None:
    """Serve orders until standard input ends."""
    port = int(sys.argv[1])
    for line in sys.stdin:
        order = _Order(**json.loads(line))
        head = f"{order.line}\r\n".encode()
        # From the beginning once more where there are too few.
        requests = [head + one for one in islice(cycle(_requests_in(order.file)), order.first, order.first + order.count)]
        connections = [_Connection(port) for _ in range(order.connections)]
        done = _paced(connections[0], requests, order.every) if order.every else _slice(connections, requests)
        print(json.dumps(asdict(done)), flush=True)
        for connection in connections:
            connection.socket.close()


if __name__ == "__main__":
    main()
