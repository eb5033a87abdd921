"""What the server makes of a request, over real sockets: whole, or refused."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from app.web.server.receiving import BODY_BYTES_MAX, LARGE_BODIES_MAX
from tests.demo.app_process import environment, free_port
from tests.test_processes.echo import PIECE, PIECES, THREADS
from tests.waiting import PATIENCE_SECONDS, wait_until

# Over at once: for what is given up. All else has minutes.
SHORT_SECONDS = 1
HALF_A_BODY = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf"
LARGE = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """Give the port of a server with two threads; a body may take as long as any test."""
    with _running(body_seconds=PATIENCE_SECONDS) as port:
        yield port


@pytest.fixture
def short_server() -> Iterator[int]:
    """Give the port of a server that soon gives up a body."""
    with _running(body_seconds=SHORT_SECONDS) as port:
        yield port


@contextmanager
def _running(*, body_seconds: int) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "tests.test_processes.echo", str(port), str(body_seconds), str(PATIENCE_SECONDS)]
    with subprocess.Popen(command, env={**environment(), "PLANTED_IN_ENVIRONMENT": "1"}) as process:
        wait_until(lambda: _serves(port), what="the server serves")
        yield port
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0


def _serves(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _open(port: int, said: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
    connection.sendall(said)
    return connection


def _all_of(connection: socket.socket) -> bytes:
    """Read until the other side hangs up."""
    answer = b""
    while part := connection.recv(65536):
        answer += part
    return answer


def _answer(port: int, said: bytes) -> tuple[int, dict[str, Any]]:
    """Ask on a connection of its own, and read a JSON answer."""
    with _open(port, said.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)) as connection:
        head, _, body = _all_of(connection).partition(b"\r\n\r\n")
    return int(head[9:12]), json.loads(body)


def test_a_body_of_known_length_comes_whole(server: int) -> None:
    body = os.urandom(BODY_BYTES_MAX)

    told = requests.post(f"http://127.0.0.1:{server}/", data=body, timeout=PATIENCE_SECONDS).json()

    assert (told["length"], told["digest"]) == (len(body), sha256(body).hexdigest())


def test_a_body_in_chunks_comes_whole_with_its_length(server: int) -> None:
    chunks = [os.urandom(7_000) for _ in range(20)]

    told = requests.post(f"http://127.0.0.1:{server}/", data=iter(chunks), timeout=PATIENCE_SECONDS).json()

    assert (told["length"], told["digest"]) == (140_000, sha256(b"".join(chunks)).hexdigest())
    assert "transfer-encoding" not in told["headers"]


@pytest.mark.parametrize("body", [b"x" * (BODY_BYTES_MAX + 1), [b"x" * 50_000] * 30], ids=["by its length", "in chunks"])
def test_a_body_that_is_too_long_is_refused(server: int, body: bytes | Iterable[bytes]) -> None:
    data = body if isinstance(body, bytes) else iter(body)

    answer = requests.post(f"http://127.0.0.1:{server}/", data=data, timeout=PATIENCE_SECONDS)

    assert answer.status_code == 413
    assert answer.headers["Connection"] == "close"


def test_a_request_is_told_as_it_was_asked(server: int) -> None:
    asked = (
        b"GET /a%20b%2Fc%C3%A9?q=1&q=%C3%A9 HTTP/1.1\r\nHost: shop.example:3000\r\nX-Twice: 1\r\nX-Twice: 2\r\n"
        b"Cookie: a=1\r\nCookie: b=2\r\nContent-Type: text/plain\r\n\r\n"
    )

    status, told = _answer(server, asked)

    assert status == 200
    assert (told["method"], told["path"], told["query"]) == ("GET", "a b/cé", {"q": ["1", "é"]})
    assert told["address"] == "127.0.0.1"
    assert told["headers"]["host"] == "shop.example:3000"
    assert told["headers"]["x-twice"] == "1,2"
    assert told["headers"]["cookie"] == "a=1; b=2"
    assert told["headers"]["content-type"] == "text/plain"
    assert told["digest"] == sha256(b"").hexdigest()
    assert told["secret"] is False


def test_an_underscore_does_not_pass_for_a_hyphen(server: int) -> None:
    asked = b"GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.1\r\nX_Forwarded_For: 203.0.113.9\r\n\r\n"

    _, told = _answer(server, asked)

    assert told["headers"]["x-forwarded-for"] == "192.0.2.1"


def test_the_head_alone_has_the_length_and_no_body(server: int) -> None:
    answer = requests.head(f"http://127.0.0.1:{server}/", timeout=PATIENCE_SECONDS)

    assert int(answer.headers["Content-Length"]) > 100
    assert answer.content == b""


def test_an_unchanged_answer_has_no_length_of_its_own(server: int) -> None:
    answer = requests.get(f"http://127.0.0.1:{server}/unchanged", timeout=PATIENCE_SECONDS)

    assert (answer.status_code, answer.headers["ETag"]) == (304, '"1"')
    assert "Content-Length" not in answer.headers


def test_a_long_answer_comes_whole_with_its_length(server: int) -> None:
    answer = requests.get(f"http://127.0.0.1:{server}/pieces", timeout=PATIENCE_SECONDS)

    assert answer.content == PIECE * PIECES
    assert answer.headers["Content-Length"] == str(len(answer.content))


def test_an_answer_that_breaks_off_is_not_taken_for_whole(server: int) -> None:
    answer = requests.get(f"http://127.0.0.1:{server}/breaks", timeout=PATIENCE_SECONDS)

    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "DEFECT"
    assert b"0123" not in answer.content


def test_an_error_while_an_answer_is_closed_is_seen(server: int) -> None:
    answer = requests.get(f"http://127.0.0.1:{server}/breaks-at-its-end", timeout=PATIENCE_SECONDS)

    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "DEFECT"


def test_who_reads_slowly_or_hangs_up_holds_no_thread(server: int) -> None:
    asked = b"GET /pieces HTTP/1.1\r\nHost: h\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(_open(server, asked))
        for _ in range(10):
            _open(server, asked).close()

        assert requests.get(f"http://127.0.0.1:{server}/", timeout=PATIENCE_SECONDS).ok


def test_half_a_body_holds_no_thread(server: int) -> None:
    with ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(_open(server, HALF_A_BODY))

        assert requests.get(f"http://127.0.0.1:{server}/", timeout=PATIENCE_SECONDS).ok


def test_half_a_body_is_given_up(short_server: int) -> None:
    with ExitStack() as stack:
        halves = [stack.enter_context(_open(short_server, HALF_A_BODY)) for _ in range(50)]

        for half in halves:
            answer = _all_of(half)
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert b'"REQUEST_TIMEOUT"' in answer


def test_half_a_body_whose_sender_hangs_up_never_reaches_the_application(server: int) -> None:
    for _ in range(10):
        _open(server, HALF_A_BODY).close()

    assert requests.get(f"http://127.0.0.1:{server}/", timeout=PATIENCE_SECONDS).ok


def test_large_bodies_have_places_and_small_ones_need_none(server: int) -> None:
    with ExitStack() as stack:
        held = [stack.enter_context(_open(server, LARGE)) for _ in range(LARGE_BODIES_MAX)]
        wait_until(lambda: _status_of_large(server) == 503, what="all places are taken")

        assert requests.post(f"http://127.0.0.1:{server}/", data=b"x" * 1000, timeout=PATIENCE_SECONDS).ok

        for one in held:
            one.close()
    wait_until(lambda: _status_of_large(server) == 200, what="places are free again")


def _status_of_large(port: int) -> int:
    return requests.post(f"http://127.0.0.1:{port}/", data=b"x" * 100_000, timeout=PATIENCE_SECONDS).status_code


def test_as_many_requests_are_in_hand_as_there_are_threads(server: int) -> None:
    with _open(server, b"GET /waits HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n") as waiting:
        assert requests.get(f"http://127.0.0.1:{server}/opens", timeout=PATIENCE_SECONDS).text == "opened"

        assert _all_of(waiting).endswith(b"True")


def test_a_request_whose_client_left_before_its_turn_is_not_worked_off(short_server: int, tmp_path: Path) -> None:
    # The server notices when it notices, so this is tried until it did so in time. One that never does would never pass.
    gates = (tmp_path / str(number) for number in count())
    wait_until(lambda: _is_passed_over(short_server, next(gates)), what="a request is passed over")


def _is_passed_over(port: int, gate: Path) -> bool:
    """Send a request while every thread is taken, leave, and tell whether it was never worked off."""
    before = _counted(port)
    with ExitStack() as stack:
        asked = f"GET /until?file={gate} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode()
        held = [stack.enter_context(_open(port, asked)) for _ in range(THREADS)]
        with _open(port, b"POST /count HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n") as leaving:
            # Given up without a thread, three seconds later: by then the server has put the other request in line.
            _all_of(stack.enter_context(_open(port, HALF_A_BODY)))
            leaving.shutdown(socket.SHUT_WR)
            answer = _all_of(leaving)
        gate.touch()
        for one in held:
            _all_of(one)
    return not answer and _counted(port) == before


def test_arrays_of_one_key_hold_up_nobody_else(server: int, tmp_path: Path) -> None:
    before, gate = _counted(server), tmp_path / "gate"
    asked = f"POST /api/v1/points?csapikey={uuid4()}&file={gate} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n".encode()
    array = asked + b"Content-Length: 40000\r\n\r\n" + b"x" * 40_000
    with ExitStack() as stack:
        arrays = [stack.enter_context(_open(server, array)) for _ in range(THREADS + 1)]
        wait_until(lambda: _counted(server) > before, what="an array is in hand")

        webhook = requests.post(f"http://127.0.0.1:{server}/api/webhooks/orders", timeout=PATIENCE_SECONDS)

        in_hand = _counted(server) - before
        gate.touch()
        answers = [_all_of(one) for one in arrays]
    assert webhook.status_code == 200
    assert in_hand == 1
    assert all(answer.endswith(b"there") for answer in answers)


def _counted(port: int) -> int:
    return int(requests.get(f"http://127.0.0.1:{port}/counted", timeout=PATIENCE_SECONDS).text)


def test_what_is_no_http_ends_with_400(server: int) -> None:
    with _open(server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n") as connection:
        assert _all_of(connection).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 4\r\nContent-Length: 5",
        b"Content-Length: -1",
        b"Content-Length: 4x",
        b"Transfer-Encoding: chunked, identity",
    ],
)
def test_a_request_whose_end_is_in_doubt_is_refused(server: int, framing: bytes) -> None:
    said = b"POST / HTTP/1.1\r\nHost: h\r\n" + framing + b"\r\n\r\nbody"
    with _open(server, said) as connection:
        assert _all_of(connection).startswith(b"HTTP/1.1 400 ")
