"""A shop whose storefront is served, with two customers: Ada, and Eve who wants to know what Ada has."""

from collections.abc import Iterator

import pytest

from app.usecases.merchants.change_store import change_store
from tests.clock import MovableClock
from tests.standins.saleor import StandInSaleor
from tests.standins.serving import Answer, LocalServer
from tests.test_storefront.calls import ADA, EVE, ORIGIN, Storefront
from tests.test_storefront.shops_page import ShopsPage
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


@pytest.fixture
def shops_page(embedded_storefront: Storefront) -> Iterator[ShopsPage]:
    """A page of the shop, whose origin is on its list. Ada is signed in."""
    shown: list[ShopsPage] = []
    server = LocalServer(lambda _: Answer(200, shown[0].html().encode(), "text/html; charset=utf-8"))
    server.start()
    world = embedded_storefront.world
    change_store(world.services, world.store().slug, storefront_origins=[server.url])
    shown.append(ShopsPage(embedded_storefront, server, embedded_storefront.token(ADA)))
    yield shown[0]
    server.stop()
