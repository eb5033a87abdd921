"""Step 0: take a batch of one store's waiting orders."""

from uuid import uuid4

from app.db.queue import choose_store, lease, note_served
from app.db.stores import accounts_of, rules_of
from app.errors import BadSetting
from app.saleor.client import ORDERS_MAX
from app.usecases.services import Services
from app.usecases.settling.batch import Batch, InHand


def take_batch(services: Services) -> Batch | None:
    """Take up to 100 waiting orders of the store that has waited longest; None when nothing waits."""
    now = services.clock()
    lease_token = uuid4().hex
    with services.database.writing() as session:
        store = choose_store(session, now)
        if store is None or store.id is None:
            return None
        orders = lease(session, store.id, lease_token, limit=ORDERS_MAX, now=now)
        accounts = accounts_of(session, store.id)
        rules = rules_of(session, store.id)
        note_served(session, store, now)
    if not orders:
        return None
    if store.token_sealed is None:
        raise BadSetting(f"The store {store.slug} is active and has no token.")
    return Batch(
        store=store,
        token=services.sealer.open(store.token_sealed),
        lease_token=lease_token,
        hands={order.id: InHand(order, failures=order.failures) for order in orders if order.id is not None},
        accounts=accounts,
        providers={account_id: services.provider_of(store, account) for account_id, account in accounts.items()},
        rules=rules,
    )
