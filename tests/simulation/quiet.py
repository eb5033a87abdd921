"""The world goes quiet: faults end, merchants mend what is theirs, and the worker and the sweep run on until nothing waits."""

from datetime import datetime, timedelta

from sqlalchemy import union_all
from sqlmodel import col, select

from app.store.models import AccountRow, MovementRow, MovementState, OrderRow, StoreRow
from app.usecases.adjust_points import look_again
from app.usecases.services import Services
from tests.simulation.kinds import resolve_unknown, settle_for_a_while, slug, sweep_once
from tests.simulation.world import Violation, World

SOON = timedelta(days=5)
# A shortfall is looked for again for 90 days, an hour or so more for the last look's own calls.
LONG = timedelta(days=95)
LOOKS_MAX = 400
BATCHES_MAX = 60


_ORDERS = select(col(OrderRow.look_at), col(OrderRow.lease_until)).where(col(OrderRow.look_at).is_not(None))
_PAUSES = union_all(select(col(StoreRow.paused_until)), select(col(AccountRow.paused_until)))
_CUSTOMERS = select(col(MovementRow.state), col(MovementRow.sent_at), col(MovementRow.looked_at)).where(
    col(MovementRow.order_id).is_(None),
    ~col(MovementRow.is_for_staff),
    col(MovementRow.state).in_((MovementState.PLANNED, MovementState.SENDING, MovementState.UNKNOWN)),
)


def go_quiet(world: World) -> None:
    """Bring a world to rest."""
    world.away_until.clear()
    world.lag = world.lag_until = None
    world.saleor.mend()
    world.coggins.rules.clear()
    app = world.saleor.apps.installed[world.app_id]
    if not app.is_active:
        world.saleor.apps.activate(app.id)
        world.send_events(())
    world.go_on_until(world.clock.now)
    if world.rows("SELECT state FROM store")[0][0] != "active" or not _is_token_good(world):
        world.reinstall()
    _run(world, SOON)
    for _ in range(3):
        if not world.as_staff(lambda services: _mend(world, services)):
            break
        _run(world, SOON)
    _run(world, LONG)


def _is_token_good(world: World) -> bool:
    with world.rig.database.reading() as session:
        store = world.store(session)
    services = world.rig.services["staff"]
    token = services.sealer.open(store.token_sealed or "") if store.token_sealed else ""
    return world.saleor.apps.holding(token) is not None


def _mend(world: World, services: Services) -> int:
    """Do what only people can: say what became of unknown INSTANTs, and have what was refused asked for again."""
    mended = resolve_unknown(world, services)
    for number, code in world.rows('SELECT number, problem_code FROM "order"'):
        if code == "refused":
            world.counts["asked again by staff"] += 1
            look_again(services, slug(world), number)
            mended += 1
    return mended


def _run(world: World, long: timedelta) -> None:
    """Sweep, work, and move on to the next moment at which there is something to do, for so long at most."""
    end = world.clock.now + long
    world.work(world.workers, (), lambda services: sweep_once(world, services))
    for _ in range(LOOKS_MAX):
        if world.work(world.workers, (), lambda services: settle_for_a_while(world, services, BATCHES_MAX)) is not True:
            raise Violation("settling comes to no end although nothing goes wrong any more")
        moment = _next_moment(world)
        if moment is None or moment > end:
            return
        world.go_on_until(moment + timedelta(microseconds=1))
    raise Violation("there is always something more to do, although nothing goes wrong any more")


def _next_moment(world: World) -> datetime | None:
    """Find the next moment at which an order, a customer, a delivery, an account or a store is to be looked at."""
    now = world.clock.now
    moments: list[datetime | None] = [world.next_event]
    moments += [max(look_at, lease_until or now) for look_at, lease_until in world.rig.ground.look(_ORDERS)]
    moments += [paused_until for (paused_until,) in world.rig.ground.look(_PAUSES)]
    moments += [_next_of_customer(*customers) for customers in world.rig.ground.look(_CUSTOMERS)]
    later = [moment for moment in moments if moment is not None and moment > now]
    return min(later, default=None)


def _next_of_customer(state: MovementState, sent_at: datetime | None, looked_at: datetime | None) -> datetime | None:
    if sent_at is None or state == MovementState.PLANNED:
        return None
    if state == MovementState.SENDING:
        return sent_at + timedelta(minutes=5)
    return sent_at + timedelta(minutes=2 if looked_at is None else 11)
