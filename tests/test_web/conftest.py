"""The app behind real HTTP, with a Saleor beside it. SQLite, unless a test is about what the database does."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.clock import MovableClock
from tests.standins.saleor import StandInSaleor
from tests.world import World, open_world

NewSite = Callable[..., World]


@pytest.fixture
def new_site(fresh_sqlite: Callable[[], str], clock: MovableClock, saleor: StandInSaleor) -> Iterator[NewSite]:
    """Give a function that serves the app with settings of the test's choice, not installed anywhere yet."""
    with ExitStack() as stack:
        yield lambda **environ: stack.enter_context(open_world(fresh_sqlite(), clock, saleor, **environ))


@pytest.fixture
def site(new_site: NewSite) -> World:
    """The app, not installed anywhere yet."""
    return new_site()


@pytest.fixture
def shop(site: World) -> World:
    """The app, installed in the stand-in Saleor. The minute in which keys are not asked for again is over."""
    site.install()
    site.clock.advance(minutes=2)
    return site
