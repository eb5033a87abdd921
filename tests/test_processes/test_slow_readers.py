"""Clients that ask and do not read, over real sockets: they cost little memory, and end."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest
import requests

from app.web.server.answering import LARGE_ANSWERS_MAX
from app.web.server.slow_readers import BYTES_PER_SECOND_LEAST, Outgoing, SlowReaders
from tests.demo.app_process import environment, free_port
from tests.test_processes.echo import PIECE, PIECES
from tests.waiting import PATIENCE_SECONDS, wait_until

READERS = 60
MEMORY_MAX = 200 * 1024 * 1024
RECEIVE_BYTES = 4096
ANSWER_BYTES = len(PIECE) * PIECES
# So many of these are more than the system itself keeps for a client that does not read.
TOO_MUCH = 12
LONG = f"/whole?times={TOO_MUCH}"
OURS = (5, "192.0.2.1", 40_000)


@contextmanager
def _serving(*, write_seconds: int, **settings: str) -> Iterator[tuple[int, psutil.Process]]:
    port = free_port()
    command = [sys.executable, "-m", "tests.test_processes.echo", str(port), str(PATIENCE_SECONDS), str(write_seconds)]
    with subprocess.Popen(command, env=environment(**settings)) as process:
        wait_until(lambda: _serves(port), what="the server serves")
        try:
            yield port, psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


def _serves(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _ask(port: int, path: str) -> socket.socket:
    """Ask, and read nothing."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    connection.settimeout(PATIENCE_SECONDS)
    connection.connect(("127.0.0.1", port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
    return connection


def _memory(server: psutil.Process) -> int:
    return max(int(one.memory_info().rss) for one in (server, *server.children(recursive=True)))


def _all_of(connection: socket.socket) -> bytes:
    answer = b""
    try:
        while part := connection.recv(1024 * 1024):
            answer += part
    except ConnectionResetError:
        pass
    return answer


@pytest.mark.parametrize("path", ["/whole", "/pieces"])
def test_readers_that_do_not_read_fill_no_memory(path: str) -> None:
    with _serving(write_seconds=PATIENCE_SECONDS) as (port, server), ExitStack() as stack:
        for _ in range(READERS):
            stack.enter_context(_ask(port, f"{path}?times={TOO_MUCH}"))
            # Others are served meanwhile, and each reader's answer is made before the next one asks.
            assert requests.get(f"http://127.0.0.1:{port}/", timeout=PATIENCE_SECONDS).ok

        assert _memory(server) < MEMORY_MAX


def test_a_connection_ends_whose_client_does_not_read() -> None:
    with _serving(write_seconds=1) as (port, server), _ask(port, LONG) as connection:
        wait_until(lambda: _is_open(server, connection.getsockname()[1]), what="the connection is taken")
        wait_until(lambda: not _is_open(server, connection.getsockname()[1]), what="the connection is ended")

        assert len(_all_of(connection)) < ANSWER_BYTES * TOO_MUCH


def test_an_answer_on_the_disk_has_no_name_that_a_killed_server_would_leave(tmp_path: Path) -> None:
    with _serving(write_seconds=PATIENCE_SECONDS, TMPDIR=str(tmp_path)) as (port, _), _ask(port, LONG) as connection:
        assert connection.recv(1)

        assert list(tmp_path.iterdir()) == []


def _is_open(server: psutil.Process, peer_port: int) -> bool:
    processes = (server, *server.children(recursive=True))
    return any(one.raddr and one.raddr.port == peer_port for process in processes for one in process.net_connections())


def test_places_of_slow_readers_become_free() -> None:
    with _serving(write_seconds=1) as (port, _), ExitStack() as stack:
        for _ in range(LARGE_ANSWERS_MAX):
            stack.enter_context(_ask(port, LONG))

        answer = requests.get(f"http://127.0.0.1:{port}/whole", timeout=PATIENCE_SECONDS)

        assert answer.content == PIECE * PIECES


def test_a_place_becomes_free_when_its_answer_was_read() -> None:
    with _serving(write_seconds=PATIENCE_SECONDS) as (port, _):
        for _ in range(LARGE_ANSWERS_MAX + 1):
            answer = requests.get(f"http://127.0.0.1:{port}/whole", timeout=PATIENCE_SECONDS)

            assert answer.content == PIECE * PIECES


def test_a_place_becomes_free_when_its_client_leaves() -> None:
    with _serving(write_seconds=PATIENCE_SECONDS) as (port, _):
        for _ in range(LARGE_ANSWERS_MAX + 1):
            with _ask(port, LONG) as leaving:
                assert leaving.recv(1)

        answer = requests.get(f"http://127.0.0.1:{port}/whole", timeout=PATIENCE_SECONDS)

        assert answer.content == PIECE * PIECES


def test_a_connection_with_nothing_waiting_goes_on() -> None:
    readers = SlowReaders(write_seconds=30)

    assert readers.look({OURS: Outgoing(0, 0)}, 0.0) == []
    assert readers.look({OURS: Outgoing(0, 0)}, 1_000.0) == []


def test_a_client_that_takes_nothing_is_ended_after_its_time() -> None:
    readers = SlowReaders(write_seconds=30)

    assert readers.look({OURS: Outgoing(100, 5)}, 0.0) == []
    assert readers.look({OURS: Outgoing(100, 5)}, 29.0) == []
    assert readers.look({OURS: Outgoing(100, 5)}, 30.0) == [OURS]


def test_a_client_that_takes_a_byte_now_and_then_is_ended_too() -> None:
    readers = SlowReaders(write_seconds=30)

    looks = [readers.look({OURS: Outgoing(second, 5)}, float(second)) for second in range(0, 31, 5)]

    assert looks == [[], [], [], [], [], [], [OURS]]


def test_a_client_on_a_slow_line_may_take_as_long_as_its_answer_is() -> None:
    readers = SlowReaders(write_seconds=30)

    looks = [readers.look({OURS: Outgoing(second * BYTES_PER_SECOND_LEAST, 5)}, float(second)) for second in range(0, 600, 5)]

    assert not any(looks)


def test_another_connection_with_the_same_number_begins_anew() -> None:
    readers = SlowReaders(write_seconds=30)
    readers.look({OURS: Outgoing(100, 5)}, 0.0)

    assert readers.look({(5, "192.0.2.1", 40_001): Outgoing(100, 5)}, 30.0) == []
