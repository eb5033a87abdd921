"""The world goes quiet: faults end, merchants mend what is theirs, and the worker and the sweep run on until nothing waits."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, case, exists, union_all
from sqlmodel import col, select

from app.db.tables import (
    AccountRow,
    ChangeBatchRow,
    CustomerMoveRow,
    MovementRow,
    OrderRow,
    RedemptionRow,
    RedemptionUseRow,
    SpendRow,
    StoreRow,
)
from app.db.tables.customer_move import UNDER_WAY
from app.domain.change_batches import AT_WORK
from app.domain.settlement import INSTANT_KINDS, MovementState
from app.domain.store import StoreState
from app.usecases.merchants.adjust_points import look_again
from app.usecases.operating.housekeeping import fold_totals, know_customers
from app.usecases.services import Services
from tests.simulation.at_a_checkout import send_requests
from tests.simulation.by_people import STAFF_LOOK_AFTER, resolve_unknown
from tests.simulation.kinds import settle_for_a_while, sweep_once
from tests.simulation.rig import STAFF
from tests.simulation.shops import Shop
from tests.simulation.steps import Fate, Kind, Step
from tests.simulation.while_waiting import check_what_waits
from tests.simulation.with_codes import settle_rewards
from tests.simulation.world import Violation, World

SOON = timedelta(days=5)
# A shortfall is looked for again for 90 days, an hour or so more for the last look's own calls.
LONG = timedelta(days=95)
# Each order whose points are in transit and wait for staff is looked at every five minutes, and staff decide only after `SOON`.
LOOKS_MAX = 12_000
BATCHES_MAX = 60


_ORDERS = select(col(OrderRow.look_at), col(OrderRow.lease_until)).where(col(OrderRow.look_at).is_not(None))
_SPENDS = select(col(SpendRow.look_at), col(SpendRow.lease_until)).where(col(SpendRow.look_at).is_not(None))
# One that was given is looked at often, and seldom is there something new. It is looked at when its time is over, and at the end.
_REWARDS = select(
    case((col(RedemptionRow.stage) == "given", col(RedemptionRow.over_at)), else_=col(RedemptionRow.look_at)),
    col(RedemptionRow.lease_until),
).where(col(RedemptionRow.look_at).is_not(None))
_REFUNDS = select(col(RedemptionUseRow.look_at)).where(col(RedemptionUseRow.look_at).is_not(None))
_STORE = select(col(StoreRow.state), col(StoreRow.token_sealed)).where(col(StoreRow.id) == bindparam("store_id"))
_PAUSES = union_all(select(col(StoreRow.paused_until)), select(col(AccountRow.paused_until)))
_CUSTOMERS = select(col(MovementRow.state), col(MovementRow.sent_at), col(MovementRow.looked_at)).where(
    col(MovementRow.order_id).is_(None),
    ~col(MovementRow.is_for_staff),
    col(MovementRow.state).in_((MovementState.PLANNED, MovementState.SENDING, MovementState.UNKNOWN)),
)
_MOVES = select(col(CustomerMoveRow.id)).where(col(CustomerMoveRow.state).in_(UNDER_WAY))
_LEFT_TO_STAFF = select(col(MovementRow.sent_at)).where(
    col(MovementRow.is_for_staff), col(MovementRow.state) == MovementState.UNKNOWN, col(MovementRow.sent_at).is_not(None)
)


# A batch goes on by itself while nothing is in a provider's hands; else whatever comes next there lets it go on.
_BATCHES = select(col(ChangeBatchRow.look_at)).where(
    col(ChangeBatchRow.state).in_(AT_WORK),
    ~exists().where(
        col(MovementRow.store_id) == col(ChangeBatchRow.store_id),
        col(MovementRow.kind).in_(INSTANT_KINDS),
        col(MovementRow.state).in_((MovementState.PLANNED, MovementState.SENDING, MovementState.UNKNOWN)),
    ),
)


def go_quiet(world: World) -> None:
    """Bring a world to rest."""
    world.away_until.clear()
    world.coggins.rules.clear()
    world.mend_keys()
    for shop in world.shops:
        shop.lag = shop.lag_until = None
        shop.saleor.mend()
        if not shop.saleor.apps.installed[shop.app_id].is_active:
            shop.saleor.apps.activate(shop.app_id)
            # Nobody tells the app: its sweep finds out.
            world.send_events((Fate(is_lost=True),))
        world.go_on_until(world.clock.now)
        if not _is_served(world, shop):
            world.reinstall(shop)
        if world.setup.rewards is not None:
            shop.permit_codes()
    for shop in world.shops:
        # Twice: what was answered 5xx before comes again, with an empty body.
        for _ in range(2):
            send_requests(world, shop, Step(Kind.SEND_REQUESTS))
    _run(world, SOON)
    check_what_waits(world)
    for _ in range(3):
        _await_staff(world)
        if not world.as_staff(lambda services: _mend(world, services)):
            break
        _run(world, SOON)
    _run(world, LONG)
    world.as_staff(fold_totals)
    world.as_staff(know_customers)


def _is_served(world: World, shop: Shop) -> bool:
    """Tell whether the app takes the shop for one of its own, and holds a token that is good there."""
    [(state, sealed)] = world.rig.ground.look(_STORE, store_id=shop.store_id)
    if state == StoreState.DELETED or not sealed:
        return False
    return shop.saleor.apps.holding(world.rig.services[STAFF].sealer.open(sealed)) is not None


def _await_staff(world: World) -> None:
    """Move on to when staff would look: an INSTANT may be left to them a moment before all is at rest."""
    moments = [sent_at + STAFF_LOOK_AFTER for (sent_at,) in world.rig.ground.look(_LEFT_TO_STAFF)]
    if moments and max(moments) > world.clock.now:
        world.go_on_until(max(moments))


def _mend(world: World, services: Services) -> int:
    """Do what only people can: say what became of unknown INSTANTs, and have what was refused asked for again."""
    mended = resolve_unknown(world, services) + settle_rewards(world, services, gives_back=True)
    for order_id, number in world.rows("""SELECT saleor_order_id, number FROM "order" WHERE problem_code = 'refused'"""):
        world.counts["asked again by staff"] += 1
        look_again(services, world.homes[order_id].slug, number)
        mended += 1
    return mended


def _run(world: World, long: timedelta) -> None:
    """Sweep, work, and move on to the next moment at which there is something to do, for so long at most."""
    end = world.clock.now + long
    for _ in world.shops:
        world.work(world.workers, (), lambda services: sweep_once(world, services))
    for _ in range(LOOKS_MAX):
        if world.work(world.workers, (), lambda services: settle_for_a_while(world, services, BATCHES_MAX)) is not True:
            raise Violation("settling comes to no end although nothing goes wrong any more")
        moment = _next_moment(world)
        if moment is None or moment > end:
            _look_at_codes(world, end)
            return
        world.go_on_until(moment + timedelta(microseconds=1))
    raise Violation("there is always something more to do, although nothing goes wrong any more")


def _look_at_codes(world: World, end: datetime) -> None:
    """Look once more at codes that were given, and do what follows of it."""
    if world.setup.rewards is None or not any(world.rig.ground.look(_REWARDS)):
        return
    for moment in (end, end + timedelta(minutes=11), end + timedelta(minutes=22)):
        world.go_on_until(moment)
        world.work(world.workers, (), lambda services: settle_for_a_while(world, services, BATCHES_MAX))


def _next_moment(world: World) -> datetime | None:
    """Find the next moment at which an order, a customer, a delivery, an account or a store is to be looked at."""
    now = world.clock.now
    moments: list[datetime | None] = [world.next_event]
    moments += [max(look_at, lease_until or now) for look_at, lease_until in world.rig.ground.look(_ORDERS)]
    moments += [max(look_at, lease_until or now) for look_at, lease_until in world.rig.ground.look(_SPENDS)]
    moments += [max(at, lease_until or now) for at, lease_until in world.rig.ground.look(_REWARDS) if at is not None]
    moments += [look_at for (look_at,) in world.rig.ground.look(_REFUNDS)]
    moments += [look_at for (look_at,) in world.rig.ground.look(_BATCHES)]
    moments += [paused_until for (paused_until,) in world.rig.ground.look(_PAUSES)]
    if any(world.rig.ground.look(_MOVES)):
        # A credit that was refused is asked for again after an hour.
        moments.append(now + timedelta(minutes=61))
    moments += [_next_of_customer(*customers) for customers in world.rig.ground.look(_CUSTOMERS)]
    later = [moment for moment in moments if moment is not None and moment > now]
    return min(later, default=None)


def _next_of_customer(state: MovementState, sent_at: datetime | None, looked_at: datetime | None) -> datetime | None:
    if sent_at is None or state == MovementState.PLANNED:
        return None
    if state == MovementState.SENDING:
        return sent_at + timedelta(minutes=5)
    if looked_at is None:
        return sent_at + timedelta(minutes=2)
    # The first look may have been late; the second comes as long after it as it would have otherwise.
    return max(sent_at + timedelta(minutes=10), looked_at + timedelta(minutes=8)) + timedelta(seconds=1)
