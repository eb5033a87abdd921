"""Shops that give rewards."""

import pytest

from app.db.tables.points_entry import EntryKind
from app.ledger import entries as ledger
from app.ledger.entries import Entry
from tests.test_rewards.giving import ADA, GivingShop
from tests.world import World


@pytest.fixture
def shop(world: World) -> GivingShop:
    """A shop, of either provider, where Ada has 1,200 points."""
    return opened(world)


def opened(world: World) -> GivingShop:
    """Open a shop where Ada has 1,200 points."""
    shop = GivingShop(world)
    shop.open()
    if world.coggins is not None:
        world.coggins.adjust(ADA, 1_200)
        return shop
    with world.services.database.writing() as session:
        ledger.post(session, world.store().id or 0, [Entry(ADA, 1_200, EntryKind.INSTANT)], world.clock.now)
    return shop
