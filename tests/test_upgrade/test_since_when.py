"""What the version before writes of pauses, which has no beginning: it is shown without one, and the next has one again."""

from sqlalchemy import text

from app.errors import SaleorBusy
from app.usecases.merchants.see_interruptions import Interrupted, Interruption, see_interruptions
from app.usecases.settling.store_pauses import pause_store
from tests.world import World


def version_before(world: World, statement: str) -> None:
    with world.services.database.writing() as session:
        session.execute(text(statement))


def interruptions(world: World) -> list[Interruption]:
    return see_interruptions(world.services, world.store().id or 0)


def test_a_pause_of_the_version_before_is_shown_without_a_beginning(world: World) -> None:
    version_before(world, "UPDATE store SET failures = 1, problem = 'away'")
    version_before(world, "UPDATE account SET failures = 1, problem = 'away, too'")

    assert interruptions(world) == [
        Interruption(Interrupted.SALEOR, None, "away"),
        Interruption(Interrupted.PROVIDER, None, "away, too"),
    ]


def test_a_pause_that_the_version_before_ended_is_over_and_the_next_begins_anew(world: World) -> None:
    pause_store(world.services, world.store(), SaleorBusy("away"), world.clock())
    version_before(world, "UPDATE store SET failures = 0, paused_until = NULL, problem = NULL")
    between = interruptions(world)
    world.clock.advance(hours=1)
    again_at = world.clock()
    pause_store(world.services, world.store(), SaleorBusy("away"), again_at)

    assert between == []
    assert interruptions(world) == [Interruption(Interrupted.SALEOR, again_at, "away")]
