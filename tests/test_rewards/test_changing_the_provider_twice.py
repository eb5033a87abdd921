"""A shop tries another points provider, and goes back: what was asked for there meanwhile is not given here as well."""

from collections.abc import Callable

import pytest
from sqlmodel import select

from app.db.tables import PointsCustomerRow
from app.domain.store import AccountKind
from app.usecases.merchants.change_provider import change_provider
from tests.standins.coggins import StandInCoggins
from tests.test_rewards.conftest import opened
from tests.test_rewards.giving import ADA, GivingShop
from tests.test_rewards.test_refunded_orders import settled, used
from tests.test_rewards.test_taking_back import give_back
from tests.world import World


def change(shop: GivingShop, coggins: StandInCoggins | None = None) -> None:
    store = shop.world.store()
    kind, url, key = (AccountKind.EMBEDDED, "", "") if coggins is None else (AccountKind.COGGINS, coggins.url, coggins.key)
    change_provider(shop.world.services, store.slug, store.id or 0, kind=kind, url=url, key=key)


def embedded_balance(shop: GivingShop) -> int:
    with shop.world.services.database.reading() as session:
        return session.exec(select(PointsCustomerRow.available).where(PointsCustomerRow.email_key == ADA)).one()


def refunded(shop: GivingShop) -> Callable[[], None]:
    """Use a card in an order, which is cancelled later."""
    order_id = used(shop, shop.taken(shop.reward(return_on_refund=True)))

    def cancel() -> None:
        shop.world.saleor.shop.cancel(order_id)
        settled(shop)

    return cancel


def withdrawn(shop: GivingShop) -> Callable[[], None]:
    """Take a card, which is given back later."""
    redemption = shop.taken(shop.reward())

    def withdraw() -> None:
        give_back(shop, redemption.reference)
        shop.work()
        shop.wait(minutes=11)

    return withdraw


@pytest.mark.parametrize("taken", [refunded, withdrawn])
def test_points_that_wait_for_the_other_provider_come_back_there_and_only_there(
    embedded_world: World, coggins: StandInCoggins, taken: Callable[[GivingShop], Callable[[], None]]
) -> None:
    shop = opened(embedded_world)
    return_points = taken(shop)
    change(shop, coggins)
    coggins.stop()
    return_points()

    change(shop)
    shop.wait(minutes=11)
    coggins.start()
    # The longest pause is an hour and a quarter.
    for _ in range(8):
        shop.wait(minutes=11)

    assert (embedded_balance(shop), coggins.books().balance(ADA).available) == (700, 500)
    assert shop.differences() == []
