"""Connections that somebody opens and leaves half-said: others are served all the same."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests

from tests.test_processes.conftest import Run, Start
from tests.waiting import PATIENCE_SECONDS

HALF_A_BODY = b"POST /api/webhooks/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf"
HALF_A_CHUNK = b"POST /api/v1/points HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf"
HALF_A_FORM = b"POST /claim/points/" + b"0" * 32 + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nonce="
HALF_A_HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Half: "
NOTHING = b""
HALF_OPEN = {HALF_A_BODY: 50, HALF_A_CHUNK: 50, HALF_A_FORM: 50, HALF_A_HEAD: 200, NOTHING: 200}


@pytest.fixture
def connections() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_what_is_half_said_holds_up_nobody(start: Start, run_here: Run, connections: ExitStack) -> None:
    assert run_here("migrate").returncode == 0
    web = start("web").wait_until_ready()
    for said, count in HALF_OPEN.items():
        for _ in range(count):
            connection = connections.enter_context(socket.create_connection(("127.0.0.1", web.port)))
            connection.sendall(said)

    asked = [requests.get(f"{web.url}/readyz", timeout=PATIENCE_SECONDS).status_code for _ in range(10)]
    webhook = f"{web.url}/api/webhooks/orders"
    delivered = [requests.post(webhook, data=b"{}", timeout=PATIENCE_SECONDS).status_code for _ in range(10)]

    assert asked == [200] * 10
    # Heard to the end and refused: nobody has installed the app here.
    assert delivered == [401] * 10
