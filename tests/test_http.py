"""Calls to the outside end in time, stay small, go nowhere else, and know whether anything was sent."""

import datetime
import gzip
import ipaddress
import socket
import ssl
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app import http as outside
from app.http import adapter, names
from app.http.public_addresses import is_public
from tests.standins.serving import Answer, LocalServer, Manner, Request
from tests.waiting import PATIENCE_SECONDS, call_that_arrives, wait_until

SHORT_SECONDS = 0.2
FULL_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK"

Talk = Callable[[socket.socket, threading.Event], None]


@contextmanager
def raw_server(talk: Talk) -> Iterator[str]:
    """Serve one connection byte by byte. `talk` is told by the event that the test is over."""
    over = threading.Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve() -> None:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            # The client shuts the connection when its time is over.
            with connection, suppress(OSError):
                talk(connection, over)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            listener.close()
            thread.join(PATIENCE_SECONDS)


def read_request(connection: socket.socket) -> None:
    """Read headers and body, which come in two pieces: a connection closed with a piece unread is reset, answer and all."""
    request, ending = b"", b"\r\n\r\n"
    while not request.endswith(ending):
        piece = connection.recv(65536)
        if not piece:
            return
        request += piece
        ending = b"\r\n\r\n{}" if request.startswith(b"POST") else b"\r\n\r\n"


def drips(text: bytes, arrived: threading.Event | None = None) -> Talk:
    """Read the request, then send a byte at a time, faster than any time-out of a single read, and then nothing."""

    def talk(connection: socket.socket, over: threading.Event) -> None:
        if connection.recv(65536) and arrived is not None:
            arrived.set()
        for index in range(len(text)):
            connection.sendall(text[index : index + 1])
            if over.wait(0.02):
                return
        over.wait(PATIENCE_SECONDS)

    return talk


def cuts_after(text: bytes) -> Talk:
    def talk(connection: socket.socket, over: threading.Event) -> None:
        read_request(connection)
        connection.sendall(text)

    return talk


def says_nothing(connection: socket.socket, over: threading.Event) -> None:
    over.wait(PATIENCE_SECONDS)


@dataclass
class Answering:
    """A server that gives one answer to everything, and what it saw."""

    answer: Answer
    seen: list[Request] = field(default_factory=list)
    url: str = ""

    def handle(self, request: Request) -> Answer:
        self.seen.append(request)
        return self.answer


@contextmanager
def answering(answer: Answer) -> Iterator[Answering]:
    served = Answering(answer)
    server = LocalServer(served.handle).start()
    served.url = server.url
    try:
        yield served
    finally:
        server.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    begins = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + datetime.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


def over_tls(certificate: Path, talk: Talk) -> Talk:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def secured(connection: socket.socket, over: threading.Event) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            talk(wrapped, over)

    return secured


def failed_call(url: str, *, seconds: float = PATIENCE_SECONDS, verify: Path | None = None) -> requests.RequestException:
    with outside.new_session(total_seconds=seconds) as session, pytest.raises(requests.RequestException) as failed:
        session.post(url, json={}, verify=str(verify) if verify else True)
    return failed.value


def late_call(text: bytes, *, certificate: Path | None = None) -> requests.RequestException:
    """Call a server that has the request, and drips `text` beyond the deadline."""
    arrived = threading.Event()

    def call(seconds: float) -> requests.RequestException:
        talk = drips(text, arrived)
        with raw_server(over_tls(certificate, talk) if certificate else talk) as address:
            return failed_call(f"{'https' if certificate else 'http'}://{address}/", seconds=seconds, verify=certificate)

    return call_that_arrives(call, arrived.is_set)


@pytest.mark.parametrize("text", [b"HTTP/1.1 200 OK\r\n" + b"X-Slow: yes\r\n" * 1000, b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 9999])
def test_an_answer_that_drips_ends_at_the_deadline(text: bytes) -> None:
    error = late_call(text)

    assert isinstance(error, outside.DeadlineExceeded)
    assert not outside.was_never_sent(error)


def test_an_answer_that_drips_over_tls_ends_at_the_deadline(certificate: Path) -> None:
    error = late_call(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 9999, certificate=certificate)

    assert isinstance(error, outside.DeadlineExceeded)
    assert not outside.was_never_sent(error)


def test_endless_interim_answers_end_at_the_deadline() -> None:
    error = late_call(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)

    assert isinstance(error, outside.DeadlineExceeded)


def test_a_server_that_says_nothing_is_a_time_out_and_may_have_acted() -> None:
    error = late_call(b"")

    assert isinstance(error, requests.Timeout)
    assert not outside.was_never_sent(error)


