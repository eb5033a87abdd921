"""Step 0: take a batch of one store's waiting orders."""

from datetime import datetime

from sqlmodel import Session

from app.db.queue import choose_store, lease, new_lease_token, note_served
from app.db.stores import rules_of
from app.db.tables import OrderRow, StoreRow
from app.errors import BadSetting
from app.saleor.order_calls import ORDERS_MAX
from app.usecases.moving.engine_run import open_accounts
from app.usecases.services import Services
from app.usecases.settling.batch import Batch
from app.usecases.settling.lease_keeping import LeaseKeeper


def take_batch(services: Services) -> Batch | None:
    """Take up to 100 waiting orders of the store that has waited longest; None when nothing waits.

    Where other workers have all of a store's orders locked just now, the next store is looked at.
    """
    now = services.clock()
    lease_token = new_lease_token()
    with services.database.writing() as session:
        store, orders = _taken(session, lease_token, now)
        if store is None or store.id is None:
            return None
        accounts = open_accounts(services, session, store)
        rules = rules_of(session, store.id)
        note_served(session, store, now)
    if store.token_sealed is None:
        raise BadSetting(f"The store {store.slug} is active and has no token.")
    token = services.sealer.open(store.token_sealed)
    by_id = {order.id or 0: order for order in orders}
    keep = LeaseKeeper(services, lease_token, by_id.keys(), now)
    return Batch(store, token, lease_token, by_id, accounts, rules, keep)


def _taken(session: Session, lease_token: str, now: datetime) -> tuple[StoreRow | None, list[OrderRow]]:
    """Lease orders of the first store that has some which no other worker has locked. It ends: no store is tried twice."""
    locked: set[int] = set()
    while (store := choose_store(session, now, but=locked)) is not None:
        orders = lease(session, store.id or 0, lease_token, limit=ORDERS_MAX, now=now)
        if orders:
            return store, orders
        locked.add(store.id or 0)
    return None, []
