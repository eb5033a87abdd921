"""Wake the payments by points of orders that were cancelled, have expired, are paid above their total, or whose refund was
reversed.
"""

from collections.abc import Iterable

from app.db.spend_waking import reversed_spends, wake_reversed, wake_spends
from app.domain.order import Order
from app.usecases.services import Services
from app.usecases.settling.batch import Batch, Standings

_OVER = frozenset({"CANCELED", "EXPIRED"})


def wake_spends_of(services: Services, batch: Batch, standings: Standings) -> None:
    """Look through the orders as they were just read. Nothing is asked where points paid none of them."""
    orders = [one.order for one in standings.values() if one.order is not None]
    over = _paid_by_points(order for order in orders if order.status in _OVER)
    overcharged = _paid_by_points(order for order in orders if order.charged > order.total) - over
    charged = {paid.id: paid.charged for order in orders for paid in order.transactions if paid.is_by_points}
    if not charged:
        return
    store_id, now = batch.store.id or 0, services.clock()
    with services.database.reading() as session:
        reversed_ids = reversed_spends(session, store_id, charged)
    if not (over or overcharged or reversed_ids):
        return
    with services.database.writing() as session:
        wake_spends(session, store_id, now, over=over, overcharged=overcharged)
        wake_reversed(session, reversed_ids, now)


def _paid_by_points(orders: Iterable[Order]) -> set[str]:
    return {paid.id for order in orders for paid in order.transactions if paid.is_by_points}
