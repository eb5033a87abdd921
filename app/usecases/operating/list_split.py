"""List the addresses that an older version took for one customer, and that are two."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from app.db.rows import as_value
from app.db.tables import SplitCustomerRow
from app.usecases.operating.show_customer import find_named_store
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class SplitCustomer:
    """Two people who had one balance: it stays with `email`, and `other_email` began with nothing."""

    email: str
    other_email: str
    found_at: datetime


def list_split(services: Services, slug: str) -> list[SplitCustomer]:
    """List them, oldest first.

    Raises BadRequest when there is no such store.
    """
    with services.database.reading() as session:
        store = find_named_store(session, slug)
        query = select(SplitCustomerRow).where(SplitCustomerRow.store_id == store.id).order_by(col(SplitCustomerRow.id))
        return [as_value(SplitCustomer, row) for row in session.exec(query)]
