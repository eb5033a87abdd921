"""Customers whom a store knows. No notice of a change is trusted: a customer is added up anew from the rows that name them."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, text
from sqlmodel import Session, col, select

from app.db.bulk import IsIn, change_rows, insert_rows
from app.db.customer_figures import figures_of
from app.db.tables import CustomerChangeRow, CustomerWordRow, KnownCustomerRow
from app.domain.search_words import words_of

# So many changes are taken in in one transaction: on SQLite nobody else writes meanwhile.
TAKEN_IN_MAX = 2000
# Whoever writes known customers holds it, so that nobody writes an address that somebody else erases. Any number will do.
KNOWN_LOCK = 7_346_314


def take_in_changes(session: Session, *, limit: int = TAKEN_IN_MAX) -> int:
    """Compare the customers of the oldest changes with the rows that name them, and give how many changes there were."""
    _lock(session)
    changes = session.exec(select(CustomerChangeRow).order_by(col(CustomerChangeRow.id)).limit(limit)).all()
    by_store: dict[int, set[str]] = defaultdict(set)
    for change in changes:
        by_store[change.store_id].add(change.email_key)
    for store_id, keys in by_store.items():
        _compare(session, store_id, keys)
    _delete(session, CustomerChangeRow, CustomerChangeRow.id, [change.id for change in changes])
    return len(changes)


def forget_known(session: Session, store_id: int, keys: Collection[str]) -> None:
    """Take the addresses out of the customers known, at once and for all who take in changes meanwhile."""
    _lock(session)
    session.flush()
    _forget(session, _known(session, store_id, keys).values())
    is_theirs = IsIn(col(CustomerChangeRow.email_key), "keys", list(keys))
    session.execute(delete(CustomerChangeRow).where(col(CustomerChangeRow.store_id) == store_id, is_theirs))


def _lock(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": KNOWN_LOCK})


def _compare(session: Session, store_id: int, keys: Collection[str]) -> None:
    known = _known(session, store_id, keys)
    figures = figures_of(session, store_id, keys)
    _forget(session, [known[key] for key in known.keys() - figures.keys()])
    change_rows(session, KnownCustomerRow, [{"id": known[key], **asdict(figures[key])} for key in known.keys() & figures.keys()])
    new = sorted(figures.keys() - known.keys())
    insert_rows(session, KnownCustomerRow, [{"store_id": store_id, "email_key": key, **asdict(figures[key])} for key in new])
    ids = _known(session, store_id, new)
    words = [{"store_id": store_id, "word": word, "customer_id": ids[key]} for key in new for word in words_of(key)]
    insert_rows(session, CustomerWordRow, words)


def _known(session: Session, store_id: int, keys: Collection[str]) -> dict[str, int]:
    is_theirs = IsIn(col(KnownCustomerRow.email_key), "keys", list(keys))
    query = select(KnownCustomerRow.email_key, KnownCustomerRow.id).where(KnownCustomerRow.store_id == store_id, is_theirs)
    return {key: customer_id or 0 for key, customer_id in session.exec(query)}


def _forget(session: Session, customer_ids: Collection[int]) -> None:
    if customer_ids:
        _delete(session, CustomerWordRow, CustomerWordRow.customer_id, customer_ids)
        _delete(session, KnownCustomerRow, KnownCustomerRow.id, customer_ids)


def _delete(session: Session, model: Any, column: Any, values: Collection[int | None]) -> None:
    session.execute(delete(model).where(IsIn(column, "ids", list(values))).execution_options(synchronize_session=False))
