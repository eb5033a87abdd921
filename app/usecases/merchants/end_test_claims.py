"""End the test claims of a store before their day is over: their links say that they were withdrawn."""

from sqlalchemy import update
from sqlmodel import col

from app.db.form_tokens import FormToken, is_first
from app.db.logbook import write_log
from app.db.tables import StoreRow
from app.usecases.services import Services
from app.usecases.test_links import LASTS


def has_running_test(services: Services, store_id: int) -> bool:
    """Tell whether a test was made within its day and not ended since."""
    with services.database.reading() as session:
        store = session.get(StoreRow, store_id)
    if store is None or store.test_made_at is None or store.test_made_at + LASTS <= services.clock():
        return False
    return store.tests_ended_at is None or store.tests_ended_at < store.test_made_at


def end_test_claims(services: Services, store_id: int, *, once: FormToken) -> None:
    """End all tests that were made until now. Those that are made later are not touched."""
    now = services.clock()
    with services.database.writing() as session:
        if is_first(session, once, now):
            session.execute(update(StoreRow).where(col(StoreRow.id) == store_id).values(tests_ended_at=now))
            write_log(session, store_id, "checklist", "The test claims were ended.", now=now, made_by=once.made_by)
