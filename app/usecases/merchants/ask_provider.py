"""Ask a store's provider whether it serves us, and how quickly: somebody looks at the page meanwhile."""

import time
from dataclasses import dataclass, replace

from app.db.stores import current_account
from app.db.tables import StoreRow
from app.domain.store import AccountKind
from app.providers.coggins.http import CogginsProvider
from app.providers.protocol import NotSent
from app.usecases.services import Services

PATIENCE_SECONDS = 4
# An address that belongs to nobody (RFC 2606): what is asked for matters less than that there is an answer.
NOBODY = "nobody@points.invalid"


@dataclass(frozen=True, slots=True)
class ProviderState:
    """What the provider answered just now. `trouble` is why it did not."""

    kind: AccountKind
    is_reached: bool
    milliseconds: int
    trouble: str = ""


def ask_provider(services: Services, store_id: int) -> ProviderState:
    """Look up nobody's balance at the store's provider of today."""
    with services.database.reading() as session:
        store, account = session.get_one(StoreRow, store_id), current_account(session, store_id)
    if account is None:
        raise RuntimeError("a store without an account")
    provider = services.provider_of(store, account)
    hurried = replace(provider, total_seconds=PATIENCE_SECONDS) if isinstance(provider, CogginsProvider) else provider
    began = time.monotonic()
    found = hurried.balances([NOBODY])
    milliseconds = round((time.monotonic() - began) * 1000)
    trouble = found.reason if isinstance(found, NotSent) else ""
    return ProviderState(AccountKind(account.kind), not trouble, milliseconds, trouble)
