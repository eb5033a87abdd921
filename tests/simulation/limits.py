"""What the limits for staff let through, counted by hand: no code of the app has a part in it."""

from sqlalchemy import bindparam, func
from sqlmodel import col, select

from app.db.tables import ApprovalRequestRow
from tests.simulation.staff_book import Asked
from tests.simulation.world import Violation, World

ANN, BOB = "Ann", "Bob"
# Moves count towards a day as well. Somebody else makes them, so that Ann's day is only what is counted here.
MOVER = "Mia"
_NEWEST = select(func.max(col(ApprovalRequestRow.id))).where(col(ApprovalRequestRow.store_id) == bindparam("store_id"))


def is_above(world: World, store_id: int, size: int, largest: int) -> bool:
    """Tell whether a change by Ann is above a limit today, and count it if it is not."""
    day = (store_id, world.clock.now.date())
    before = world.staff.days.get(day, 0)
    if largest > world.setup.change_max or before + size > world.setup.day_max:
        return True
    world.staff.days[day] = before + size
    return False


def expect(what: str, *, waits: bool, should_wait: bool) -> None:
    """Complain where a change was let through that is above a limit, or held back without one."""
    if waits != should_wait:
        done, right = ("waits", "is within the limits") if waits else ("was made at once", "is above a limit")
        raise Violation(f"{what} {done}, and it {right}")


def note_asked(world: World, store_id: int, points: int | None = None, order_id: str | None = None) -> None:
    """Keep that a change waits: the one that was asked for last. Its points are None for a write-off."""
    [(number,)] = world.rig.ground.look(_NEWEST, store_id=store_id)
    world.staff.asked.append(Asked(store_id, int(number), points, order_id))
    world.counts["changes that wait"] += 1
