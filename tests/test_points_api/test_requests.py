"""Requests as a whole: keys, bounds, limits, and what no log may hold."""

import gzip
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from sqlalchemy import event
from sqlmodel import select
from structlog.testing import capture_logs
from werkzeug.exceptions import TooManyRequests
from werkzeug.test import create_environ

from app.db.tables import ApiKeyRow
from app.settings import load_settings
from app.usecases.api.manage_keys import create_key, list_keys, revoke_key
from app.usecases.operating.create_store import create_store
from app.web import create_app, limiting
from app.web.limiting import RequestLimiter, open_storage
from app.web.points_api.views import IDEMPOTENCY_KEY
from app.web.server.waiting_requests import CALLER_IS_KNOWN
from tests.clock import MovableClock
from tests.demo.app_process import free_port
from tests.served_points import ServedPoints, serve_points
from tests.waiting import PATIENCE_SECONDS
from tests.world import serve_app

ITEMS = [{"amount": 5, "email": "ada@example.com"}]
CALLS = ["claims", "instants"]


def error_of(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def last_use(api: ServedPoints) -> Any:
    with api.services.database.reading() as session:
        return session.exec(select(ApiKeyRow.last_used_at)).one()


@pytest.mark.parametrize("spelled", [str, str.upper, lambda key: key.replace("-", ""), lambda key: f"{{{key}}}"])
def test_a_key_is_a_guid_however_it_is_spelled(api: ServedPoints, spelled: Callable[[str], str]) -> None:
    assert api.ask("POST", f"/api/v1/points?csapikey={spelled(api.key)}", json=ITEMS).status_code == 200


@pytest.mark.parametrize("name", ["Authorization", "X-Api-Key"])
def test_a_key_may_come_in_a_header_instead(api: ServedPoints, name: str) -> None:
    headers = {name: f"Bearer {api.key}" if name == "Authorization" else api.key}

    assert api.ask("POST", "/api/v1/points", json=ITEMS, headers=headers).json()[0]["created"]
    assert api.ask("POST", "/api/v1/points/INSTANT", json=ITEMS, headers=headers).json()[0]["applied"]
    assert api.ask("GET", "/api/v1/points/email/ada@example.com/Full", headers=headers).json()["AvailablePoints"] == 5


@pytest.mark.parametrize("key", ["", "nonsense", "6037d53f-4088-43a2-8ab6-b5cdcd6de290", "0" * 32])
def test_an_unknown_key_opens_nothing(api: ServedPoints, key: str) -> None:
    answers = [
        api.ask("POST", f"/api/v1/points?csapikey={key}", json=ITEMS),
        api.ask("POST", f"/api/v1/points/{key or 'x'}/INSTANT", json=ITEMS),
        api.ask("GET", f"/api/v1/points/{key or 'x'}/email/ada@example.com/Full"),
    ]

    assert [error_of(answer) for answer in answers] == [(401, "UNKNOWN_KEY")] * 3
    assert answers[0].headers["WWW-Authenticate"].startswith("Bearer")
    assert api.stored_claims() == []


def test_a_revoked_key_opens_nothing(api: ServedPoints) -> None:
    revoke_key(api.services, 1)

    assert error_of(api.claims(ITEMS)) == (401, "UNKNOWN_KEY")


def test_a_key_opens_its_own_stores_points_and_no_others(api: ServedPoints) -> None:
    create_store(api.services, "Other")
    other = create_key(api.services, "other")

    api.instants(ITEMS)

    assert api.ask("GET", f"/api/v1/points/{other}/email/ada@example.com/Full").status_code == 404


def test_a_keys_last_use_is_shown_and_written_at_most_once_a_minute(api: ServedPoints) -> None:
    assert last_use(api) is None

    api.claims(ITEMS)
    first = last_use(api)
    api.claims(ITEMS)
    assert last_use(api) == first is not None
    api.clock.advance(minutes=1)
    api.claims(ITEMS)

    assert last_use(api) >= first + timedelta(minutes=1)
    assert list_keys(api.services)[0].last_used_at == last_use(api)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"points",
        b'{"amount": 5}',
        b"7",
        b"null",
        b'"[]"',
        b"[NaN]",
        b"[Infinity]",
        b"\xff\xfe",
        b"[" * 100_000,
        b"[" + b"9" * 5000 + b"]",
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/points", "/api/v1/points/INSTANT"])
def test_what_is_no_array_is_refused_whole(api: ServedPoints, path: str, body: bytes) -> None:
    assert error_of(api.ask("POST", path, data=body, headers={"X-Api-Key": api.key})) == (400, "BAD_REQUEST")


def test_a_packed_body_is_not_unpacked(api: ServedPoints) -> None:
    headers = {"X-Api-Key": api.key, "Content-Encoding": "gzip"}

    answer = api.ask("POST", "/api/v1/points/INSTANT", data=gzip.compress(json.dumps(ITEMS).encode()), headers=headers)

    assert error_of(answer) == (400, "BAD_REQUEST")
    assert api.stored_balance("ada@example.com").available == 0


@pytest.mark.parametrize("call", CALLS)
def test_a_thousand_items_go_through_and_one_more_is_refused_whole(api: ServedPoints, call: str) -> None:
    ask = getattr(api, call)

    assert error_of(ask(ITEMS * 1001)) == (413, "REQUEST_ENTITY_TOO_LARGE")
    assert (api.stored_claims(), api.stored_balance("ada@example.com").available) == ([], 0)
    assert len(ask(ITEMS * 1000).json()) == 1000


@pytest.mark.parametrize("call", CALLS)
def test_more_than_a_megabyte_is_refused_whole(api: ServedPoints, call: str) -> None:
    answer = getattr(api, call)([{**ITEMS[0], "note": "x" * 1024 * 1024}])

    assert error_of(answer) == (413, "REQUEST_ENTITY_TOO_LARGE")
    assert (api.stored_claims(), api.stored_balance("ada@example.com").available) == ([], 0)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/v1/points"), ("PUT", "/api/v1/points"), ("GET", "/api/v1/points/INSTANT")]
)
def test_another_method_is_refused(api: ServedPoints, method: str, path: str) -> None:
    assert error_of(api.ask(method, path)) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("name", ["API_LIMIT_PER_KEY", "API_LIMIT_PER_ADDRESS"])
