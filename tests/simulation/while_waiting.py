"""What must be true while orders wait for staff: nothing waits in silence, and what waits for another order names it."""

from collections.abc import Iterator

from sqlmodel import col, select

from app.db.tables import MovementRow, OrderRow
from app.domain.settlement import INSTANT_KINDS, MovementState
from tests.simulation.world import Violation, World

OPEN = (MovementState.PLANNED, MovementState.SENDING, MovementState.UNKNOWN)


def check_what_waits(world: World) -> None:
    """Look at a world at rest, in which staff have not decided yet."""
    wrongs = list(_wrong_waits(world))
    if wrongs:
        raise Violation(f"an order waits in silence: {'; '.join(wrongs)}")


def _wrong_waits(world: World) -> Iterator[str]:
    with world.rig.database.reading() as session:
        orders = {order.id: order for order in session.exec(select(OrderRow))}
        open_now = select(MovementRow).where(col(MovementRow.state).in_(OPEN), col(MovementRow.kind).in_(INSTANT_KINDS))
        holders = {movement.lane: movement for movement in session.exec(open_now) if movement.lane is not None}
    for order in orders.values():
        if order.granted != max(order.due, 0) and order.problem_code is None:
            yield f"order {order.number}: due is {order.due}, granted {order.granted}, and it does not say why"
        if order.waits_lane is None:
            continue
        world.counts["orders that waited for staff"] += 1
        holder = holders.get(order.waits_lane)
        if holder is None:
            yield f"order {order.number} waits, and nothing is under way for its customer"
        elif order.problem_code != "waits" or _words(world, orders, order, holder) not in (order.problem or ""):
            yield f"order {order.number} {_words(world, orders, order, holder).rstrip(', ')}, and says {order.problem_code}"


def _words(world: World, orders: dict[int | None, OrderRow], waiting: OrderRow, holder: MovementRow) -> str:
    """Give the words by which an order should tell what it waits for, as staff of its shop may read it."""
    if holder.store_id != waiting.store_id:
        return "waits for another shop's change"
    if holder.order_id is not None:
        return f"waits for order {world.order(orders[holder.order_id].saleor_order_id).number}, "
    return "waits for a "
