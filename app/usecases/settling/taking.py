"""Step 0: take a batch of one store's waiting orders."""

from uuid import uuid4

from app.db.queue import choose_store, lease, note_served
from app.db.stores import rules_of
from app.errors import BadSetting
from app.saleor.client import ORDERS_MAX
from app.usecases.moving.engine_run import open_accounts
from app.usecases.services import Services
from app.usecases.settling.batch import Batch


def take_batch(services: Services) -> Batch | None:
    """Take up to 100 waiting orders of the store that has waited longest; None when nothing waits."""
    now = services.clock()
    lease_token = uuid4().hex
    with services.database.writing() as session:
        store = choose_store(session, now)
        if store is None or store.id is None:
            return None
        orders = lease(session, store.id, lease_token, limit=ORDERS_MAX, now=now)
        accounts = open_accounts(services, session, store)
        rules = rules_of(session, store.id)
        note_served(session, store, now)
    if not orders:
        return None
    if store.token_sealed is None:
        raise BadSetting(f"The store {store.slug} is active and has no token.")
    token = services.sealer.open(store.token_sealed)
    return Batch(store, token, lease_token, {order.id or 0: order for order in orders}, accounts, rules)
