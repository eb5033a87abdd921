"""The merchant's side: the app behind real HTTP, a Saleor and its Dashboard beside it. SQLite, unless the database matters."""

from collections.abc import Callable, Iterator
from typing import Protocol

import pytest
from playwright.sync_api import Page, ViewportSize

from tests.browser import DESKTOP, OpenPage
from tests.clock import MovableClock
from tests.standins.coggins import StandInCoggins
from tests.standins.dashboard import StandInDashboard
from tests.standins.saleor import StandInSaleor
from tests.test_merchant.calls import Desk
from tests.world import World, open_shop, open_world


@pytest.fixture
def shop(fresh_sqlite: Callable[[], str], clock: MovableClock, saleor: StandInSaleor) -> Iterator[World]:
    """The app, installed in the stand-in Saleor."""
    with open_shop(fresh_sqlite(), clock, saleor) as opened:
        yield opened


@pytest.fixture
def desk(shop: World) -> Desk:
    """A staff user with every permission, asking for pages as the bridge does."""
    return Desk(shop)


@pytest.fixture
def coggins_desk(
    fresh_sqlite: Callable[[], str], clock: MovableClock, saleor: StandInSaleor, coggins: StandInCoggins
) -> Iterator[Desk]:
    """The same staff user, at a store whose points are kept at Coggins."""
    with open_world(fresh_sqlite(), clock, saleor, coggins) as opened:
        opened.install()
        clock.advance(minutes=2)
        yield Desk(opened)


@pytest.fixture
def dashboard(shop: World, desk: Desk) -> Iterator[StandInDashboard]:
    """The Dashboard of the shop, with that staff user at it."""
    saleor, app_id = shop.saleor, desk.app_id

    def grant(permissions: list[str]) -> bool:
        has = saleor.apps.installed[app_id].permissions
        if not {"MANAGE_APPS", *has, *permissions} <= set(desk.permissions):
            return False
        saleor.apps.permit(app_id, *has, *permissions)
        return True

    with StandInDashboard(saleor.api_url, app_id, f"{shop.url}/app", desk.token, grant=grant) as running:
        yield running


class OpenFrame(Protocol):
    """Opens an empty page for the Dashboard, in a window of its own."""

    def __call__(self, *, viewport: ViewportSize = DESKTOP, expected: tuple[str, ...] = ()) -> Page: ...


@pytest.fixture
def frames(opens: OpenPage) -> OpenFrame:
    """Two hosts, the Dashboard and the app, and no third. Chromium warns of the sandbox that the real Dashboard uses."""

    def open_frame(*, viewport: ViewportSize = DESKTOP, expected: tuple[str, ...] = ()) -> Page:
        return opens(viewport=viewport, hosts_max=2, expected=("can escape its sandboxing", *expected)).page

    return open_frame
