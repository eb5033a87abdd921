"""The first installation of a store, from several requests at once: one store comes of it, with all that a store has."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier

import pytest
import requests
from sqlmodel import col, func, select

from app.db.tables import AccountRow, RuleRow, StoreRow
from tests.clock import MovableClock
from tests.standins.saleor import StandInSaleor
from tests.world import TIMEOUT, World, open_world

AT_ONCE = 6
PUBLIC_URL = "https://points.example.com"


@pytest.mark.parametrize("fresh", ["fresh_sqlite", "fresh_postgresql"])
def test_installing_at_once_makes_one_store(
    request: pytest.FixtureRequest, fresh: str, clock: MovableClock, saleor: StandInSaleor
) -> None:
    database: Callable[[], str] = request.getfixturevalue(fresh)
    # This Saleor knows the app and its token, and no app has heard of the Saleor.
    app = saleor.apps.create("Saleor Points", "MANAGE_ORDERS", identifier="saleor.points")
    app.manifest_url = f"{PUBLIC_URL}/api/manifest"
    url = database()
    with ExitStack() as stack:
        # Each process takes one registration of a store at a time, so there are as many of them, on one database.
        worlds = [stack.enter_context(open_world(url, clock, saleor, PUBLIC_URL=PUBLIC_URL)) for _ in range(AT_ONCE)]
        barrier = Barrier(AT_ONCE)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda world: _register(world, app.token, barrier), worlds))

        assert set(answers) == {200}
        with worlds[0].services.database.reading() as session:
            counts = [session.exec(select(func.count(col(row.id)))).one() for row in (StoreRow, RuleRow, AccountRow)]
        assert counts == [1, 1, 1]


def _register(world: World, token: str, barrier: Barrier) -> int:
    barrier.wait()
    headers = {"Saleor-Api-Url": world.saleor.api_url}
    return requests.post(f"{world.url}/api/register", json={"auth_token": token}, headers=headers, timeout=TIMEOUT).status_code
