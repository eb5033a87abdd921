"""What is logged, and what must not be read in a log."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from io import StringIO

import pytest
import structlog

from app.logs import blotted, innermost_place, set_up_logging

BLOT = "•••"
TOKEN = "0123456789abcdef0123456789abcdef"
SECRETS = [
    ("mail to jane.doe@example.com failed", "jane.doe"),
    ("mail to <jane.doe+x@mail.example.co.uk>", "jane.doe"),
    ("email=jane.doe@example.com", "jane.doe"),
    ('{"email": "jane.doe@example.com"}', "jane.doe"),
    ("for jänë@müller.example now", "jänë"),
    ("GET /api/v1/points/abcdef-12345678/email/jane.doe%40example.com/Full", "jane.doe"),
    ("GET /x?email=jane.doe%40example.com", "jane.doe"),
    ("POST /api/v1/points?csapikey=abcdef-12345678&x=1", "abcdef-12345678"),
    ("GET https://p.example/api/v1/points/abcdef-12345678/INSTANT", "abcdef-12345678"),
    ("GET /api/v1/points/%7Babcdef-12345678%7D/INSTANT", "abcdef-12345678"),
    ("X-Api-Key: abcdef-12345678", "abcdef-12345678"),
    ("{'x-api-key': 'abcdef-12345678'}", "abcdef-12345678"),
    (f"GET /claim/points/{TOKEN} 200", TOKEN),
    (f"Location: https://shop.example/claim/points/{TOKEN}?x", TOKEN),
    ("GET /claim/points/01234567-89ab-cdef-0123-456789abcdef", "456789abcdef"),
    ("Authorization: Bearer j6eM8b88LVuLcdUMsoh2maA8IEdeHZ", "j6eM8b88"),
    ("{'Authorization': 'Bearer j6eM8b88LVuLcdUMsoh2maA8IEdeHZ'}", "j6eM8b88"),
    ("postgresql+psycopg://points:pass-word@db/points", "pass-word"),
    ("postgresql+psycopg://points:pass-word@db.example.com:5432/points", "pass-word"),
]


def fail(text: str, *, because_of: Exception | None = None) -> None:
    raise ValueError(text) from because_of


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("urllib3", "gql", "alembic")}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


@pytest.fixture(params=["console", "json"])
def logged(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Set up logging in one form; the function gives what was logged so far."""
    stderr = StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    set_up_logging(log_format=request.param, level="info")

    def read() -> str:
        text = stderr.getvalue()
        if request.param == "console":
            return text
        return "\n".join(" ".join(str(value) for value in json.loads(line).values()) for line in text.splitlines())

    return read


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_a_secret_in_a_text_is_blotted_out(text: str, secret: str) -> None:
    assert secret not in blotted(text)
    assert BLOT in blotted(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "store installed",
        "https://shop.example.com/graphql/ cannot be reached",
        "GET /orders/shop?o=T3JkZXI6NWM3 200",
        "order T3JkZXI6N2EwYWEwNGQtZjlkZS00ZTZkLTllZWItODVlYjBlNTMzY2Jh",
        "2026-05-04T09:00:00.000001+00:00",
        "POST /api/v1/points",
        "POST /api/v1/points/INSTANT 200",
        "60 points @ 1 per unit",
    ],
)
def test_what_is_no_secret_stays_readable(text: str) -> None:
    assert blotted(text) == text


def test_a_long_text_is_blotted_in_no_time() -> None:
    assert blotted("a" * 50_000) == "a" * 50_000


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_a_secret_in_a_message_is_not_logged(logged: Callable[[], str], text: str, secret: str) -> None:
    structlog.get_logger().warning(text)

    assert secret not in (told := logged())
    assert BLOT in told


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_a_secret_in_a_field_is_not_logged(logged: Callable[[], str], text: str, secret: str) -> None:
    structlog.get_logger().warning("something happened", detail=text)

    assert secret not in (told := logged())
    assert BLOT in told


@pytest.mark.parametrize(
    "value",
    [
        ["jane.doe@example.com"],
        ("jane.doe@example.com",),
        {"jane.doe@example.com"},
        {"to": "jane.doe@example.com"},
        {"jane.doe@example.com": 1},
        {"to": [{"cc": ("x", "jane.doe@example.com")}]},
        b"jane.doe@example.com",
        ValueError("jane.doe@example.com"),
    ],
)
def test_a_secret_deep_in_a_field_is_not_logged(logged: Callable[[], str], value: object) -> None:
    structlog.get_logger().warning("something happened", detail=value)

    assert "jane.doe" not in (told := logged())
    assert BLOT in told


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_a_secret_in_a_traceback_is_not_logged(logged: Callable[[], str], text: str, secret: str) -> None:
    try:
        fail(text)
    except ValueError:
        structlog.get_logger().exception("it failed")

    told = logged()
    assert secret not in told
    assert "ValueError" in told
    assert "test_logs.py" in told


def test_a_secret_in_the_cause_of_an_error_is_not_logged(logged: Callable[[], str]) -> None:
    try:
        fail("jane.doe@example.com", because_of=KeyError("john.doe@example.com"))
    except ValueError:
        structlog.get_logger().exception("it failed")

    told = logged()
    assert "doe" not in told.replace("does", "")
    assert "KeyError" in told


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_a_librarys_own_lines_are_blotted_too(logged: Callable[[], str], text: str, secret: str) -> None:
    logging.getLogger("some.library").warning("heard: %s", text)

    assert secret not in (told := logged())
    assert "heard" in told


def test_a_librarys_traceback_is_blotted_too(logged: Callable[[], str]) -> None:
    try:
        fail("jane.doe@example.com")
    except ValueError:
        logging.getLogger("some.library").exception("it failed")

    assert "jane.doe" not in (told := logged())
    assert "ValueError" in told


def test_urllib3_does_not_write_addresses(logged: Callable[[], str]) -> None:
    logging.getLogger("urllib3.connectionpool").debug("GET /api/v1/points/key")
    logging.getLogger("urllib3.connectionpool").info("GET /api/v1/points/key")

    assert logged() == ""


def test_a_line_of_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(log_format="json", level="info")

    structlog.get_logger().info("orders settled", store="shop", orders=3, is_late=False, because=None)

    line = json.loads(capsys.readouterr().err)
    assert {name: line[name] for name in ("event", "level", "store", "orders", "is_late", "because")} == {
        "event": "orders settled", "level": "info", "store": "shop", "orders": 3, "is_late": False, "because": None,
    }  # fmt: skip
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(("level", "is_told"), [("debug", True), ("info", True), ("warning", False), ("error", False)])
def test_the_level_is_kept(capsys: pytest.CaptureFixture[str], level: str, is_told: bool) -> None:
    set_up_logging(log_format="console", level=level)

    structlog.get_logger().info("hello")

    assert ("hello" in capsys.readouterr().err) is is_told


def test_setting_up_twice_logs_once(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        set_up_logging(log_format="json", level="info")

    structlog.get_logger().info("hello")

    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_line_break_in_a_field_makes_no_second_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(log_format="json", level="info")

    structlog.get_logger().info("hello", path='x\n{"event": "forged"}')

    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_place_of_an_error_is_named_without_its_text() -> None:
    with pytest.raises(ValueError, match="jane") as raised:
        fail("jane.doe@example.com")

    place = innermost_place(raised.value)
    assert place.rpartition(":")[0] == __file__
    assert "jane" not in place


def test_an_error_that_was_never_raised_has_no_place() -> None:
    assert innermost_place(ValueError("x")) == ""
