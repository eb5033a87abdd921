"""Real deliveries of a real Saleor, verified by its own keys: the orders that they showed end with the right points."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from app.db.tables import RuleRow, StoreRow
from app.domain.store import AccountKind
from app.usecases.operating.change_account import new_account
from tests.clock import MovableClock
from tests.standins.serving import Answer, LocalServer, Request, json_answer
from tests.world import TIMEOUT, World, open_world

RECORDINGS = Path(__file__).parents[1] / "recordings"
RECORDED_URL = "http://localhost:8000/graphql/"
RECORDED_APP = "QXBwOjU="

# What each recorded order is due under the rule of a new store: 1 point per 1.00, once paid in full.
POINTS = {
    "order_cancelled.after-full-refund": 0,
    "order_fulfilled.loggedin": 60,
    "order_fully_paid.after-refund-failure": 20,
    "order_fully_paid.mark-as-paid.payment-flow": 40,
    "order_fully_paid.mark-as-paid.transaction-flow": 60,
    "order_fully_paid.transaction": 60,
    "order_fully_refunded.mark-as-paid.transaction-flow": 0,
    "order_fully_refunded.payment-flow": 0,
    "order_fully_refunded.transaction": 0,
    "order_paid.after-refund-failure": 20,
    "order_paid.checkout.loggedin.prepaid": 20,
    "order_paid.transaction.full": 60,
    "order_paid.transaction.partial": 0,
    "order_refunded.mark-as-paid.transaction-flow.full": 0,
    "order_refunded.mark-as-paid.transaction-flow.partial": 50,
    "order_refunded.payment-flow.full": 0,
    "order_refunded.payment-flow.partial": 30,
    "order_refunded.transaction.full": 0,
    "order_refunded.transaction.partial": 45,
    "order_updated.authorized-only": 0,
    "order_updated.mark-as-paid.transaction-flow": 60,
    "order_updated.partially-fulfilled": 60,
    "order_updated.refund-pending": 14,
    "order_updated.transaction.after-full-charge": 60,
    "order_updated.transaction.after-partial-refund": 45,
}
# Of these the recording itself shows that they were never paid in full; the history of the others says that they were.
NEVER_PAID = {"order_paid.transaction.partial", "order_updated.authorized-only"}


class RecordedSaleor:
    """Serves one recorded order to whoever asks, and keeps the metadata that is written to it."""

    def __init__(self, name: str) -> None:
        recording = json.loads((RECORDINGS / f"{name}.json").read_text())
        self.headers: dict[str, str] = recording["headers"]
        self.body: bytes = recording["body"].encode()
        self.node = _as_the_api_shows_it(json.loads(recording["body"])["order"], was_paid=name not in NEVER_PAID)
        self.metadata: dict[str, str] = {}
        self.server = LocalServer(self._answer)

    def _answer(self, request: Request) -> Answer:
        query = json.loads(request.body)
        if "query Orders(" in query["query"]:
            return json_answer({"data": {"orders": {"edges": [{"node": self.node}]}}})
        self.metadata |= {item["key"]: item["value"] for item in query["variables"]["aInput"]}
        return json_answer({"data": {"a": {"errors": []}}})


def _as_the_api_shows_it(order: dict[str, Any], *, was_paid: bool) -> dict[str, Any]:
    """Add what our query asks for and the recording's did not."""
    lines = [
        {**line, "quantityToFulfill": line["quantity"], "variant": {"product": {"productType": {"kind": "NORMAL"}}}}
        for line in order["lines"]
    ]
    events = [{"type": "ORDER_FULLY_PAID", "date": order["updatedAt"]}] if was_paid else []
    transactions = [{"createdBy": None, **transaction} for transaction in order["transactions"]]
    payments = [{"gateway": "manual", **payment} for payment in order.get("payments", [])]
    more: dict[str, Any] = {"giftCards": [], "original": None, "fulfillments": [], "metafields": {}}
    return {**order, **more, "lines": lines, "events": events, "transactions": transactions, "payments": payments}


@pytest.fixture(params=sorted(POINTS))
def recorded(request: pytest.FixtureRequest) -> Iterator[tuple[str, RecordedSaleor]]:
    saleor = RecordedSaleor(request.param)
    saleor.server.start()
    yield request.param, saleor
    saleor.server.stop()


@pytest.fixture
def world(database_url: str, clock: MovableClock, recorded: tuple[str, RecordedSaleor]) -> Iterator[World]:
    _, saleor = recorded
    reached = f"{RECORDED_URL}={saleor.server.url}/graphql/"
    with open_world(database_url, clock, saleor, SALEOR_URL_MAP=reached) as opened:  # type: ignore[arg-type]  # served above
        _install(opened)
        yield opened


def _install(world: World) -> None:
    """Install the recorded store as it was: its own address, app and keys."""
    services, long_ago = world.services, world.clock().replace(year=2020)
    with services.database.writing() as session:
        store = StoreRow(
            slug="recorded",
            name="recorded",
            saleor_api_url=RECORDED_URL,
            app_id=RECORDED_APP,
            token_sealed=services.sealer.seal("token"),
            jwks=(RECORDINGS / "jwks.json").read_text(),
            awards_from=long_ago,
            created_at=long_ago,
        )
        session.add(store)
        session.flush()
        session.add(RuleRow(store_id=store.id or 0, in_force_from=long_ago))
        session.add(new_account(services, store.id or 0, kind=AccountKind.EMBEDDED, url="", key=""))


def test_a_recorded_delivery_ends_with_the_points_of_its_order(world: World, recorded: tuple[str, RecordedSaleor]) -> None:
    name, saleor = recorded

    answer = requests.post(f"{world.url}/api/webhooks/orders", data=saleor.body, headers=saleor.headers, timeout=TIMEOUT)
    world.settle()

    assert answer.status_code == 200
    [order] = world.orders()
    assert (order.due, order.granted, order.problem) == (POINTS[name], POINTS[name], None)
    assert saleor.metadata.get("points_amount", "0") == str(POINTS[name])


def test_every_recording_of_an_event_that_we_hear_is_here() -> None:
    heard = (
        "order_paid",
        "order_fully_paid",
        "order_refunded",
        "order_fully_refunded",
        "order_updated",
        "order_cancelled",
        "order_fulfilled",
    )
    found = {path.stem for path in RECORDINGS.glob("order_*.json") if path.stem.split(".")[0] in heard}

    assert found == set(POINTS)
