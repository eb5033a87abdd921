"""A load generator: a process of its own that sends requests over sockets kept open, and times each answer.

It reads orders from standard input, `PATH FIRST COUNT`, and answers each with a line of JSON.
"""

import json
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import quantiles
from typing import IO, Any, Self

from tests.bench.corpus import read_deliveries

CONNECTIONS = 16
ANSWER_SECONDS = 60


@dataclass(frozen=True)
class Slice:
    """What became of a slice of requests."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    refused: int


class Load:
    """The load generator, as whoever drives it sees it."""

    def __init__(self, process: subprocess.Popen[str], orders: IO[str], answers: IO[str]) -> None:
        self._process, self._orders, self._answers = process, orders, answers

    @classmethod
    @contextmanager
    def started(cls, port: int, deliveries: Path) -> Any:
        command = [sys.executable, "-m", "tests.bench.load", str(port), str(deliveries)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                yield cls(process, process.stdin, process.stdout)
            finally:
                process.stdin.close()
                process.wait(ANSWER_SECONDS)

    def send(self: Self, path: str, first: int, count: int) -> Slice:
        """Send so many deliveries to the path, and wait for all answers."""
        self._orders.write(f"{path} {first} {count}\n")
        self._orders.flush()
        line = self._answers.readline()
        if not line:
            message = "the load generator has ended"
            raise RuntimeError(message)
        return Slice(**json.loads(line))


class _Connection:
    """One socket: a request under way, and the answer as far as it has come."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self._answer = b""

    def send(self, request: bytes) -> None:
        self._answer = b""
        self.sent_at = time.perf_counter()
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
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        return int(head[9:12]) if len(body) >= length else None


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
                following = next(waiting, None)
                if following is not None:
                    connection.send(following)
        seconds = time.perf_counter() - begun
    cuts = quantiles(latencies, n=100)
    return Slice(len(requests) / seconds, cuts[49] * 1000, cuts[98] * 1000, refused)


def main() -> None:
    """Serve orders until standard input ends."""
    port, path = int(sys.argv[1]), Path(sys.argv[2])
    deliveries = list(read_deliveries(path))
    for line in sys.stdin:
        target, first, count = line.split()
        head = f"POST {target} HTTP/1.1\r\n".encode()
        requests = [head + delivery for delivery in deliveries[int(first) : int(first) + int(count)]]
        connections = [_Connection(port) for _ in range(CONNECTIONS)]
        print(json.dumps(_slice(connections, requests).__dict__), flush=True)
        for connection in connections:
            connection.socket.close()


if __name__ == "__main__":
    main()
