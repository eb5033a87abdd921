"""Batches of changes in tests: written down, run to their end, and looked at."""

from io import StringIO

from sqlmodel import col, select

from app.db.tables import BatchChangeRow, ChangeBatchRow
from app.domain.change_batches import WantedChange
from app.usecases.merchants.batches.make_batch import make_batch
from app.usecases.merchants.batches.read_changes import read_changes
from app.usecases.merchants.batches.run_batches import run_batches
from app.usecases.merchants.batches.start_batch import start_batch
from app.usecases.moving.move_waiting import move_waiting
from tests.world import World

EVE, BOB = "eve@shop.example", "bob@shop.example"
STEPS_MAX = 400


def made(world: World, *wanted: tuple[str, int], who: str = EVE) -> int:
    """Write down a batch for these customers."""
    rows = [WantedChange(line, email, points) for line, (email, points) in enumerate(wanted, start=1)]
    batch_id = make_batch(world.services, world.store().slug, rows, reason="summer", who=who)
    assert batch_id is not None
    return batch_id


def made_of(world: World, text: str, who: str = EVE) -> int:
    """Write down a batch from the text of a file."""
    rows = read_changes(StringIO(text, newline=""))
    batch_id = make_batch(world.services, world.store().slug, rows, reason="summer", who=who)
    assert batch_id is not None
    return batch_id


def started(world: World, *wanted: tuple[str, int], who: str = EVE) -> int:
    batch_id = made(world, *wanted, who=who)
    assert start_batch(world.services, world.store().slug, batch_id, who=who)
    return batch_id


def finish(world: World) -> None:
    """Let the workers go on until no batch has anything left to do."""
    for _ in range(STEPS_MAX):
        is_busy = run_batches(world.services) | move_waiting(world.services)
        if not is_busy:
            world.clock.advance(seconds=2)
            if not run_batches(world.services):
                return
    raise AssertionError("the batches come to no end")


def run(world: World, *wanted: tuple[str, int], who: str = EVE) -> int:
    """Write a batch down, and run it to its end."""
    batch_id = started(world, *wanted, who=who)
    finish(world)
    return batch_id


def batch_of(world: World, batch_id: int) -> ChangeBatchRow:
    with world.services.database.reading() as session:
        return session.get_one(ChangeBatchRow, batch_id)


def changes_of(world: World, batch_id: int) -> list[BatchChangeRow]:
    with world.services.database.reading() as session:
        query = select(BatchChangeRow).where(BatchChangeRow.batch_id == batch_id).order_by(col(BatchChangeRow.id))
        return list(session.exec(query))
