"""Show a store's settings, and note who changed them."""

from dataclasses import dataclass

from sqlmodel import col, select

from app.db.logbook import write_log
from app.db.stores import customer_types_of
from app.db.tables import AccountRow, StoreRow
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class ShownSettings:
    """A store and its account of today."""

    store: StoreRow
    account: AccountRow

    @property
    def customer_types(self) -> tuple[str, ...]:
        return customer_types_of(self.store)


def show_settings(services: Services, store_id: int) -> ShownSettings:
    """Load a store with its account of today, by one query."""
    with services.database.reading() as session:
        store, account = session.exec(
            select(StoreRow, AccountRow)
            .join(AccountRow, col(AccountRow.store_id) == col(StoreRow.id))
            .where(StoreRow.id == store_id, col(AccountRow.is_current))
        ).one()
        return ShownSettings(store, account)


def note_change(services: Services, store_id: int, message: str, *, who: str) -> None:
    """Write into the merchant's log that somebody changed a setting."""
    with services.database.writing() as session:
        write_log(session, store_id, "settings_changed", message, now=services.clock(), made_by=who)
