"""A shop where points pay."""

import pytest

from app.db.tables.points_entry import EntryKind
from app.ledger import entries as ledger
from app.ledger.entries import Entry
from tests.test_spending.paying import ADA, PayingShop
from tests.world import World


@pytest.fixture
def shop(embedded_world: World) -> PayingShop:
    """A shop of embedded points where Ada has 2,000: they pay 20.00."""
    opened = PayingShop(embedded_world)
    opened.open()
    give(embedded_world, ADA, 2_000)
    return opened


@pytest.fixture
def elsewhere(coggins_world: World) -> PayingShop:
    """A shop whose points live at Coggins, where Ada has 2,000."""
    opened = PayingShop(coggins_world)
    opened.open()
    assert coggins_world.coggins is not None
    coggins_world.coggins.adjust(ADA, 2_000)
    return opened


def give(world: World, email: str, points: int) -> None:
    """Give embedded points to a customer."""
    with world.services.database.writing() as session:
        ledger.post(session, world.store().id or 0, [Entry(email, points, EntryKind.INSTANT)], world.clock.now)
