"""What staff do to many customers at once, and what they decide about changes above a limit."""

from app.db.tables import ChangeBatchRow
from app.domain.change_batches import WantedChange
from app.errors import BadRequest
from app.usecases.merchants.batches.decide_batch import decide_batch, undo_batch
from app.usecases.merchants.batches.make_batch import make_batch
from app.usecases.merchants.batches.start_batch import start_batch
from app.usecases.merchants.decide_request import decide_request
from app.usecases.services import Services
from tests.simulation.drawing import EMAILS
from tests.simulation.limits import ANN, BOB, expect, is_above
from tests.simulation.staff_book import Asked, StaffBatch
from tests.simulation.steps import Kind, Step
from tests.simulation.world import Play, Violation, World


def _batch(world: World, step: Step) -> None:
    """Give to some and take from others; now and then to one of them only."""
    shop = world.shop(step.shop)
    signs = (1, 1, 1) if step.how < 3 else (1, -1, 1) if step.how < 6 else (-1, -1, -1)
    points = [sign * (step.share // 25 + place) for place, sign in enumerate(signs, start=1)]
    rows = dict(zip(EMAILS[:3], points, strict=True))
    if step.how % 4 == 1:
        rows.pop(EMAILS[step.email % 3])
    wanted = [WantedChange(line, email, points) for line, (email, points) in enumerate(rows.items(), start=1)]

    def run(services: Services) -> None:
        number = make_batch(services, shop.slug, wanted, reason="Because.", who=ANN)
        if number is None:
            raise Violation("a batch was not made, although nobody made it before")
        sizes = [abs(one) for one in rows.values()]
        should_wait = is_above(world, shop.store_id, sum(sizes), max(sizes))
        waits = not start_batch(services, shop.slug, number, who=ANN)
        expect(f"a batch of {rows}", waits=waits, should_wait=should_wait)
        world.staff.batches.append(
            StaffBatch(shop.store_id, number, {email.casefold(): one for email, one in rows.items()}, is_run=not waits)
        )
        world.counts["batches that wait" if waits else "batches run"] += 1

    world.as_staff(run)


def _undo(world: World, step: Step) -> None:
    """Undo the newest batch of a shop that was run."""
    shop = world.shop(step.shop)
    mine = [one for one in world.staff.batches if one.store_id == shop.store_id and one.is_run and not one.is_undone]
    if not mine:
        return
    batch = mine[-1 - step.how % len(mine)]

    def undo(services: Services) -> None:
        undo_batch(services, shop.slug, batch.number, who=BOB)
        batch.is_undone = True
        world.counts["batches undone"] += 1

    world.as_staff(undo)


def _decide(world: World, step: Step) -> None:
    """Approve what waits, or refuse it. Whoever asked for it tries as well, and may not."""
    shop, approves = world.shop(step.shop), step.how % 3 != 1

    def decide(services: Services) -> None:
        for asked in [one for one in world.staff.asked if (one.store_id, one.state) == (shop.store_id, "waiting")]:
            _refuse_the_asker(services, shop.slug, asked.number)
            try:
                decide_request(services, shop.slug, asked.number, approves=approves, reason="So.", who=BOB)
            except BadRequest:
                continue
            _note(world, asked, approves=approves)
        for batch in [one for one in world.staff.batches if one.store_id == shop.store_id and _waits(services, one)]:
            decide_batch(services, shop.slug, batch.number, approves=approves, reason="So.", who=BOB)
            batch.is_run = approves

    world.as_staff(decide)


def _refuse_the_asker(services: Services, slug: str, number: int) -> None:
    try:
        decide_request(services, slug, number, approves=True, reason="So.", who=ANN)
    except BadRequest:
        return
    raise Violation("whoever asked for a change approved it")


def _note(world: World, asked: Asked, *, approves: bool) -> None:
    asked.state = "approved" if approves else "refused"
    world.counts[f"changes {asked.state}"] += 1
    if approves and asked.order_id is not None and asked.points is not None:
        world.truth.staff[asked.order_id].append(asked.points)


def _waits(services: Services, batch: StaffBatch) -> bool:
    with services.database.reading() as session:
        return session.get_one(ChangeBatchRow, batch.number).state == "waiting"


IN_BATCHES: dict[Kind, Play] = {
    Kind.BATCH: _batch,
    Kind.UNDO_BATCH: _undo,
    Kind.DECIDE: _decide,
}
