"""Reports of defects and traces: nothing by default, and nothing secret ever."""

import json
import sys
from collections.abc import Iterator

import pytest
import requests
import sentry_sdk
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app import tracing
from app.errors import BadSetting
from app.reporting import scrubbed, set_up_reporting
from app.settings import load_settings
from tests.clock import MovableClock
from tests.standins.saleor import StandInSaleor
from tests.test_settling.test_refunds import paid_order
from tests.world import TIMEOUT, open_world

TOKEN = "0123456789abcdef" * 2
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.use_tracer(provider.get_tracer("app"))
    yield exporter
    tracing.use_tracer(None)


def test_without_settings_nothing_is_reported_or_traced() -> None:
    set_up_reporting(load_settings({}), version="1")

    assert not tracing.is_traced()
    assert not sentry_sdk.get_client().is_active()


def test_a_report_holds_neither_addresses_nor_tokens() -> None:
    report = {
        "exception": {"values": [{"value": "no row for ada@example.com"}]},
        "request": {"url": f"https://points.example/claim/points/{TOKEN}", "query_string": [f"csapikey={TOKEN}"]},
        "level": "error",
    }

    told = json.dumps(scrubbed(report))

    assert "ada@example.com" not in told
    assert TOKEN not in told
    assert scrubbed(report)["level"] == "error"


@pytest.mark.parametrize(
    ("name", "value", "module"),
    [
        ("SENTRY_DSN", "https://k@reports.example/1", "sentry_sdk"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318", "opentelemetry.sdk.resources"),
    ],
)
def test_a_missing_package_is_named_with_its_setting(monkeypatch: pytest.MonkeyPatch, name: str, value: str, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(BadSetting, match=name):
        set_up_reporting(load_settings({name: value}), version="1")


def test_a_request_is_a_span_named_by_its_route_in_the_callers_trace(
    fresh_sqlite_url: str, clock: MovableClock, saleor: StandInSaleor, spans: InMemorySpanExporter
) -> None:
    with open_world(fresh_sqlite_url, clock, saleor) as world:
        requests.get(f"{world.url}/claim/points/{TOKEN}", headers={"traceparent": PARENT}, timeout=TIMEOUT)

    [span] = spans.get_finished_spans()
    assert span.name == "GET /claim/points/<token>"
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" == PARENT.split("-")[1]


def test_calls_to_the_outside_are_spans_and_no_span_holds_a_secret(
    fresh_sqlite_url: str, clock: MovableClock, saleor: StandInSaleor, spans: InMemorySpanExporter
) -> None:
    with open_world(fresh_sqlite_url, clock, saleor) as world:
        world.install()
        paid_order(world)

    told = "".join(span.to_json() for span in spans.get_finished_spans())
    assert any(span.name == "call" for span in spans.get_finished_spans())
    assert "@" not in told
    assert "Bearer" not in told
