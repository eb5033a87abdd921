"""A shop whose storefront is served, with two customers: Ada, and Eve who wants to know what Ada has."""

from collections.abc import Iterator

import pytest

from tests.clock import MovableClock
from tests.standins.saleor import StandInSaleor
from tests.test_storefront.calls import ADA, EVE, ORIGIN, Storefront
from tests.world import World, open_world


def opened(world: World) -> Storefront:
    # After the minute in which Saleor's keys are not asked for again.
    world.clock.advance(minutes=2)
    storefront = Storefront(world)
    storefront.open(ORIGIN)
    for email in (ADA, EVE):
        storefront.sign_up(email)
    return storefront


@pytest.fixture
def storefront(world: World) -> Storefront:
    """With each provider."""
    return opened(world)


@pytest.fixture
def coggins_storefront(coggins_world: World) -> Storefront:
    return opened(coggins_world)


@pytest.fixture
def embedded_storefront(fresh_sqlite_url: str, clock: MovableClock, saleor: StandInSaleor) -> Iterator[Storefront]:
    """For what depends neither on the provider nor on the database."""
    with open_world(fresh_sqlite_url, clock, saleor) as world:
        world.install()
        yield opened(world)
