"""Ask a store's provider whether it serves us, and how quickly: somebody looks at the page meanwhile."""

import time
from dataclasses import dataclass

from app.db.stores import store_and_account
from app.domain.store import AccountKind
from app.providers.protocol import NotSent
from app.usecases.moving.balances_now import balances_now
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class ProviderState:
    """What the provider answered just now. `trouble` is why it did not."""

    kind: AccountKind
    is_reached: bool
    milliseconds: int
    trouble: str = ""


def ask_provider(services: Services, store_id: int) -> ProviderState:
    """Ask the store's present provider for the balance of an address that nobody has."""
    with services.database.reading() as session:
        store, account = store_and_account(session, store_id)
    provider = services.provider_of(store, account)
    began = time.monotonic()
    found = balances_now(services, provider, [account.nobody])
    milliseconds = round((time.monotonic() - began) * 1000)
    trouble = found.reason if isinstance(found, NotSent) else ""
    return ProviderState(AccountKind(account.kind), not trouble, milliseconds, trouble)
