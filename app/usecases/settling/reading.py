"""Step 1: read the orders from Saleor, which is the truth about money."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from app.db.spends import paid_by_points
from app.db.stored_rewards import used_of_rewards
from app.domain import retry
from app.domain.order import Order, facts_of
from app.domain.spending import PointsPayment, as_amount, points_held
from app.errors import SaleorFault
from app.usecases.moving.causes import Problem
from app.usecases.services import Services
from app.usecases.settling.batch import Batch, Standing, Standings

# One broken order in a hundred is found in 14 reads. With more, the rest waits its turn rather than hammering.
READS_MAX = 20

# A brand-new order may not have reached the replica that answers; one that stays away is gone. About twenty minutes.
ABSENCES_MAX = 8

_UNREADABLE = Problem("unreadable", "Saleor answers with an error when it is asked for this order. It is asked again.")
_GONE = Problem("gone", "Saleor does not know this order any more.")


def read_orders(services: Services, batch: Batch) -> Standings:
    """Read all orders in hand, in one query if none of them is broken.

    Raises SaleorUnreachable, SaleorBusy or SaleorRefused when the Saleor as a whole does not serve us.
    """
    read: dict[str, Order] = {}
    answered: set[str] = set()
    groups: list[Sequence[str]] = [[row.saleor_order_id for row in batch.orders.values()]]
    reads = 0
    last_fault: SaleorFault | None = None
    while groups and reads < READS_MAX:
        ids = groups.pop()
        reads += 1
        batch.keep()
        try:
            orders = services.saleor.orders.read(
                batch.store.saleor_api_url or "", batch.token, ids, version=batch.store.saleor_version
            )
        except SaleorFault as fault:
            last_fault = fault
            if len(ids) > 1:
                groups += [ids[: len(ids) // 2], ids[len(ids) // 2 :]]
            continue
        answered.update(ids)
        read.update((order.id, order) for order in orders)
    if last_fault is not None and not answered and len(batch.orders) > 1:
        raise last_fault
    now = services.clock()
    read = _with_rewards_used(services, batch, _with_points_paid(services, batch, read))
    return {
        order_id: _accept(
            Standing(row, order_id, refused=row.refused_step),
            read.get(row.saleor_order_id),
            now,
            was_answered=row.saleor_order_id in answered,
        )
        for order_id, row in batch.orders.items()
    }


def _with_points_paid(services: Services, batch: Batch, read: dict[str, Order]) -> dict[str, Order]:
    """Mark the payments that were made with points, by one query for all orders."""
    ids = {paid.id for order in read.values() for paid in order.transactions if paid.id}
    if not ids:
        return read
    with services.database.reading() as session:
        ours = paid_by_points(session, batch.store_id, ids)
    return {order_id: _marked(order, ours) for order_id, order in read.items()} if ours else read


def _with_rewards_used(services: Services, batch: Batch, read: dict[str, Order]) -> dict[str, Order]:
    """Tell what gift cards paid that customers took for points, by one query for all orders that used some."""
    ids = [order_id for order_id, order in read.items() if order.has_used_cards]
    if not ids:
        return read
    with services.database.reading() as session:
        used = used_of_rewards(session, batch.store_id, ids)
    paid = {order_id: as_amount(units, read[order_id].currency) for order_id, units in used.items()}
    return read | {order_id: replace(read[order_id], by_reward=amount) for order_id, amount in paid.items()}


def _marked(order: Order, ours: Mapping[str, Sequence[PointsPayment]]) -> Order:
    paid = tuple(replace(one, is_by_points=one.id in ours) for one in order.transactions)
    spent = sum(points_held(ours[one.id], one.charged) for one in paid if one.is_by_points)
    return replace(order, transactions=paid, points_spent=spent)


def _accept(standing: Standing, order: Order | None, now: datetime, *, was_answered: bool) -> Standing:
    row = standing.row
    if order is None and was_answered and row.failures >= ABSENCES_MAX:
        return standing.leaving(problem=_GONE if row.granted else None)
    if order is None:
        return standing.failing(now, None if was_answered else _UNREADABLE)
    if order.updated_at < max(filter(None, (row.told_at, row.read_at)), default=order.updated_at):
        # The answer comes from a replica that lags behind what we were told, or read before.
        return standing.failing(now, wait=retry.replica_wait(standing.failures))
    if row.erased_at is not None:
        order = replace(order, email=row.email or "")
    return replace(standing, order=order, facts=facts_of(order))
