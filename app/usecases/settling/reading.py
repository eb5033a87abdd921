"""Step 1: read the orders from Saleor, which is the truth about money."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from app.domain.order import Order
from app.errors import SaleorFault
from app.usecases.services import Services
from app.usecases.settling.batch import Batch, InHand, Problem

# One broken order in a hundred is found in 14 reads. With more, the rest waits its turn rather than hammering.
READS_MAX = 20

# A brand-new order may not have reached the replica that answers; one that stays away is gone. About twenty minutes.
ABSENCES_MAX = 8

_UNREADABLE = Problem("unreadable", "Saleor answers with an error when it is asked for this order. It is asked again.")
_GONE = Problem("gone", "Saleor does not know this order any more.")


def read_orders(services: Services, batch: Batch) -> None:
    """Read all orders in hand, in one query if none of them is broken.

    Raises SaleorUnreachable, SaleorBusy or SaleorRefused when the Saleor as a whole does not serve us.
    """
    read: dict[str, Order] = {}
    answered: set[str] = set()
    groups: list[Sequence[str]] = [[hand.row.saleor_order_id for hand in batch.hands.values()]]
    reads = 0
    last_fault: SaleorFault | None = None
    while groups and reads < READS_MAX:
        ids = groups.pop()
        reads += 1
        try:
            orders = services.saleor.read_orders(batch.store.saleor_api_url or "", batch.token, ids)
        except SaleorFault as fault:
            last_fault = fault
            if len(ids) > 1:
                groups += [ids[: len(ids) // 2], ids[len(ids) // 2 :]]
            continue
        answered.update(ids)
        read.update((order.id, order) for order in orders)
    if last_fault is not None and not answered and len(batch.hands) > 1:
        raise last_fault
    now = services.clock()
    for hand in batch.hands.values():
        _accept(hand, read.get(hand.row.saleor_order_id), now, was_answered=hand.row.saleor_order_id in answered)


def _accept(hand: InHand, order: Order | None, now: datetime, *, was_answered: bool) -> None:
    if order is None and was_answered and hand.failures >= ABSENCES_MAX:
        hand.is_done = True
        hand.problem = _GONE if hand.row.granted else None
    elif order is None:
        hand.retry(now, None if was_answered else _UNREADABLE)
    elif order.updated_at < max(filter(None, (hand.row.told_at, hand.row.read_at)), default=order.updated_at):
        # The answer comes from a replica that lags behind what we were told, or read before.
        hand.await_replica(now)
    elif hand.row.erased_at is not None:
        hand.order = replace(order, email=hand.row.email or "")
    else:
        hand.order = order
