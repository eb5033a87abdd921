"""Stores without a Saleor, and keys of the Points API, as they are typed."""

from collections.abc import Callable
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from sqlmodel import select

from app.__main__ import cli
from app.db.engine import Database
from app.db.tables import ApiKeyRow, StoreRow
from app.errors import AppError
from app.sealing import fingerprint
from tests.world import SECRET_KEY


@pytest.fixture
def database_url(fresh_sqlite: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database, where operators' commands find it."""
    url = fresh_sqlite()
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    return url


def typed(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


def created(store: str) -> str:
    said = typed("keys", "create", "--store", store, "--label", "till")
    assert said.exit_code == 0, said.output
    return said.stdout.splitlines()[-1]


def test_a_store_without_a_saleor_is_created_and_listed(database: Database) -> None:
    said = typed("stores", "create", "Corner Shop")

    assert "corner-shop" in said.output
    assert "embedded" in typed("stores", "list").output
    with database.reading() as session:
        store = session.exec(select(StoreRow)).one()
    assert (store.slug, store.name, store.saleor_api_url, store.state) == ("corner-shop", "Corner Shop", None, "active")


@pytest.mark.parametrize("name", ["", "  ", "---", "日本", "a\nb", "x" * 257])
def test_a_name_that_will_not_do_is_refused(database_url: str, name: str) -> None:
    assert typed("stores", "create", name).exit_code != 0


def test_a_second_store_of_one_name_is_refused(database_url: str) -> None:
    typed("stores", "create", "Corner Shop")

    said = typed("stores", "create", "corner shop")

    assert "already" in str(said.exception)


def test_create_prints_a_guid_alone_on_its_last_line_and_stores_its_fingerprint_only(database: Database) -> None:
    typed("stores", "create", "Corner Shop")

    key = created("Corner Shop")

    assert str(UUID(key)) == key
    with database.reading() as session:
        row = session.exec(select(ApiKeyRow)).one()
    assert row.key_mark == fingerprint(key)
    assert key not in str(row.model_dump())


def test_keys_are_listed_without_the_key_and_revoked_by_their_number(database_url: str) -> None:
    typed("stores", "create", "Corner Shop")
    key = created("corner-shop")

    listed = typed("keys", "list").output
    assert "till" in listed
    assert "open" in listed
    assert key not in listed

    assert typed("keys", "revoke", "1").exit_code == 0
    assert "revoked" in typed("keys", "list", "--store", "corner-shop").output
    assert "no key 1 that could be revoked" in str(typed("keys", "revoke", "1").exception)


def test_a_store_whose_points_are_kept_at_coggins_gets_no_key(database_url: str) -> None:
    typed("stores", "create", "Corner Shop")
    typed("account", "coggins", "--store", "corner-shop", "--url", "https://points.example", "--key", "theirs")

    said = typed("keys", "create", "--store", "corner-shop")

    assert "kept at Coggins" in str(said.exception)
    assert "no key yet" in typed("keys", "list").output


def test_a_store_without_a_saleor_has_no_orders_to_sweep(database_url: str) -> None:
    typed("stores", "create", "Corner Shop")

    assert isinstance(typed("sweep", "--since", "2025-01-01", "--store", "corner-shop").exception, AppError)
    assert "up to date" not in typed("webhooks", "sync").output


def test_a_key_of_no_store_is_refused(database_url: str) -> None:
    assert "no store nowhere" in str(typed("keys", "create", "--store", "nowhere").exception)
    assert "no store nowhere" in str(typed("keys", "list", "--store", "nowhere").exception)
    assert "keys create" in typed("keys", "list").output
