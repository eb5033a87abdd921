"""Wake the payments by points of orders that were cancelled, have expired, or are paid above their total."""

from collections.abc import Iterable

from app.db.spend_waking import wake_spends
from app.domain.order import Order
from app.usecases.services import Services
from app.usecases.settling.batch import Batch, Standings

_OVER = frozenset({"CANCELED", "EXPIRED"})


def wake_spends_of(services: Services, batch: Batch, standings: Standings) -> None:
    """Look through the orders as they were just read. No transaction where there is nothing to wake."""
    orders = [one.order for one in standings.values() if one.order is not None]
    over = _paid_by_points(order for order in orders if order.status in _OVER)
    overcharged = _paid_by_points(order for order in orders if order.charged > order.total) - over
    if not over and not overcharged:
        return
    with services.database.writing() as session:
        wake_spends(session, batch.store.id or 0, services.clock(), over=over, overcharged=overcharged)


def _paid_by_points(orders: Iterable[Order]) -> set[str]:
    return {paid.id for order in orders for paid in order.transactions if paid.is_by_points}