def test_a_greeting_of_tls_that_never_comes_means_that_nothing_was_sent() -> None:
    with raw_server(says_nothing) as address:
        error = failed_call(f"https://{address}/", seconds=SHORT_SECONDS)

    assert outside.was_never_sent(error)


def test_a_greeting_of_tls_that_drips_ends_at_the_deadline_with_nothing_sent() -> None:
    # A record that promises 16 KB of handshake.
    with raw_server(drips(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc" + b"\x03" * 16000)) as address:
        error = failed_call(f"https://{address}/", seconds=SHORT_SECONDS)

    assert outside.was_never_sent(error)


def test_a_look_up_of_the_name_that_never_ends_means_that_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    over, outlasted, look_up = threading.Event(), SimpleQueue[bool](), socket.getaddrinfo

    def hang(*args: Any, **kwargs: Any) -> Any:
        outlasted.put(over.wait(PATIENCE_SECONDS))
        return look_up(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with answering(Answer()) as server:
        error = failed_call(server.url, seconds=SHORT_SECONDS)
        over.set()
        assert outlasted.get(timeout=PATIENCE_SECONDS), "the call waited for the look-up"

    assert outside.was_never_sent(error)
    assert server.seen == []


def test_a_name_server_that_never_answers_takes_one_thread_for_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    over, asked, look_up = threading.Event(), SimpleQueue[str](), socket.getaddrinfo

    def hang(host: str, *args: Any, **kwargs: Any) -> Any:
        asked.put(host)
        over.wait(PATIENCE_SECONDS)
        return look_up("127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    for _ in range(5):
        with pytest.raises(TimeoutError):
            names.look_up("silent.example", 443, SHORT_SECONDS)
    over.set()

    assert asked.qsize() == 1
    wait_until(lambda: bool(names.look_up("silent.example", 443, PATIENCE_SECONDS)), what="the name is looked up anew")


def test_a_name_with_many_addresses_that_do_not_answer_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: look_up(*args, **kwargs) * 1000)
    with closing(socket.socket()) as listener, ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        # Where the queue is full, the kernel answers nobody.
        for _ in range(4):
            client = waiting.enter_context(closing(socket.socket()))
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        error = failed_call(f"http://127.0.0.1:{listener.getsockname()[1]}/", seconds=SHORT_SECONDS)

    assert outside.was_never_sent(error)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_takes_the_request_in_drips_ends_at_the_deadline(scheme: str, certificate: Path) -> None:
    def talk(connection: socket.socket, over: threading.Event) -> None:
        while connection.recv(1024) and not over.wait(0.01):
            pass

    taken = over_tls(certificate, talk) if scheme == "https" else talk
    with (
        raw_server(taken) as address,
        outside.new_session(total_seconds=0.5) as session,
        pytest.raises(outside.DeadlineExceeded) as failed,
    ):
        session.post(f"{scheme}://{address}/", data=bytes(32 * 1024 * 1024), verify=str(certificate))

    assert not outside.was_never_sent(failed.value)


def test_a_deadline_is_of_one_call_and_not_of_the_next_on_the_same_connection() -> None:
    third_arrived = threading.Event()

    def talk(connection: socket.socket, over: threading.Event) -> None:
        for _ in range(2):
            connection.recv(65536)
            connection.sendall(FULL_ANSWER.replace(b"Connection: close\r\n", b""))
        if connection.recv(65536):
            third_arrived.set()
        over.wait(PATIENCE_SECONDS)

    def ask_thrice(seconds: float) -> tuple[list[str], requests.RequestException]:
        answers: list[str] = []
        with (
            raw_server(talk) as address,
            outside.new_session(total_seconds=seconds) as session,
            pytest.raises(requests.RequestException) as failed,
        ):
            answers.extend(session.get(f"http://{address}/").text for _ in range(3))
        return answers, failed.value

    answers, error = call_that_arrives(ask_thrice, third_arrived.is_set)

    assert answers == ["OK", "OK"]
    assert isinstance(error, requests.Timeout)
    assert not outside.was_never_sent(error)


@contextmanager
def server_that_closes_after_each_answer() -> Iterator[tuple[str, list[bytes]]]:
    """Say that connections are kept, and close each when its second request comes. Gives the requests as they came."""
    seen: list[bytes] = []
    kept_answer = FULL_ANSWER.replace(b"Connection: close\r\n", b"")
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        seen.append(connection.recv(65536))
                        connection.sendall(kept_answer)
                        seen.append(connection.recv(65536))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", seen
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive(), "a connection was left open"


def test_a_question_is_asked_again_where_the_server_closes_a_kept_connection() -> None:
    with server_that_closes_after_each_answer() as (url, seen), outside.new_session(total_seconds=PATIENCE_SECONDS) as session:
        answers = [session.get(f"{url}/{number}").text for number in range(2)]

    assert answers == ["OK", "OK"]
    assert [request[:6] for request in seen[:3]] == [b"GET /0", b"GET /1", b"GET /1"]


def test_a_change_is_not_sent_again_where_the_server_closes_a_kept_connection() -> None:
    with server_that_closes_after_each_answer() as (url, seen), outside.new_session(total_seconds=PATIENCE_SECONDS) as session:
        session.get(f"{url}/0")
        with pytest.raises(requests.ConnectionError) as failed:
            session.post(f"{url}/1")

    assert not outside.was_never_sent(failed.value)
    assert [request[:6] for request in seen] == [b"GET /0", b"POST /"]


def test_a_question_that_was_cut_on_a_new_connection_is_not_asked_again() -> None:
    with (
        raw_server(cuts_after(b"")) as address,
        outside.new_session(total_seconds=PATIENCE_SECONDS) as session,
        pytest.raises(requests.ConnectionError) as failed,
    ):
        session.get(f"http://{address}/")

    assert not outside.was_never_sent(failed.value)


def test_an_answer_longer_than_any_that_makes_sense_is_not_read_to_its_end() -> None:
    with answering(Answer(body=b" " * (adapter.ANSWER_BYTES_MAX + 1))) as server:
        error = failed_call(server.url)

    assert isinstance(error, outside.AnswerTooLong)
    assert not outside.was_never_sent(error)


def test_an_answer_of_just_the_greatest_length_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "ANSWER_BYTES_MAX", 100_000)
    with answering(Answer(body=b"x" * 100_000)) as server, outside.new_session() as session:
        assert len(session.get(server.url).content) == 100_000


def test_what_unpacks_to_more_than_makes_sense_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "ANSWER_BYTES_MAX", 1_000_000)
    packed = Answer(body=gzip.compress(b" " * 1_000_001), headers=(("Content-Encoding", "gzip"),))
    with answering(packed) as server:
        assert isinstance(failed_call(server.url), outside.AnswerTooLong)


def test_a_packed_answer_is_unpacked_no_further_than_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "ANSWER_BYTES_MAX", 1_000_000)
    # Packed twice, 128 MiB are less than a kilobyte.
    bomb = gzip.compress(gzip.compress(bytes(128 * 1024 * 1024), 1), 9)
    with answering(Answer(body=bomb, headers=(("Content-Encoding", "gzip, gzip"),))) as server:
        tracemalloc.start()
        error = failed_call(server.url)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert isinstance(error, outside.AnswerTooLong)
    assert peak < 8_000_000, peak


