"""The OpenAPI document of the storefront API: every route and no other, the API keeps to it, and its page can be tried."""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

from app.settings import load_settings
from app.web import create_app
from app.web.storefront_api.routes import DOCUMENT, PREFIX
from tests.browser import DESKTOP, OpenPage
from tests.clock import MovableClock
from tests.standins.saleor import StandInSaleor
from tests.test_points_api.test_description import NOT_OURS
from tests.test_rewards.conftest import opened
from tests.test_storefront.calls import ADA, Storefront
from tests.test_storefront.conftest import opened as opened_storefront
from tests.test_storefront.test_balance import buy
from tests.world import SECRET_KEY, open_world

EXAMPLES_MAX = 15
# The document itself, and its page.
NO_CALLS = {f"{PREFIX}/openapi.json", f"{PREFIX}/docs"}
DESCRIBED = json.loads(DOCUMENT.read_text())
OPERATIONS = [(path, method) for path, methods in DESCRIBED["paths"].items() for method in methods]


@pytest.fixture
def served(fresh_sqlite_url: str, clock: MovableClock, saleor: StandInSaleor) -> Iterator[tuple[Flask, Storefront]]:
    """The app without HTTP around it: hundreds of requests go to it. Ada has points, a claim and a reward."""
    with open_world(fresh_sqlite_url, clock, saleor) as world:
        world.install()
        storefront = opened_storefront(world)
        giving = opened(world)
        giving.taken(giving.reward())
        buy(world)
        environ = {"DATABASE_URL": world.settings.database_url, "SECRET_KEY": SECRET_KEY, "PUBLIC_URL": "https://points.example"}
        generous = {"STOREFRONT_LIMIT_PER_CUSTOMER": "100000/second", "STOREFRONT_LIMIT_PER_ADDRESS": "100000/second"}
        yield create_app(world.services, load_settings(environ | generous)), storefront


def test_the_document_is_openapi_3_1(embedded_storefront: Storefront) -> None:
    answer = embedded_storefront.ask("../openapi.json", by=None)

    OpenAPIV31SpecValidator(answer.json()).validate()
    assert answer.json()["openapi"].startswith("3.1")


def test_every_call_is_described_and_nothing_else(served: tuple[Flask, Storefront]) -> None:
    rules = [rule for rule in served[0].url_map.iter_rules() if rule.rule.startswith(f"{PREFIX}/")]
    called = [rule for rule in rules if rule.rule not in NO_CALLS and "<path:" not in rule.rule and "/docs/" not in rule.rule]

    routes = {
        (re.sub("<(int|uuid):", "<", rule.rule).replace("<", "{").replace(">", "}"), method.lower())
        for rule in called
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == set(OPERATIONS)


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_the_api_keeps_to_its_document_whatever_it_is_sent(
    served: tuple[Flask, Storefront], path: str, method: str, mode: GenerationMode
) -> None:
    app, storefront = served
    slug, token = storefront.world.store().slug, storefront.token(ADA)
    operation = schemathesis.openapi.from_wsgi(f"{PREFIX}/openapi.json", app)[path][method]

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
        # Any other name is that of no store.
        case.path_parameters["store"] = slug
        if case.headers.pop("Idempotency-Key", None) is not None:
            case.headers["Idempotency-Key"] = str(uuid4())
        # Ids are of nobody, mostly, and a text can be an id or none. A header that is refused elsewhere is not looked at here.
        excluded = [negative_data_rejection, positive_data_acceptance, ignored_auth]
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, excluded_checks=excluded)

    ask()


def test_the_page_can_be_read_and_tried_and_asks_no_stranger(embedded_storefront: Storefront, opens: OpenPage) -> None:
    shop = embedded_storefront
    opened(shop.world)
    page_of = opens(viewport=DESKTOP)
    page = page_of.page
    page.goto(f"{shop.world.url}{PREFIX}/docs")

    page.get_by_role("button", name="Authorize").first.click()
    page.locator("#auth-bearer-value").fill(shop.token(ADA))
    page.locator(".auth-container").first.get_by_role("button", name="Apply").click()
    page.get_by_role("button", name="Close").last.click()
    me = page.locator("#operations-Points-me")
    me.get_by_role("button").first.click()
    me.get_by_role("button", name="Try it out").click()
    me.locator("input[placeholder=store]").fill(shop.world.store().slug)
    me.get_by_role("button", name="Execute").click()

    answer = page.locator(".live-responses-table .response-col_description pre").first
    answer.wait_for()
    assert "1200" in answer.inner_text()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        others = [fault for fault in page_of.faults() if not fault.startswith(NOT_OURS)]
        assert others == [], (scheme, *others)
    policy = shop.ask("../docs", by=None).headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy
