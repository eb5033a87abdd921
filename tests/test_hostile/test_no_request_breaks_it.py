"""10,000 hostile requests over every route: nothing breaks, nothing is told. HOSTILE_REQUESTS says how many.

That is on SQLite. On PostgreSQL it is a fifth of them.
"""

import gc
import json
import os
from collections import Counter
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import psutil
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from tests.test_hostile.conftest import Target
from tests.test_hostile.requests_of_strangers import BATCH, MARK_UP, Asked, bodies, requests_to, texts
from tests.test_web.calls import ORDER_ID, told

REQUESTS = int(os.environ.get("HOSTILE_REQUESTS") or 10_000)
ON_POSTGRESQL = 5
# Strangers ask in five parts, so that several processes can share the work; staff and a signing Saleor in one each.
PARTS = 5
COMPONENT = "/storefront/v1/points.js"
MEMORY_REQUESTS, MEMORY_ROUNDS = 200, 4
MEMORY_BYTES_MORE = 16 * 1024 * 1024

pytestmark = pytest.mark.timeout(1800 + REQUESTS // 5)


def _requests(target: Target) -> int:
    return REQUESTS if target.world.services.database.is_sqlite else REQUESTS // ON_POSTGRESQL


def _many(requests: int) -> settings:
    """Settings of hypothesis: the same requests each time, and no database of earlier ones."""
    return settings(
        max_examples=requests,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def _rules(target: Target, part: int | None = None) -> list[Rule]:
    rules = sorted(target.flask.url_map.iter_rules(), key=lambda rule: rule.rule)
    return rules if part is None else rules[part::PARTS]


def _withstood(answer: Response, secrets: tuple[str, ...], path: str) -> None:
    body = answer.get_data(as_text=True) if answer.mimetype in _TEXTS else ""
    said = body + "\n" + "\n".join(f"{name}: {value}" for name, value in answer.headers)
    assert answer.status_code < 500 or _is_intended(answer, body), (answer.status_code, body[:500])
    for secret in secrets:
        assert secret not in said
    if answer.mimetype == "text/html":
        assert MARK_UP not in body
    if answer.mimetype == "text/html" and body:
        _is_framed_by_nobody(answer, path)
    # No script of another site may read an answer, but for the component that shops' pages load.
    assert path == COMPONENT or "Access-Control-Allow-Origin" not in answer.headers
    assert "planted=1" not in (answer.headers.get("Set-Cookie") or "")
    assert "Traceback" not in body


def _is_framed_by_nobody(answer: Response, path: str) -> None:
    """The merchant's pages belong into a frame, of which they say whose; no other does."""
    ancestors = (answer.headers.get("Content-Security-Policy") or "").partition("frame-ancestors ")[2].partition(";")[0]
    if path.startswith("/app/") or path == "/app":
        assert ancestors, path
    else:
        assert (ancestors, answer.headers.get("X-Frame-Options")) == ("'none'", "DENY"), (path, answer.status_code)


_TEXTS = {"text/html", "application/json", "text/plain", "text/css", "text/javascript", "text/csv", "application/javascript"}


def _is_intended(answer: Response, body: str) -> bool:
    """Saleor is told to come again while its keys, or it itself, cannot be asked."""
    if answer.status_code != 503 or answer.mimetype != "application/json":
        return False
    return json.loads(body)["error"]["code"] in {"UNAVAILABLE", "SALEOR_UNREACHABLE", "SALEOR_FAULT", "SALEOR_BUSY"}


def _log_tells_nothing(target: Target) -> None:
    lines = target.log.getvalue()
    assert '"defect"' not in lines
    for secret in (*target.secrets, "nobody@example.org"):
        assert secret not in lines


@pytest.mark.parametrize("part", range(PARTS))
def test_a_strangers_requests_break_nothing_and_are_told_nothing(target: Target, part: int) -> None:
    secrets, met, routes = target.secrets, Counter[int](), set[str]()
    rules = _rules(target, part)
    known = [target.store().slug, target.world.saleor.api_url, ORDER_ID, "overview", "orders"]

    def ask_all(batch: list[Asked]) -> None:
        for asked in batch:
            answer = target.ask(asked)
            met[answer.status_code] += 1
            routes.add(asked.route)
            _withstood(answer, secrets, asked.path)

    _many(_requests(target) * 65 // 100 // PARTS // BATCH)(given(requests_to(rules, known))(ask_all))()
    # Chance may have missed a few: each of these batches is for them alone.
    while missed := [rule for rule in rules if rule.rule not in routes]:
        _many(1)(given(requests_to(missed, known))(ask_all))()
    _log_tells_nothing(target)
    assert len(met) > 1, met
    assert routes == {rule.rule for rule in rules}


def test_staff_and_api_clients_can_break_nothing(target: Target) -> None:
    """With a right token or key, and everything else as hostile: they may see e-mails and links, never a key."""
    keys, met = target.keys, Counter[int]()
    token, api_url, slug = target.staff_token(), target.world.saleor.api_url, target.store().slug
    vouched = (("Authorization", f"Bearer {token}"), ("Saleor-Api-Url", api_url))
    form = {"accessToken": token, "saleorApiUrl": api_url, "appId": target.store().app_id or ""}
    rules = [rule for rule in _rules(target) if rule.rule.startswith(("/app/", "/api/v1/"))]
    known = [target.api_key, slug, api_url, "1", *target.orders, "rules", "settings", "customers", "orders/1", "0" * 32]

    @_many(_requests(target) * 3 // 10 // BATCH)
    @given(requests_to(rules, known), st.booleans())
    def run(batch: list[Asked], is_form: bool) -> None:
        for asked in batch:
            sent = replace(asked, headers=(*asked.headers, *vouched))
            if is_form and b"=" in asked.body:
                body = asked.body + b"&" + urlencode(form).encode()
                sent = replace(sent, method="POST", body=body, content_type="application/x-www-form-urlencoded")
            answer = target.ask(sent)
            met[answer.status_code] += 1
            _withstood(answer, keys, sent.path)

    run()
    _log_tells_nothing(target)
    assert met[200] > 0


def test_a_saleor_that_signs_anything_can_break_nothing(target: Target) -> None:
    keys, saleor = target.secrets, target.world.saleor
    delivery = told(target.world)
    order: dict[str, Any] = delivery["order"]
    places = [(delivery, name) for name in delivery] + [(order, name) for name in order]

    @_many(_requests(target) // 20)
    @given(st.sampled_from(range(len(places))), bodies(), texts(), st.sampled_from(["orders", "app"]), st.booleans())
    def run(place: int, shape: bytes, text: str, to: str, is_whole: bool) -> None:
        body = shape if is_whole else _with_another(delivery, place, shape, text)
        headers = tuple(saleor.webhook_headers("order_paid", body).items())
        answer = target.ask(Asked("POST", f"/api/webhooks/{to}", headers=headers, body=body))
        _withstood(answer, keys, f"/api/webhooks/{to}")

    run()
    _log_tells_nothing(target)


def _with_another(delivery: dict[str, Any], place: int, shape: bytes, text: str) -> bytes:
    """Put something else in one place of a delivery."""
    changed = {**delivery, "order": dict(delivery["order"])}
    names = [(changed, name) for name in delivery] + [(changed["order"], name) for name in delivery["order"]]
    inside, name = names[place]
    try:
        inside[name] = json.loads(shape)
    except (ValueError, RecursionError):
        inside[name] = text
    return json.dumps(changed).encode()


def test_memory_stays_as_it_is(target: Target) -> None:
    """The same requests, round after round: what the first rounds took is all that is taken."""
    asked: list[Asked] = []

    @_many(MEMORY_REQUESTS // BATCH)
    @given(requests_to(_rules(target)))
    def collect(batch: list[Asked]) -> None:
        asked.extend(batch)

    collect()
    taken = []
    for _ in range(MEMORY_ROUNDS):
        for one in asked:
            target.ask(one)
        target.log.seek(0)
        target.log.truncate()
        gc.collect()
        taken.append(psutil.Process().memory_info().rss)

    assert taken[-1] - taken[1] < MEMORY_BYTES_MORE, taken