@pytest.mark.parametrize("size", [b"-1", b"-5", b"-ffff"])
def test_a_piece_of_a_negative_length_is_not_read(monkeypatch: pytest.MonkeyPatch, size: bytes) -> None:
    monkeypatch.setattr(adapter, "ANSWER_BYTES_MAX", 100_000)
    start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    with raw_server(cuts_after(start + size + b"\r\n" + bytes(32 * 1024 * 1024))) as address:
        tracemalloc.start()
        error = failed_call(f"http://{address}/")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert not outside.was_never_sent(error)
    assert peak < 8_000_000, peak


def test_an_answer_that_cannot_be_unpacked_may_have_acted() -> None:
    with answering(Answer(body=b"no gzip", headers=(("Content-Encoding", "gzip"),))) as server:
        error = failed_call(server.url)

    assert not outside.was_never_sent(error)


def test_what_is_asked_of_the_server_is_path_and_query() -> None:
    with answering(Answer()) as server, outside.new_session() as session:
        session.get(f"{server.url}/a%2Fb?c=d#e")
        session.get(server.url)

    assert [(request.path, request.query) for request in server.seen] == [("/a%2Fb", {"c": "d"}), ("/", {})]


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 200 " + b"a" * 100_000,
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000,
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 100_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"a" * 100_000,
    ],
    ids=["status", "header", "headers", "chunk", "trailer"],
)
def test_what_stands_around_an_answer_is_bounded_too(text: bytes) -> None:
    def talk(connection: socket.socket, over: threading.Event) -> None:
        read_request(connection)
        connection.sendall(text)
        over.wait(PATIENCE_SECONDS)

    with raw_server(talk) as address:
        error = failed_call(f"http://{address}/")

    assert not isinstance(error, requests.Timeout)
    assert not outside.was_never_sent(error)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"),
        *("255.255.255.255", "198.18.0.1", "::", "::1", "fe80::1%eth0", "fd00::1", "ff02::1", "::ffff:127.0.0.1", "::127.0.0.1"),
        *("::ffff:169.254.169.254", "2002:7f00:1::1", "64:ff9b::10.0.0.1", "64:ff9b:1::10.0.0.1"),
    ],
)
def test_an_address_within_a_network_of_ones_own_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::8.8.8.8", "2002:808:808::1"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_call_that_may_go_to_the_internet_only_sends_nothing_elsewhere(scheme: str) -> None:
    with answering(Answer()) as server, outside.new_session(public_only=True) as session:
        with pytest.raises(outside.NotPublic) as failed:
            session.post(server.url.replace("http", scheme, 1))

        assert server.seen == []
    assert outside.was_never_sent(failed.value)


