"""The Points API as this app serves it, over real HTTP, for a store without a Saleor."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from sqlmodel import select

from app.db.tables import PointsClaimRow
from app.domain.claim import Balance
from app.ledger import entries as ledger
from app.usecases.api.manage_keys import create_key
from app.usecases.merchants.change_store import change_store
from app.usecases.operating.create_store import create_store
from app.usecases.services import Services
from tests.clock import MovableClock
from tests.waiting import PATIENCE_SECONDS
from tests.world import serve_app

TIMEOUT = PATIENCE_SECONDS


@dataclass(frozen=True)
class ServedPoints:
    """A served store, and one of its keys. Requests go as the vendor documents them, unless a test says otherwise."""

    clock: MovableClock
    services: Services
    url: str
    key: str

    def claims(self, items: Any, **headers: str) -> requests.Response:
        return self.ask("POST", f"/api/v1/points?csapikey={self.key}", json=items, headers=headers)

    def instants(self, items: Any, **headers: str) -> requests.Response:
        return self.ask("POST", f"/api/v1/points/{self.key}/INSTANT", json=items, headers=headers)

    def balance(self, email_in_path: str) -> requests.Response:
        return self.ask("GET", f"/api/v1/points/{self.key}/email/{email_in_path}/Full")

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {name.replace("_", "-"): value for name, value in options.pop("headers", {}).items()}
        return requests.request(method, f"{self.url}{path}", headers=headers, timeout=TIMEOUT, allow_redirects=False, **options)

    def change(self, **settings: Any) -> None:
        """Change the store's settings, as an operator would."""
        change_store(self.services, "shop", **settings)

    def stored_claims(self) -> list[PointsClaimRow]:
        with self.services.database.reading() as session:
            return list(session.exec(select(PointsClaimRow).order_by(PointsClaimRow.id)))  # type: ignore[arg-type]  # a column

    def stored_balance(self, email: str) -> Balance:
        with self.services.database.reading() as session:
            return ledger.balances(session, 1, [email], self.services.clock()).get(email, Balance(0, 0))


@contextmanager
def serve_points(database_url: str, clock: MovableClock, **environ: str) -> Iterator[ServedPoints]:
    """Serve a store called shop."""
    # Tests ask as fast as they can; those of the limits bring their own.
    generous = {"API_LIMIT_PER_KEY": "100000/second", "API_LIMIT_PER_ADDRESS": "100000/second"}
    with serve_app(database_url, clock, **generous | environ) as (_, services, url):
        create_store(services, "Shop")
        yield ServedPoints(clock, services, url, create_key(services, "shop"))
