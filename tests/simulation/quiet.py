"""The world goes quiet: faults end, merchants mend what is theirs, and the worker and the sweep run on until nothing waits."""

from datetime import datetime, timedelta

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
SWEEPS = 3


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
    """Work, and move on to the next moment at which there is something to do, for so long at most."""
    end = world.clock.now + long
    for look in range(LOOKS_MAX):
        if look < SWEEPS:
            world.work(world.workers, (), lambda services: sweep_once(world, services))
        if world.work(world.workers, (), lambda services: settle_for_a_while(world, services, BATCHES_MAX)) is not True:
            raise Violation("settling comes to no end although nothing goes wrong any more")
        moment = _next_moment(world)
        if moment is None and look < SWEEPS:
            moment = world.clock.now + timedelta(seconds=300)
        if moment is None or moment > end:
            return
        world.go_on_until(moment + timedelta(microseconds=1))
    raise Violation("there is always something more to do, although nothing goes wrong any more")


def _next_moment(world: World) -> datetime | None:
    """Find the next moment at which an order, a customer, a delivery, an account or a store is to be looked at."""
    now = world.clock.now
    moments: list[datetime | None] = [world.next_event]
    with world.rig.database.reading() as session:
        orders = select(OrderRow.look_at, OrderRow.lease_until).where(col(OrderRow.look_at).is_not(None))
        for look_at, lease_until in session.exec(orders):
            moments.append(max(look_at or now, lease_until or now))
        moments += [store.paused_until for store in session.exec(select(StoreRow))]
        moments += [account.paused_until for account in session.exec(select(AccountRow))]
        customers = select(MovementRow).where(col(MovementRow.order_id).is_(None), ~col(MovementRow.is_for_staff))
        for movement in session.exec(customers.where(col(MovementRow.state).in_(("planned", "sending", "unknown")))):
            moments.append(_next_of_customer(movement))
    later = [moment for moment in moments if moment is not None and moment > now]
    return min(later, default=None)


def _next_of_customer(movement: MovementRow) -> datetime | None:
    if movement.sent_at is None or movement.state == MovementState.PLANNED:
        return None
    if movement.state == MovementState.SENDING:
        return movement.sent_at + timedelta(minutes=5)
    return movement.sent_at + timedelta(minutes=2 if movement.looked_at is None else 11)