def test_a_call_that_may_go_to_the_internet_only_does_not_even_connect_elsewhere() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener, outside.new_session(public_only=True) as session:
        with pytest.raises(outside.NotPublic):
            session.get(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    with answering(Answer(status, headers=(("Location", "/elsewhere"),))) as server, outside.new_session() as session:
        assert session.post(f"{server.url}/here").status_code == status
        assert session.get(f"{server.url}/here", allow_redirects=True).status_code == status

    assert [request.path for request in server.seen] == ["/here", "/here"]


def test_proxies_and_passwords_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    with answering(Answer(body=b"OK")) as server, outside.new_session() as session:
        assert session.get(server.url).text == "OK"

    assert "Authorization" not in server.seen[0].headers


def test_a_session_keeps_and_sends_no_cookie() -> None:
    with answering(Answer(headers=(("Set-Cookie", "a=b"),))) as server, outside.new_session() as session:
        session.get(server.url)
        session.get(server.url)

    assert "Cookie" not in server.seen[1].headers


@pytest.mark.parametrize("option", [{"proxies": {"http": "http://p"}}, {"cert": "client.pem"}, {"timeout": 5}])
def test_a_call_takes_no_option_that_it_would_forget(option: dict[str, Any]) -> None:
    with outside.new_session() as session, pytest.raises(TypeError):
        session.request("GET", "http://127.0.0.1:9/", **option)


def test_text_is_read_as_utf_8_whatever_the_server_says() -> None:
    answer = Answer(body="zwölf".encode(), content_type="text/html")
    with answering(answer) as server, outside.new_session() as session:
        assert session.get(server.url).text == "zwölf"


def test_a_refused_connection_was_never_sent() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]

    assert outside.was_never_sent(failed_call(f"http://127.0.0.1:{port}/"))


@pytest.mark.parametrize(
    "url",
    [
        "http://no-such-host.invalid/",
        "http://a..b/",
        "http://" + "a" * 70 + ".example/",
        "http://127.0.0.1:99999/",
        "http://[::1/",
        "http:///path",
        "api.example.com/points",
        "ftp://127.0.0.1/",
    ],
)
def test_an_address_that_leads_nowhere_was_never_sent(url: str) -> None:
    assert outside.was_never_sent(failed_call(url))


def test_a_certificate_that_nobody_vouches_for_means_that_nothing_was_sent(certificate: Path) -> None:
    with raw_server(over_tls(certificate, cuts_after(FULL_ANSWER))) as address:
        error = failed_call(f"https://{address}/")

    assert outside.was_never_sent(error)


def test_a_fault_of_tls_in_the_middle_of_an_answer_is_not_called_unsent(certificate: Path) -> None:
    def talk(connection: socket.socket, over: threading.Event) -> None:
        read_request(connection)
        # Past the encryption: to the client this is a broken record.
        plain = socket.socket(fileno=connection.detach())
        with closing(plain):
            plain.sendall(b"no record of TLS, and long enough to look like one")
            over.wait(PATIENCE_SECONDS)

    with raw_server(over_tls(certificate, talk)) as address:
        error = failed_call(f"https://{address}/", verify=certificate)

    assert isinstance(error, requests.exceptions.SSLError)
    assert not outside.was_never_sent(error)


@pytest.mark.parametrize("text", [b"", b"HTTP/1.1", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"no HTTP\r\n\r\n"])
def test_a_connection_cut_after_sending_may_have_acted(text: bytes) -> None:
    with raw_server(cuts_after(text)) as address:
        error = failed_call(f"http://{address}/")

    assert not outside.was_never_sent(error)
    assert not isinstance(error, outside.DeadlineExceeded)


def test_a_whole_answer_over_tls_comes_through(certificate: Path) -> None:
    with (
        raw_server(over_tls(certificate, cuts_after(FULL_ANSWER))) as address,
        outside.new_session() as session,
    ):
        assert session.get(f"https://{address}/", verify=str(certificate)).text == "OK"


def test_the_stand_ins_dripping_body_ends_at_the_deadline() -> None:
    with answering(Answer(body=b"x" * 1000, manner=Manner.DRIP, drip_seconds=24 * 60 * 60)) as server:
        error = call_that_arrives(lambda seconds: failed_call(server.url, seconds=seconds), lambda: bool(server.seen))

    assert isinstance(error, outside.DeadlineExceeded)
