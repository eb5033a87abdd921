"""The processes of the bench: started, driven over their standard input, and ended."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import psutil
import requests

from tests.bench.store import SECRET_KEY
from tests.demo.app_process import environment, free_port
from tests.waiting import wait_until

START_SECONDS = 60


@dataclass(frozen=True)
class Settled:
    """What one worker says of a backlog: its time, its processor's time, its memory afterwards (PSS)."""

    seconds: float
    cpu_seconds: float
    memory: int


class Settler:
    """A worker that waits for its orders."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._orders, self._answers = process.stdin, process.stdout
        assert self._answers.readline() == "ready\n", "the worker has ended"

    def begin(self) -> None:
        self._orders.write("settle\n")
        self._orders.flush()

    def end(self) -> Settled:
        return Settled(**json.loads(self._answers.readline()))


@contextmanager
def settlers(count: int, database_url: str, saleor_url: str) -> Iterator[list[Settler]]:
    """Start workers that have nothing to do yet."""
    environ = environment(DATABASE_URL=database_url, SECRET_KEY=SECRET_KEY, SALEOR_URL_MAP=saleor_url)
    command = [sys.executable, "-m", "tests.bench.settler"]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ) for _ in range(count)
    ]
    try:
        yield [Settler(process) for process in processes]
    finally:
        for process in processes:
            process.terminate()
            process.communicate()


@contextmanager
def outside(*, wait_ms: int = 0, look_up_ms: int | None = None) -> Iterator[str]:
    """Start a Saleor and provider; give its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    waits = [str(wait_ms), str(wait_ms if look_up_ms is None else look_up_ms)]
    with _running([sys.executable, "-m", "tests.bench.outside", str(port), *waits], f"{url}/bench/counts"):
        yield url


@contextmanager
def web(
    database_url: str,
    jwks: dict[str, Any],
    *,
    threads: int = 4,
    processes: int = 1,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[tuple[int, int]]:
    """Start the web process, or several; give their port and the pid of the first."""
    port = free_port()
    environ = environment(
        DATABASE_URL=database_url, SECRET_KEY=SECRET_KEY, BENCH_JWKS=json.dumps(jwks), LOG_LEVEL="error", **settings
    )
    command = [sys.executable, "-m", "tests.bench.intake_server", str(port), str(threads), str(processes)]
    with _running(command, f"http://127.0.0.1:{port}/readyz", environ) as pid:
        yield port, pid


def memory_of(pid: int) -> int:
    """Give the memory of the process that serves: the largest of those that the server's own process looks after (PSS)."""
    server = psutil.Process(pid)
    return max(int(process.memory_full_info().pss) for process in (server, *server.children(recursive=True)))


def calls_of(url: str) -> int:
    """Count the calls that the outside has answered so far."""
    return sum(requests.get(f"{url}/bench/counts", timeout=START_SECONDS).json().values())


@contextmanager
def _running(command: Sequence[str], url: str, environ: dict[str, str] | None = None) -> Iterator[int]:
    process = subprocess.Popen(command, env=environ)
    try:
        wait_until(lambda: _answers(url), what=" ".join(command[1:4]))
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False
