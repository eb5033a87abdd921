"""A changed setting and the note of who changed it are written together, or not at all."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlmodel import select

from app.bootstrap import build_services
from app.db.logbook import SETTINGS_CHANGED
from app.db.tables import AccountRow, ApiKeyRow, LogEntryRow, StoreRow
from app.domain.store import AccountKind
from app.settings import load_settings
from app.usecases.api.manage_keys import create_key, revoke_key
from app.usecases.merchants.change_brand import change_brand
from app.usecases.merchants.change_store import change_store
from app.usecases.merchants.form_tokens import FormToken
from app.usecases.operating.change_account import change_account
from app.usecases.operating.create_store import create_store
from app.usecases.services import Services
from tests.clock import MovableClock
from tests.test_staff.command_line import typed
from tests.world import SECRET_KEY

ELSEWHERE = "https://points.example.com"

CHANGES: dict[str, Callable[..., object]] = {
    "store": lambda services, **by: change_store(services, "shop", debt_policy="negative", **by),
    "brand": lambda services, **by: change_brand(services, "shop", accent="#112233", **by),
    "account": lambda services, **by: change_account(services, "shop", kind=AccountKind.COGGINS, url=ELSEWHERE, key="k", **by),
    "new key": lambda services, **by: create_key(services, "shop", "the till", **by),
}


@pytest.fixture
def services(fresh_sqlite: Callable[[], str], clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """A shop where operators' commands find it. It has a key of the Points API, and nothing in its log."""
    environ = {"DATABASE_URL": fresh_sqlite(), "SECRET_KEY": SECRET_KEY}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    opened = build_services(load_settings(environ), clock=clock)
    create_store(opened, "shop")
    create_key(opened, "shop")
    with opened.database.writing() as session:
        session.execute(text("DELETE FROM log_entry"))
    yield opened
    opened.database.close()


def notes(services: Services) -> list[tuple[str, str | None]]:
    with services.database.reading() as session:
        return [(entry.code, entry.made_by) for entry in session.exec(select(LogEntryRow))]


def all_settings(services: Services) -> list[dict[str, object]]:
    with services.database.reading() as session:
        return [row.model_dump() for table in (StoreRow, AccountRow, ApiKeyRow) for row in session.exec(select(table))]


def revoked(services: Services, **by: str) -> None:
    revoke_key(services, 1, **by)


@pytest.mark.parametrize("change", [*CHANGES.values(), revoked], ids=[*CHANGES, "old key"])
def test_who_changed_a_setting_is_noted(services: Services, change: Callable[..., object]) -> None:
    change(services, who="ada@example.com")

    assert notes(services) == [(SETTINGS_CHANGED, "ada@example.com")]


@pytest.mark.parametrize("change", [*CHANGES.values(), revoked], ids=[*CHANGES, "old key"])
def test_a_change_of_which_no_note_can_be_written_is_not_made(services: Services, change: Callable[..., object]) -> None:
    before = all_settings(services)
    with services.database.writing() as session:
        session.execute(text("DROP TABLE log_entry"))

    with pytest.raises(DatabaseError, match="log_entry"):
        change(services)

    assert all_settings(services) == before


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_form_that_is_sent_twice_changes_and_notes_once(services: Services, change: Callable[..., object]) -> None:
    once = FormToken("0" * 32, 1, "ada@example.com")

    change(services, who=once.made_by, once=once)
    after = all_settings(services)
    change(services, who=once.made_by, once=once)

    assert notes(services) == [(SETTINGS_CHANGED, "ada@example.com")]
    assert all_settings(services) == after


@pytest.mark.parametrize(
    "words",
    [
        ("stores", "set", "shop", "--debt-policy", "negative"),
        ("brand", "shop", "--accent", "#112233"),
        ("account", "embedded", "--store", "shop"),
        ("account", "coggins", "--store", "shop", "--url", ELSEWHERE, "--key", "k"),
        ("keys", "create", "--store", "shop"),
        ("keys", "revoke", "1"),
    ],
    ids=" ".join,
)
def test_what_an_operator_types_is_noted_with_a_name_if_there_is_one(services: Services, words: tuple[str, ...]) -> None:
    said = typed(*words, "--who", "Ada")

    assert said.exit_code == 0, said.output
    assert notes(services) == [(SETTINGS_CHANGED, "Ada")]


def test_what_an_operator_types_without_a_name_is_noted_without_one(services: Services) -> None:
    assert typed("stores", "set", "shop", "--debt-policy", "negative").exit_code == 0

    assert notes(services) == [(SETTINGS_CHANGED, None)]
