"""Ask a store's provider whether it serves us, and how quickly: somebody looks at the page meanwhile."""

import time
from dataclasses import dataclass, replace

from app.db.stores import store_and_account
from app.domain.store import AccountKind
from app.providers.coggins.http import CogginsProvider
from app.providers.protocol import NotSent
from app.usecases.services import Services

PATIENCE_SECONDS = 4


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
        store, account = store_and_account(session, store_id)
    provider = services.provider_of(store, account)
    hurried = replace(provider, total_seconds=PATIENCE_SECONDS) if isinstance(provider, CogginsProvider) else provider
    began = time.monotonic()
    found = hurried.balances([account.nobody])
    milliseconds = round((time.monotonic() - began) * 1000)
    trouble = found.reason if isinstance(found, NotSent) else ""
    return ProviderState(AccountKind(account.kind), not trouble, milliseconds, trouble)