def test_who_asks_too_often_is_told_how_long_to_wait(fresh_sqlite: Callable[[], str], clock: MovableClock, name: str) -> None:
    with serve_points(fresh_sqlite(), clock, **{name: "2/hour"}) as api:
        answers = [api.claims(ITEMS) for _ in range(3)]

        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert error_of(answers[2]) == (429, "TOO_MANY_REQUESTS")
        assert 0 < int(answers[2].headers["Retry-After"]) <= 3600
        assert len(api.stored_claims()) == 2


def test_guessing_keys_is_counted_too(fresh_sqlite: Callable[[], str], clock: MovableClock) -> None:
    with serve_points(fresh_sqlite(), clock, API_LIMIT_PER_ADDRESS="2/hour") as api:
        answers = [api.ask("POST", f"/api/v1/points?csapikey={uuid4()}", json=ITEMS) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [401, 401]
        assert api.claims(ITEMS).status_code == 429


def test_one_keys_limit_is_not_anothers(fresh_sqlite: Callable[[], str], clock: MovableClock) -> None:
    with serve_points(fresh_sqlite(), clock, API_LIMIT_PER_KEY="1/hour") as api:
        other = create_key(api.services, "shop")

        assert api.claims(ITEMS).status_code == 200
        assert api.ask("POST", f"/api/v1/points?csapikey={other}", json=ITEMS).status_code == 200
        assert api.claims(ITEMS).status_code == 429


def test_by_default_a_key_has_a_hundred_requests_a_second() -> None:
    settings = load_settings({})

    assert (settings.api_limit_per_key, settings.limits_storage_url) == ("100/second", "memory://")


def test_while_the_shared_count_is_away_each_process_counts_for_itself() -> None:
    limiter = RequestLimiter("1/hour", storage=open_storage("redis://127.0.0.1:1/0"))

    limiter.check("a key")

    with pytest.raises(TooManyRequests):
        limiter.check("a key")


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A Redis that is there for the test alone."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.skip("neither redis-server nor valkey-server is installed")
    port = free_port()
    options = {"--port": str(port), "--bind": "127.0.0.1", "--save": "", "--dir": str(tmp_path)}
    server = subprocess.Popen(
        [program, *(word for option in options.items() for word in option)], stdout=subprocess.PIPE, text=True
    )
    with server:
        assert server.stdout is not None
        assert any("Ready to accept" in line for line in server.stdout), "it did not start"
        yield f"redis://127.0.0.1:{port}/0"
        server.terminate()


def test_processes_with_a_shared_count_count_together(
    redis_url: str, fresh_sqlite_url: str, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine a Redis that is there may be slow, and that is not what is tested.
    monkeypatch.setattr(limiting, "STORAGE_SECONDS", PATIENCE_SECONDS)
    limits = {"LIMITS_STORAGE_URL": redis_url, "API_LIMIT_PER_KEY": "3/hour"}
    with serve_points(fresh_sqlite_url, clock, **limits) as one, serve_app(fresh_sqlite_url, clock, **limits) as (_, _, url):
        other = replace(one, url=url)
        answers = [served.claims(ITEMS).status_code for served in (one, other, one, other, one)]

        assert answers == [200, 200, 200, 429, 429]
        assert replace(other, key=create_key(one.services, "shop")).claims(ITEMS).status_code == 200


@pytest.mark.parametrize("call", CALLS)
def test_however_many_items_there_are_it_takes_as_many_statements(api_on_each: ServedPoints, call: str) -> None:
    ask = getattr(api_on_each, call)
    statements: list[str] = []

    def count(many: int) -> int:
        statements.clear()
        items = [{"amount": 5, "email": f"{many}-{number}@example.com", "expires": number % 7} for number in range(many)]
        answer = ask(items, **{IDEMPOTENCY_KEY: str(many)})
        assert [item.get("created", item.get("applied")) for item in answer.json()] == [True] * many
        return len(statements)

    ask(ITEMS)
    event.listen(api_on_each.services.database.engine, "before_cursor_execute", lambda *details: statements.append(details[2]))

    assert count(2) == count(1000) <= 13


def test_no_log_line_holds_a_key_a_token_or_an_address(api: ServedPoints) -> None:
    stranger = str(uuid4())
    with capture_logs() as logged:
        token = api.claims(ITEMS).json()[0]["claimToken"]
        api.instants([*ITEMS, {"amount": -900, "email": "bob@example.com"}])
        api.balance("nobody@example.com")
        api.ask("POST", f"/api/v1/points/{stranger}/INSTANT", json=ITEMS)

    told = str(logged)
    assert "claims created" in told
    for secret in (api.key, stranger, token, token.replace("-", ""), "ada@example.com", "nobody@example.com"):
        assert secret not in told


@pytest.mark.parametrize(("key_of", "is_known"), [(lambda api: api.key, True), (lambda _: str(uuid4()), False)])
def test_the_server_is_told_which_callers_are_known(
    api: ServedPoints, key_of: Callable[[ServedPoints], str], is_known: bool
) -> None:
    environ = create_environ(f"/api/v1/points/{key_of(api)}/email/ada@example.com/Full")

    create_app(api.services, load_settings())(environ, lambda *_: lambda _: None)

    assert (CALLER_IS_KNOWN in environ) is is_known
