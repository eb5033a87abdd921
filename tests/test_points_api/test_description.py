"""The OpenAPI document, and that the API keeps to it whatever it is sent."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

from app.bootstrap import build_services
from app.settings import load_settings
from app.usecases.api.manage_keys import create_key
from app.usecases.operating.create_store import create_store
from app.web import create_app
from app.web.points_api.views import DOCUMENT
from tests.browser import DESKTOP, OpenPage
from tests.clock import MovableClock
from tests.served_points import ServedPoints
from tests.world import SECRET_KEY

EXAMPLES_MAX = 15
# What is not the document itself, or its page.
CALLS = ("/api/v1/points", "/api/v1/spends", "/api/v1/rewards", "/api/v1/redemptions")
# Swagger UI puts links into buttons, a <main> into whatever shows it, and the schemas under a heading of a level too low.
NOT_OURS = ("nested-interactive", "landmark-main-is-top-level", "heading-order: <h4>")
DESCRIBED = json.loads(DOCUMENT.read_text())
OPERATIONS = [(path, method) for path, methods in DESCRIBED["paths"].items() for method in methods]


@pytest.fixture(scope="module")
def served(fresh_sqlite: Callable[[], str]) -> Iterator[tuple[Flask, str]]:
    """The app without HTTP around it, and a key: hundreds of requests go to it."""
    generous = {"API_LIMIT_PER_KEY": "100000/second", "API_LIMIT_PER_ADDRESS": "100000/second"}
    loaded = load_settings({"DATABASE_URL": fresh_sqlite(), "SECRET_KEY": SECRET_KEY, **generous})
    services = build_services(loaded, clock=MovableClock())
    create_store(services, "Shop")
    yield create_app(services, loaded), create_key(services, "shop")
    services.database.close()


def test_the_document_is_openapi_3_1(api: ServedPoints) -> None:
    answer = api.ask("GET", "/api/v1/openapi.json")

    OpenAPIV31SpecValidator(answer.json()).validate()
    assert answer.json()["openapi"].startswith("3.1")


def test_every_call_is_described_and_nothing_else(served: tuple[Flask, str]) -> None:
    rules = [rule for rule in served[0].url_map.iter_rules() if rule.rule.startswith(CALLS)]

    routes = {re.sub("<(email|int|uuid):", "<", rule.rule).replace("<", "{").replace(">", "}") for rule in rules}
    assert routes == set(DESCRIBED["paths"])


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize(
    ("path", "method"), [(path, method) for path, methods in DESCRIBED["paths"].items() for method in methods]
)
def test_the_api_keeps_to_its_document_whatever_it_is_sent(
    served: tuple[Flask, str], path: str, method: str, mode: GenerationMode
) -> None:
    app, key = served
    needs_key = "spends" in path or "redeem" in path
    operation = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)[path][method]

    @settings(
        max_examples=EXAMPLES_MAX,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        # The same key for another request is refused, as it should be.
        if case.headers.pop("Idempotency-Key", None) is not None and needs_key:
            case.headers["Idempotency-Key"] = str(uuid4())
        # An item that will not do is refused by itself, in an answer that is none the less a 200. The good key is always there.
        excluded = [negative_data_rejection, ignored_auth]
        if needs_key:
            # No schema says which text can be printed.
            excluded.append(positive_data_acceptance)
        case.call_and_validate(headers={"X-Api-Key": key}, excluded_checks=excluded)

    ask()


def test_the_page_can_be_read_and_tried_and_asks_no_stranger(api: ServedPoints, opens: OpenPage) -> None:
    api.instants([{"amount": 42, "email": "atest@corderindustries.com"}])
    opened = opens(viewport=DESKTOP)
    page = opened.page
    page.goto(f"{api.url}/api/v1/docs")

    page.get_by_role("button", name="Authorize").first.click()
    page.locator("#auth-bearer-value").fill(api.key)
    page.locator(".auth-container").first.get_by_role("button", name="Apply").click()
    page.get_by_role("button", name="Close").last.click()
    page.locator("#operations-Balances-lookUp").get_by_role("button").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()

    answer = page.locator(".live-responses-table .response-col_description pre").first
    answer.wait_for()
    assert "42" in answer.inner_text()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        others = [fault for fault in opened.faults() if not fault.startswith(NOT_OURS)]
        assert others == [], scheme
    policy = api.ask("GET", "/api/v1/docs").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy
