"""In production nobody's address leads into a private network but the operator's, however it is written, and whenever."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from queue import SimpleQueue
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.bootstrap import build_services
from app.db.tables import AccountRow, StoreRow
from app.domain.store import AccountKind
from app.errors import NotASaleor, SaleorUnreachable
from app.http.bulkhead import Bulkhead, Bulkheads
from app.providers.protocol import NotSent
from app.settings import load_settings
from app.usecases.merchants.change_provider import check_connection
from app.usecases.operating.change_account import new_account
from app.usecases.operating.create_store import create_store
from app.usecases.operating.install_store import install_store
from app.usecases.services import Services
from tests.clock import MovableClock
from tests.standins.coggins import StandInCoggins
from tests.standins.saleor import StandInSaleor
from tests.test_http import SHORT_SECONDS
from tests.test_points.coggins_calls import ADA
from tests.waiting import PATIENCE_SECONDS

PUBLIC = "93.184.216.34"
KEY = "9f1c2b34-5d6e-4f70-8123-456789abcdef"


NewServices = Callable[..., Services]


@pytest.fixture
def production(fresh_sqlite_url: str, clock: MovableClock) -> Iterator[NewServices]:
    """Give a function that builds the services as in production, with settings of the test's choice."""
    built: list[Services] = []

    def build(**environ: str) -> Services:
        allowed = "https://shop.example/graphql/"
        given = {
            "APP_ENV": "production",
            "SECRET_KEY": "x7Kq2mVt9RbLw4Zc8NdYp3HsFj6GuTae",
            "PUBLIC_URL": "https://points.example",
            "ALLOWED_SALEOR_URLS": allowed,
            **environ,
        }
        built.append(build_services(load_settings({"DATABASE_URL": fresh_sqlite_url, **given}), clock=clock))
        return built[-1]

    yield build
    for services in built:
        services.database.close()


@pytest.fixture
def leads(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give a function that says where every name leads, look by look; the last holds on."""
    real = socket.getaddrinfo

    def lead(*addresses: str) -> None:
        left = list(addresses)

        def found(_host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
            return real(left.pop(0) if len(left) > 1 else left[0], port, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", found)

    return lead


def _account(services: Services, url: str) -> tuple[StoreRow, AccountRow]:
    create_store(services, "shop")
    with services.database.reading() as session:
        store = session.get_one(StoreRow, 1)
    return store, new_account(services, 1, kind=AccountKind.COGGINS, url=url, key=KEY)


def test_a_name_that_leads_elsewhere_after_it_was_looked_at_is_not_followed(
    production: NewServices, coggins: StandInCoggins, leads: Callable[..., None]
) -> None:
    services = production()
    create_store(services, "shop")
    leads(PUBLIC, "127.0.0.1")

    found = check_connection(services, 1, url=f"https://rebinds.example:{coggins.server.port}", key=KEY, public_only=True)

    assert "private network" in found.error
    assert coggins.requests == []


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1"])
def test_however_a_private_address_is_written_it_is_not_called(
    production: NewServices, coggins: StandInCoggins, host: str
) -> None:
    services = production()

    answer = services.provider_of(*_account(services, f"http://{host}:{coggins.server.port}")).balances([ADA])

    assert isinstance(answer, NotSent)
    assert "private network" in answer.reason
    assert coggins.requests == []


def test_the_operators_own_provider_may_stand_anywhere(production: NewServices, coggins: StandInCoggins) -> None:
    services = production(POINTS_API_URL=coggins.url, POINTS_API_KEY=coggins.key)
    store, account = _account(services, coggins.url)

    assert services.provider_of(store, account).balances([ADA]) != {}
    assert len(coggins.requests) == 1


@pytest.mark.parametrize("pattern", ["http://*/graphql/", "http://127.0.0.*/graphql/", "http://loc*/graphql/"])
def test_a_saleor_whose_name_anybody_may_choose_is_not_called_in_a_private_network(
    production: NewServices, saleor: StandInSaleor, pattern: str
) -> None:
    host = "localhost" if "loc" in pattern else "127.0.0.1"
    api_url = saleor.api_url.replace("127.0.0.1", host)
    services = production(ALLOWED_SALEOR_URLS=pattern.replace("/graphql", f":{urlsplit(api_url).port}/graphql"))
    client = services.saleor

    with pytest.raises(SaleorUnreachable, match="private network"):
        client.app.own_id(api_url, "token")
    with pytest.raises(SaleorUnreachable, match="private network"):
        client.jwks(api_url)
    with pytest.raises(SaleorUnreachable, match=rf"^{re.escape(api_url)} leads into a private network"):
        install_store(services, api_url=api_url, token="token", saleor_version="3.24", now=services.clock())

    assert saleor.counts == {}


@pytest.mark.parametrize("how", ["named", "mapped"])
def test_a_saleor_that_the_operator_names_may_stand_anywhere(production: NewServices, saleor: StandInSaleor, how: str) -> None:
    named = {"ALLOWED_SALEOR_URLS": saleor.api_url}
    mapped = {"ALLOWED_SALEOR_URLS": "https://*/graphql/", "SALEOR_URL_MAP": f"https://shop.example/graphql/={saleor.api_url}"}
    client = production(**(named if how == "named" else mapped)).saleor
    api_url = saleor.api_url if how == "named" else "https://shop.example/graphql/"

    with pytest.raises(NotASaleor):
        client.app.own_id(api_url, "token")

    assert '"keys"' in client.jwks(api_url)


def test_a_connection_of_the_operators_serves_nobody_else(production: NewServices, saleor: StandInSaleor) -> None:
    mapped = f"https://shop.example/graphql/={saleor.api_url}"
    client = production(ALLOWED_SALEOR_URLS="https://shop.example/graphql/,http://*/graphql/", SALEOR_URL_MAP=mapped).saleor
    with pytest.raises(NotASaleor):
        client.app.own_id("https://shop.example/graphql/", "token")

    with pytest.raises(SaleorUnreachable, match="private network"):
        client.app.own_id(saleor.api_url, "token")

    assert saleor.counts["OwnApp"] == 1


def test_a_name_server_that_never_answers_does_not_hold_up_the_trial_of_a_provider(
    production: NewServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    over, outlasted = threading.Event(), SimpleQueue[bool]()

    def hang(*_args: Any, **_kwargs: Any) -> list[Any]:
        outlasted.put(over.wait(PATIENCE_SECONDS))
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    bulkheads = Bulkheads(look_ups=Bulkhead(places=2, places_each=1, seconds=SHORT_SECONDS))
    services = replace(production(), bulkheads=bulkheads)

    found = check_connection(services, 1, url="https://silent.example", key=KEY, public_only=True)

    over.set()
    assert found.error == "No server of this name is known."
    assert outlasted.get(timeout=PATIENCE_SECONDS), "the trial waited for the look-up"
