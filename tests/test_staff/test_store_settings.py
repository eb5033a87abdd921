"""A store's settings: changed together or not at all, and refused in words."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlmodel import select

from app.__main__ import cli
from app.bootstrap import build_services
from app.db.stores import customer_types_of, storefront_origins_of
from app.db.tables import StoreRow
from app.errors import BadRequest
from app.settings import load_settings
from app.usecases.merchants.change_store import CUSTOMER_TYPES_MAX, change_store
from app.usecases.services import Services
from tests.clock import MovableClock
from tests.world import SECRET_KEY


@pytest.fixture
def services(fresh_sqlite: Callable[[], str], clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """A shop that has been installed, where operators' commands find it."""
    environ = {"DATABASE_URL": fresh_sqlite(), "SECRET_KEY": SECRET_KEY}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    services = build_services(load_settings(environ), clock=clock)
    with services.database.writing() as session:
        session.add(StoreRow(slug="shop", name="Shop", awards_from=clock(), created_at=clock()))
    yield services
    services.database.close()


def store_of(services: Services) -> StoreRow:
    with services.database.reading() as session:
        return session.exec(select(StoreRow)).one()


def typed(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


def test_settings_are_changed_and_what_is_left_out_stays(services: Services) -> None:
    change_store(
        services, "shop", default_expires_days=30, customer_types=[" Internal", "VIP", "VIP", ""], time_zone="Asia/Tokyo"
    )
    change_store(services, "shop", debt_policy="negative", claim_link="direct")

    store = store_of(services)
    assert (store.default_expires_days, customer_types_of(store), store.time_zone) == (30, ("Internal", "VIP"), "Asia/Tokyo")
    assert (store.debt_policy, store.claim_link) == ("negative", "direct")


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"default_expires_days": -1}, "whole number"),
        ({"default_expires_days": 36501}, "36500"),
        ({"customer_types": ["x" * 129]}, "128"),
        ({"customer_types": ["a\nb"]}, "printable"),
        ({"customer_types": [str(number) for number in range(CUSTOMER_TYPES_MAX + 1)]}, str(CUSTOMER_TYPES_MAX)),
        ({"time_zone": "Mars/Olympus"}, "time zone"),
        ({"time_zone": "Europe"}, "time zone"),
        ({"time_zone": "../etc/passwd"}, "time zone"),
        ({"time_zone": ""}, "time zone"),
        ({"debt_policy": "generous"}, "debt policy"),
        ({"claim_link": "none"}, "claim link"),
    ],
)
def test_a_value_that_will_not_do_is_refused_in_words_and_nothing_is_changed(
    services: Services, settings: dict[str, Any], word: str
) -> None:
    before = store_of(services).model_dump()

    with pytest.raises(BadRequest, match=word):
        change_store(services, "shop", **{"debt_policy": "negative", **settings})

    assert store_of(services).model_dump() == before


def test_a_store_that_is_not_there_is_named(services: Services) -> None:
    with pytest.raises(BadRequest, match="no store elsewhere"):
        change_store(services, "elsewhere", debt_policy="negative")


def test_settings_are_typed(services: Services) -> None:
    said = typed(
        "stores", "set", "shop", "--default-expires-days", "14", "--customer-types", "A,B", "--time-zone", "Europe/Berlin"
    )
    assert said.exit_code == 0, said.output
    store = store_of(services)
    assert (store.default_expires_days, customer_types_of(store), store.time_zone) == (14, ("A", "B"), "Europe/Berlin")

    said = typed("stores", "set", "shop", "--default-expires-days", "never", "--customer-types", "")
    assert said.exit_code == 0, said.output
    store = store_of(services)
    assert (store.default_expires_days, customer_types_of(store), store.time_zone) == (None, (), "Europe/Berlin")


def test_the_storefront_api_is_switched_by_a_command(services: Services) -> None:
    said = typed(
        "stores", "set", "shop", "--storefront-api", "on", "--storefront-origins", "https://shop.example,https://b.example"
    )

    assert said.exit_code == 0, said.output
    store = store_of(services)
    assert (store.storefront_api, storefront_origins_of(store)) == (True, ("https://shop.example", "https://b.example"))

    assert typed("stores", "set", "shop", "--storefront-api", "off", "--storefront-origins", "").exit_code == 0
    store = store_of(services)
    assert (store.storefront_api, storefront_origins_of(store)) == (False, ())


@pytest.mark.parametrize("options", [(), ("--storefront-api", "perhaps"), ("--default-expires-days", "soon"), ("--no-such", "x")])
def test_what_makes_no_sense_when_typed_is_refused(services: Services, options: tuple[str, ...]) -> None:
    assert typed("stores", "set", "shop", *options).exit_code == 2


def test_stores_alone_lists_them(services: Services) -> None:
    assert "shop" in typed("stores").output
    assert typed("stores").output == typed("stores", "list").output
