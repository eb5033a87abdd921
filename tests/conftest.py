"""What many tests need: fresh databases, a clock, and whole worlds."""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser

from app.db.engine import Database
from tests.browser import NOT_FOUND, OpenPage, chromium_path, open_browser, open_page
from tests.clock import MovableClock
from tests.databases import Databases, postgresql_databases, sqlite_databases
from tests.sharing import share, spare_what_is_loaded
from tests.standins.coggins import StandInCoggins
from tests.standins.saleor import SigningKey, StandInSaleor
from tests.world import World, open_world

# A setting of whoever runs the tests must not reach them.
for _name in (
    "DATABASE_URL",
    "SECRET_KEY",
    "PUBLIC_URL",
    "POINTS_API_URL",
    "POINTS_API_KEY",
    "DATA_DIR",
    "APP_ENV",
    "APP_NAME",
    "MAIL_URL",
):
    os.environ.pop(_name, None)


share()

# How long an example takes says how busy the machine is.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

# A test of whole worlds runs with both providers and on both databases, but not with each on each: what a provider does hardly
# depends on the database. Where it may, the test is marked `every_world`.
WORLDS = frozenset({("embedded", "postgresql"), ("coggins", "sqlite")})


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    surplus = [item for item in items if not _is_run(item)]
    if surplus:
        config.hook.pytest_deselected(items=surplus)
        items[:] = [item for item in items if _is_run(item)]
    # The longest test begins first, so that nobody waits for it alone at the end.
    items.sort(key=lambda item: "tests/test_simulation/" not in item.nodeid)


def pytest_collection_finish() -> None:
    spare_what_is_loaded()


def _is_run(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function) or item.get_closest_marker("every_world") is not None:
        return True
    chosen = item.callspec.params if hasattr(item, "callspec") else {}
    return not {"world", "database_url"} <= chosen.keys() or (chosen["world"], chosen["database_url"]) in WORLDS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if chromium_path() is None:
        terminalreporter.write_line(NOT_FOUND, yellow=True)


@pytest.fixture(scope="session")
def fresh_sqlite() -> Iterator[Databases]:
    with sqlite_databases() as fresh:
        yield fresh


@pytest.fixture(scope="session")
def fresh_postgresql() -> Iterator[Databases]:
    with postgresql_databases() as fresh:
        yield fresh


@pytest.fixture
def fresh_sqlite_url(fresh_sqlite: Databases) -> Iterator[str]:
    """A fresh, migrated SQLite database, for what does not depend on the kind of database."""
    url = fresh_sqlite()
    yield url
    fresh_sqlite.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh, migrated database: each test that asks runs on SQLite and on PostgreSQL."""
    fresh: Databases = request.getfixturevalue(f"fresh_{request.param}")
    url = fresh()
    yield url
    fresh.drop(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture(scope="session")
def signing_key() -> SigningKey:
    return SigningKey()


@pytest.fixture
def saleor(clock: MovableClock, signing_key: SigningKey) -> Iterator[StandInSaleor]:
    with StandInSaleor(clock, key=signing_key) as running:
        yield running


@pytest.fixture
def coggins(clock: MovableClock) -> Iterator[StandInCoggins]:
    with StandInCoggins(clock) as running:
        yield running


@pytest.fixture(params=["embedded", "coggins"])
def world(request: pytest.FixtureRequest, database_url: str, clock: MovableClock, saleor: StandInSaleor) -> Iterator[World]:
    """A shop with the app installed: each test that asks runs with both providers, and on both databases (see WORLDS)."""
    provider = request.getfixturevalue("coggins") if request.param == "coggins" else None
    with open_world(database_url, clock, saleor, provider) as opened:
        opened.install()
        yield opened


@pytest.fixture
def embedded_world(database_url: str, clock: MovableClock, saleor: StandInSaleor) -> Iterator[World]:
    with open_world(database_url, clock, saleor) as opened:
        opened.install()
        yield opened


@pytest.fixture
def coggins_world(database_url: str, clock: MovableClock, saleor: StandInSaleor, coggins: StandInCoggins) -> Iterator[World]:
    with open_world(database_url, clock, saleor, coggins) as opened:
        opened.install()
        yield opened


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if chromium_path() is None:
        pytest.skip(NOT_FOUND)
    with open_browser() as started:
        yield started


@pytest.fixture
def opens(browser: Browser) -> Iterator[OpenPage]:
    """Open pages in windows of their own; what they complain of, or ask of other hosts, fails the test."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(open_page(browser, **options))
