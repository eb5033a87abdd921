"""Each order keeps the version of the arithmetic that it was first settled by."""

import pytest
from sqlalchemy import update

from app.db.tables import OrderRow
from app.domain.arithmetic_versions import FIRST, NEWEST, version_of
from tests.world import World


def _as_settled_by_an_older_app(world: World) -> None:
    with world.services.database.writing() as session:
        session.execute(update(OrderRow).values(arithmetic=None))


def test_a_new_order_is_settled_by_the_newest_version(world: World) -> None:
    order_id = world.saleor.shop.place_paid_order("60")
    world.deliver()

    assert world.order(order_id).arithmetic == NEWEST


def test_an_order_that_an_older_app_settled_keeps_the_first_version(world: World) -> None:
    order_id = world.saleor.shop.place_paid_order("60")
    world.deliver()
    _as_settled_by_an_older_app(world)

    world.saleor.till.refund(order_id, "10")
    world.deliver()

    assert world.order(order_id).arithmetic == FIRST
    assert world.order(order_id).granted == 50


@pytest.mark.parametrize(
    ("stored", "is_settled", "version"),
    [(None, False, NEWEST), (None, True, FIRST), (FIRST, True, FIRST), (NEWEST, True, NEWEST)],
)
def test_the_version_is_chosen_by_what_is_stored(stored: int | None, is_settled: bool, version: int) -> None:
    assert version_of(stored, is_settled=is_settled) == version
