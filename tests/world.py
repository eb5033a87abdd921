"""A shop, a provider and this app, all talking real HTTP, with a clock that the test moves."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from sqlmodel import select
from werkzeug.serving import make_server

from app.bootstrap import build_services
from app.db.tables import AccountRow, ClaimRow, MovementRow, OrderRow, PointsCustomerRow, StoreRow
from app.domain.claim import Balance
from app.providers.protocol import held
from app.settings import Settings, load_settings
from app.usecases.services import Clock, Services
from app.usecases.settling.settle_orders import settle_orders
from app.web import create_app
from tests.clock import MovableClock
from tests.standins.coggins import StandInCoggins
from tests.standins.saleor import StandInSaleor
from tests.waiting import PATIENCE_SECONDS, wait_until

SECRET_KEY = "a secret of the tests"
BATCHES_MAX = 200
TIMEOUT = PATIENCE_SECONDS


@dataclass
class World:
    """Everything that one test needs. `coggins` is None where the points are embedded."""

    clock: MovableClock
    settings: Settings
    services: Services
    url: str
    saleor: StandInSaleor
    coggins: StandInCoggins | None

    def install(self) -> None:
        """Let the shop install the app."""
        # A machine with too much to do answers the app's own question too late: who installs presses the button again.
        wait_until(lambda: self.saleor.install(f"{self.url}/api/manifest").ok, what="the app is installed")

    def settle(self) -> None:
        """Settle until nothing waits now."""
        for _ in range(BATCHES_MAX):
            if not settle_orders(self.services):
                return
        raise AssertionError("settling comes to no end")

    def deliver(self, **options: Any) -> None:
        """Send all deliveries that are queued, then settle."""
        self.saleor.deliveries.deliver(**options)
        self.settle()

    def forget_repeated_deliveries(self) -> None:
        """Keep one delivery for each order that was paid. Three are signed, sent and checked, to wake it three times."""
        self.saleor.deliveries.lose(lambda delivery: delivery.event != "ORDER_FULLY_PAID")

    def store(self) -> StoreRow:
        with self.services.database.reading() as session:
            return session.exec(select(StoreRow)).one()

    def account(self) -> AccountRow:
        with self.services.database.reading() as session:
            return session.exec(select(AccountRow)).one()

    def order(self, order_id: str) -> OrderRow:
        with self.services.database.reading() as session:
            return session.exec(select(OrderRow).where(OrderRow.saleor_order_id == order_id)).one()

    def orders(self) -> list[OrderRow]:
        with self.services.database.reading() as session:
            return list(session.exec(select(OrderRow)))

    def movements(self, order_id: str) -> list[MovementRow]:
        """All movements of an order, oldest first."""
        with self.services.database.reading() as session:
            query = select(MovementRow).join(OrderRow).where(OrderRow.saleor_order_id == order_id)
            return sorted(session.exec(query), key=lambda movement: movement.planned_at)

    def claims(self, order_id: str) -> list[ClaimRow]:
        with self.services.database.reading() as session:
            return list(session.exec(select(ClaimRow).join(OrderRow).where(OrderRow.saleor_order_id == order_id)))

    def change_store(self, **values: Any) -> None:
        """Change settings of the store, as a merchant would."""
        with self.services.database.writing() as session:
            store = session.exec(select(StoreRow)).one()
            for name, value in values.items():
                setattr(store, name, value)
            session.add(store)

    def balance(self, email: str) -> Balance:
        """Ask the provider's own books."""
        balances = self.services.provider_of(self.store(), self.account()).balances([email])
        assert isinstance(balances, dict), balances
        return held(balances[email])

    def points_in_all_balances(self) -> int:
        """Add up what all customers can spend, by the provider's own books."""
        if self.coggins is not None:
            return sum(balance.available for balance in self.coggins.books().balances.values())
        with self.services.database.reading() as session:
            return sum(session.exec(select(PointsCustomerRow.available)))

    def metadata(self, order_id: str) -> dict[str, str]:
        return dict(self.saleor.book[order_id].metadata or {})

    def follow(self, order_id: str) -> requests.Response:
        """Open the link that stands on the order, as a shopper would, without going where it leads.

        Where it shows a button that asks for the claim, press it: from then on the link leads to the claim by itself.
        """
        link = self.metadata(order_id)["points_claim_url"]
        page = requests.get(link, allow_redirects=False, timeout=TIMEOUT)
        if '<form method="post">' not in page.text:
            return page
        pressed = requests.post(link, timeout=TIMEOUT)
        assert pressed.status_code == 200, pressed.text
        leads_on = 'http-equiv="refresh" content="0; url=' in pressed.text
        return requests.get(link, allow_redirects=False, timeout=TIMEOUT) if leads_on else pressed

    def claim(self, order_id: str, email: str | None = None) -> None:
        """Open the order's link and take the claim that it leads to."""
        leads_to = self.follow(order_id)
        assert leads_to.status_code == 303, leads_to.text
        url = leads_to.headers["Location"]
        if self.coggins is not None:
            self.coggins.take(url.rsplit("/", 1)[1], email)
            return
        page = requests.post(url, data={"email": email} if email else None, timeout=TIMEOUT)
        assert page.status_code == 200, page.text

    def claim_what_waits(self, order_id: str) -> None:
        """Take the order's claim, if one waits to be taken."""
        if self.metadata(order_id).get("points_status") != "ready":
            return
        if self.coggins is None or self.coggins.books().open_claims:
            self.claim(order_id)


@contextmanager
def open_world(
    database_url: str, clock: MovableClock, saleor: StandInSaleor, coggins: StandInCoggins | None = None, **environ: str
) -> Iterator[World]:
    """Serve the app on a port of its own, beside the given stand-ins."""
    points = {"POINTS_API_URL": coggins.url, "POINTS_API_KEY": coggins.key} if coggins is not None else {}
    with serve_app(database_url, clock, **points, **environ) as (settings, services, url):
        yield World(clock, settings, services, url, saleor, coggins)


@contextmanager
def open_shop(database_url: str, clock: MovableClock, saleor: StandInSaleor) -> Iterator[World]:
    """Open a world with the app installed, after the minute in which Saleor's keys are not asked for again."""
    with open_world(database_url, clock, saleor) as opened:
        opened.install()
        clock.advance(minutes=2)
        yield opened


@contextmanager
def serve_app(database_url: str, clock: Clock, **environ: str) -> Iterator[tuple[Settings, Services, str]]:
    """Serve the app on a port of its own; gives its address, too."""
    server = make_server("127.0.0.1", 0, lambda _environ, _start: [], threaded=True)
    url = f"http://127.0.0.1:{server.server_port}"
    settings = load_settings({"DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY, "PUBLIC_URL": url, **environ})
    services = build_services(settings, clock=clock)
    server.app = create_app(services, settings)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield settings, services, url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        services.database.close()


def token_in(text: str) -> str:
    """Find the claim token in a page or an address."""
    found = re.search(r"/claim/points/([0-9a-f]{32})", text)
    assert found, text
    return found[1]
