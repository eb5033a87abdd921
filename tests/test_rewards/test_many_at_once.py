"""Many requests at the same moment take no more points, and no more rewards, than they may."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.domain.rewards import RewardRefusal
from app.usecases.rewards.see_redemption import Redemption
from tests.clock import MovableClock
from tests.standins.saleor import StandInSaleor
from tests.test_rewards.conftest import opened
from tests.test_rewards.giving import GivingShop
from tests.world import open_world


@pytest.fixture
def shop(fresh_postgresql: Callable[[], str], clock: MovableClock, saleor: StandInSaleor) -> Iterator[GivingShop]:
    """A shop on PostgreSQL, where Ada has 1,200 points."""
    with open_world(fresh_postgresql(), clock, saleor) as world:
        world.install()
        yield opened(world)


def test_one_balance_pays_only_as_many_rewards_as_it_can(shop: GivingShop) -> None:
    reward = shop.reward()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda number: shop.take(reward, key=f"{number}"), range(6)))

    assert sum(isinstance(one, Redemption) for one in answers) == 2
    assert answers.count(RewardRefusal.NO_POINTS) == 4
    assert (len(shop.cards()), shop.points()[0]) == (2, 200)
    assert shop.differences() == []


def test_of_the_last_one_only_one_customer_gets_it(shop: GivingShop) -> None:
    reward = shop.reward(points=100, limit_in_all=1)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda number: shop.take(reward, key=f"{number}"), range(6)))

    assert sum(isinstance(one, Redemption) for one in answers) == 1
    assert answers.count(RewardRefusal.ALL_TAKEN) == 5
    assert (len(shop.cards()), shop.points()[0]) == (1, 1_100)
    assert shop.differences() == []
