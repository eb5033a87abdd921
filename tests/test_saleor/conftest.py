"""A Saleor with an app in it, and our client beside it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from app.saleor.client import SaleorClient
from tests.clock import MovableClock
from tests.standins.saleor import SigningKey, StandInSaleor
from tests.standins.serving import Answer, LocalServer, Request, json_answer


@dataclass(frozen=True)
class Caller:
    """The client, and whom it speaks to in whose name."""

    client: SaleorClient
    saleor: StandInSaleor
    app_id: str
    token: str


def _app(request: Request) -> Answer:
    base = f"http://{request.headers['Host']}"
    manifest = {"id": "app", "name": "App", "version": "1", "permissions": ["MANAGE_ORDERS"], "tokenTargetUrl": f"{base}/token"}
    return json_answer(manifest if request.method == "GET" else {"success": True})


@pytest.fixture
def saleor(clock: MovableClock, signing_key: SigningKey) -> Iterator[StandInSaleor]:
    with StandInSaleor(clock, key=signing_key) as running:
        yield running


@pytest.fixture
def caller(saleor: StandInSaleor) -> Caller:
    app = LocalServer(_app).start()
    result = saleor.install(f"{app.url}/manifest")
    app.stop()
    assert result.app_id is not None, result.message
    assert result.token is not None
    return Caller(SaleorClient(), saleor, result.app_id, result.token)
