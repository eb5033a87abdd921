"""Keep a customer whom Saleor deleted: they are not erased here."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from app.db.form_tokens import FormToken, is_first
from app.db.keys import keys_in
from app.db.logbook import write_log
from app.db.tables import DeletedCustomerRow, StoreRow
from app.errors import BadRequest
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class PlannedErasure:
    """A customer is to be erased: when Saleor deleted them, and when they are erased here."""

    deleted_at: datetime
    erased_at: datetime


def planned_erasure(services: Services, store_id: int, email: str) -> PlannedErasure | None:
    """Tell whether a customer is to be erased, and when."""
    with services.database.reading() as session:
        days = session.get_one(StoreRow, store_id).erase_after_days
        found = _planned(session, store_id, email) if days is not None else None
    if found is None or days is None:
        return None
    return PlannedErasure(found.deleted_at, found.deleted_at + timedelta(days=days))


def keep_customer(services: Services, store_id: int, email: str, *, who: str, once: FormToken) -> None:
    """Keep a customer. The store's log names who did it, and not whom.

    Raises BadRequest when the customer is not to be erased: somebody kept them before, or they are erased already.
    """
    now = services.clock()
    with services.database.writing() as session:
        if not is_first(session, once, now):
            return
        found = _planned(session, store_id, email, lock=True)
        if found is None:
            raise BadRequest("This customer is not going to be erased.")
        found.kept_at, found.kept_by = now, who
        session.add(found)
        message = "A customer who was deleted in Saleor is kept, and is not erased."
        write_log(session, store_id, "customer_kept", message, now=now, made_by=who)


def _planned(session: Session, store_id: int, email: str, *, lock: bool = False) -> DeletedCustomerRow | None:
    query = select(DeletedCustomerRow).where(
        DeletedCustomerRow.store_id == store_id,
        col(DeletedCustomerRow.email_key).in_(keys_in(session, email)),
        col(DeletedCustomerRow.kept_at).is_(None),
    )
    return session.exec(query.with_for_update() if lock else query).first()
