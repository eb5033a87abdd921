"""An app that records what it is sent, a clock that moves when told, and a Saleor with that app in it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from tests.standins.saleor import StandInSaleor
from tests.standins.serving import Answer, LocalServer, Request, json_answer
from tests.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]
ORDER_EVENTS = ("ORDER_PAID", "ORDER_FULLY_PAID", "ORDER_REFUNDED", "ORDER_FULLY_REFUNDED", "ORDER_UPDATED", "ORDER_CANCELLED")


def document(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@dataclass
class Clock:
    now: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: int) -> None:
        self.now += timedelta(**duration)


@dataclass
class RecordingApp:
    """Answer the manifest, and everything else with `answers` in turn, then with 200."""

    changes: dict[str, Any] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = LocalServer(self._handle)

    @property
    def manifest_url(self) -> str:
        return f"{self.server.url}/api/manifest"

    @property
    def bodies(self) -> list[bytes]:
        return [request.body for request in self.requests if "Saleor-Event" in request.headers]

    def manifest(self) -> dict[str, Any]:
        base = self.server.url
        orders = {
            "name": "orders",
            "targetUrl": f"{base}/api/webhooks/orders",
            "query": document("manifest/order_events.graphql"),
            "asyncEvents": list(ORDER_EVENTS),
        }
        own = {
            "name": "app",
            "targetUrl": f"{base}/api/webhooks/app",
            "query": document("manifest/app_events.graphql"),
            "asyncEvents": ["APP_DELETED", "APP_STATUS_CHANGED"],
        }
        return {
            "id": "points.example",
            "name": "Points",
            "version": "1.0.0",
            "permissions": ["MANAGE_ORDERS"],
            "appUrl": f"{base}/app",
            "tokenTargetUrl": f"{base}/api/register",
            "webhooks": [orders, own],
            **self.changes,
        }

    def _handle(self, request: Request) -> Answer:
        self.requests.append(request)
        if request.path == "/api/manifest":
            return json_answer(self.manifest())
        return self.answers.pop(0) if self.answers else json_answer({"success": True})


@dataclass(frozen=True)
class Installed:
    """A Saleor with the recording app in it, and a way to ask its API as that app."""

    saleor: StandInSaleor
    app: RecordingApp
    app_id: str
    token: str

    def ask(self, query: str, *, token: str | None = None, **variables: Any) -> dict[str, Any]:
        answer = self.post(query, token=token, **variables)
        parsed: dict[str, Any] = answer.json()
        return parsed

    def post(self, query: str, *, token: str | None = None, **variables: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        body = {"query": query, "variables": variables}
        return requests.post(self.saleor.api_url, json=body, headers=headers, timeout=PATIENCE_SECONDS, allow_redirects=False)

    def orders(self, *ids: str) -> dict[str, Any]:
        return self.ask(document("app/saleor/operations/orders.graphql"), ids=list(ids))
