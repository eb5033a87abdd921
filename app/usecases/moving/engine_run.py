"""What one run of the engine works with."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session

from app.db.stores import accounts_of
from app.db.tables import StoreRow
from app.providers.protocol import LocalProvider
from app.usecases.moving.accounts import Accounts
from app.usecases.moving.causes import Cause
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of the engine works with: the accounts of one store, and one kind of cause.

    `keep` is called before each step that waits for the outside: whoever holds a lease keeps all of it meanwhile.
    """

    services: Services
    accounts: Accounts
    cause: Cause
    keep: Callable[[], None] = lambda: None


def open_accounts(services: Services, session: Session, store: StoreRow) -> Accounts:
    """Load a store's accounts and make their providers."""
    rows = accounts_of(session, store.id or 0)
    providers = {account_id: services.provider_of(store, row) for account_id, row in rows.items()}
    local = {account_id: provider for account_id, provider in providers.items() if isinstance(provider, LocalProvider)}
    return Accounts(store, rows, providers, local)
