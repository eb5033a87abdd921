"""The first installation of a store, from several requests at once: one store comes of it, with all that a store has."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import requests
from sqlmodel import col, func, select

from app.db.tables import AccountRow, RuleRow, StoreRow
from tests.clock import MovableClock
from tests.standins.saleor import StandInSaleor
from tests.world import TIMEOUT, World, open_world

AT_ONCE = 6


@pytest.mark.parametrize("fresh", ["fresh_sqlite", "fresh_postgresql"])
def test_installing_at_once_makes_one_store(
    request: pytest.FixtureRequest, fresh: str, clock: MovableClock, saleor: StandInSaleor
) -> None:
    database: Callable[[], str] = request.getfixturevalue(fresh)
    with open_world(database(), clock, saleor) as first:
        # This Saleor has installed the app and knows its token; the second app has never heard of it.
        first.install()
    with open_world(database(), clock, saleor) as world:
        [app] = saleor.apps.installed.values()
        app.manifest_url = f"{world.url}/api/manifest"
        barrier = Barrier(AT_ONCE)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda _: _register(world, app.token, barrier), range(AT_ONCE)))

        assert set(answers) == {200}
        with world.services.database.reading() as session:
            counts = [session.exec(select(func.count(col(row.id)))).one() for row in (StoreRow, RuleRow, AccountRow)]
        assert counts == [1, 1, 1]


def _register(world: World, token: str, barrier: Barrier) -> int:
    barrier.wait()
    headers = {"Saleor-Api-Url": world.saleor.api_url}
    return requests.post(f"{world.url}/api/register", json={"auth_token": token}, headers=headers, timeout=TIMEOUT).status_code
