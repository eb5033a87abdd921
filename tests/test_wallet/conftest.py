"""Shops whose wallet is on."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.clock import MovableClock
from tests.standins.coggins import StandInCoggins
from tests.standins.saleor import StandInSaleor
from tests.test_wallet.visitor import Visitor, buy, open_wallet
from tests.world import World, open_world

# Nothing listens there: the mails are read in the outbox.
MAIL_URL = "smtp://127.0.0.1:1"


@contextmanager
def open_shop(database_url: str, clock: MovableClock, saleor: StandInSaleor) -> Iterator[World]:
    """Open a shop with embedded points, where Ada has ordered."""
    with open_world(database_url, clock, saleor, MAIL_URL=MAIL_URL, TRUSTED_PROXIES="1") as world:
        world.install()
        open_wallet(world)
        buy(world)
        yield world


@pytest.fixture
def shop(database_url: str, clock: MovableClock, saleor: StandInSaleor) -> Iterator[World]:
    with open_shop(database_url, clock, saleor) as world:
        yield world


@pytest.fixture
def coggins_shop(fresh_sqlite_url: str, clock: MovableClock, saleor: StandInSaleor, coggins: StandInCoggins) -> Iterator[World]:
    with open_world(fresh_sqlite_url, clock, saleor, coggins, MAIL_URL=MAIL_URL) as world:
        world.install()
        open_wallet(world)
        buy(world)
        yield world


@pytest.fixture
def ada(shop: World) -> Visitor:
    """Ada's browser; she is not signed in."""
    return Visitor(shop)
