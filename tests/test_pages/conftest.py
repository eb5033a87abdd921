"""The gallery of all pages, made once."""

from collections.abc import Callable, Iterator

import pytest

from tests.test_pages.gallery import Gallery, open_gallery


@pytest.fixture(scope="module")
def gallery(fresh_sqlite: Callable[[], str]) -> Iterator[Gallery]:
    with open_gallery(fresh_sqlite) as opened:
        yield opened


@pytest.fixture
def fresh_gallery(fresh_sqlite: Callable[[], str]) -> Iterator[Gallery]:
    """One of its own, for a test that presses buttons."""
    with open_gallery(fresh_sqlite) as opened:
        yield opened
