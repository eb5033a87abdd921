"""A served store: on SQLite, unless a test is about what the database does."""

from collections.abc import Callable, Iterator

import pytest

from tests.clock import MovableClock
from tests.served_points import ServedPoints, serve_points


@pytest.fixture
def api(fresh_sqlite: Callable[[], str], clock: MovableClock) -> Iterator[ServedPoints]:
    with serve_points(fresh_sqlite(), clock) as served:
        yield served


@pytest.fixture
def api_on_each(database_url: str, clock: MovableClock) -> Iterator[ServedPoints]:
    """A served store on each database."""
    with serve_points(database_url, clock) as served:
        yield served
