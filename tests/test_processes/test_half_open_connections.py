"""Connections that somebody opens and leaves half-said: others are served all the same."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests

from tests.test_processes.conftest import Run, Start

HALF_OPEN = 200
HALF_A_HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Half: "


@pytest.fixture
def connections() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_half_a_head_holds_up_nobody(start: Start, run: Run, connections: ExitStack) -> None:
    assert run("migrate").returncode == 0
    web = start("web").wait_until_ready()
    for _ in range(HALF_OPEN):
        connection = connections.enter_context(socket.create_connection(("127.0.0.1", web.port)))
        connection.sendall(HALF_A_HEAD)

    answers = [requests.get(f"{web.url}/readyz", timeout=20).status_code for _ in range(10)]

    assert answers == [200] * 10
