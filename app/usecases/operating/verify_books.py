"""Verify the books: recompute every sum from what is never changed, and say what differs."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import col, select

from app.db.stores import find_store_by_slug
from app.db.tables import StoreRow
from app.errors import BadRequest
from app.ledger.audit import LEDGER_AUDITS, RANGE, differing, next_range
from app.ledger.lot_audits import LOT_AUDITS
from app.ledger.lot_verification import differing_lots
from app.usecases.operating.batch_audits import BATCH_AUDITS
from app.usecases.operating.customer_audits import CUSTOMER_AUDITS
from app.usecases.operating.notice_audits import NOTICE_AUDITS
from app.usecases.operating.order_audits import ORDER_AUDITS
from app.usecases.operating.reward_audits import REWARD_AUDITS
from app.usecases.operating.spend_audits import SPEND_AUDITS
from app.usecases.operating.staff_audits import STAFF_AUDITS
from app.usecases.operating.total_audits import differing_totals
from app.usecases.services import Services

AUDITS = (
    *LEDGER_AUDITS,
    *LOT_AUDITS,
    *ORDER_AUDITS,
    *CUSTOMER_AUDITS,
    *STAFF_AUDITS,
    *BATCH_AUDITS,
    *SPEND_AUDITS,
    *REWARD_AUDITS,
    *NOTICE_AUDITS,
)


@dataclass(frozen=True, slots=True)
class Verified:
    """A range of one store's rows that was looked at, and what differs in it."""

    store: str
    table: str
    rows: int
    differences: tuple[str, ...]


def verify_books(services: Services, slug: str | None = None, *, rows: int = RANGE) -> Iterator[Verified]:
    """Verify the books of a store, or of all, range by range: it takes as much memory for a million rows as for one.

    The app may go on working meanwhile: each range is looked at as it stands in one moment. Raises BadRequest when there is no
    such store.
    """
    for store_id, name in _stores(services, slug):
        for table in dict.fromkeys(audit.table for audit in AUDITS):
            yield from _verify_table(services, store_id, name, table, rows)
        yield from _verify_lots(services, store_id, name, rows)
        yield _verify_totals(services, store_id, name)


def _verify_table(services: Services, store_id: int, name: str, table: str, rows: int) -> Iterator[Verified]:
    after = 0
    while True:
        with services.database.reading() as session:
            within = next_range(session, table, store_id, after, limit=rows)
            if within is None:
                return
            found = [
                difference
                for audit in AUDITS
                if audit.table == table
                for difference in differing(session, audit, store_id, within)
            ]
        after = within.until
        yield Verified(name, table, within.rows, tuple(found))


def _verify_lots(services: Services, store_id: int, name: str, rows: int) -> Iterator[Verified]:
    after = 0
    while True:
        with services.database.reading() as session:
            within = next_range(session, "points_customer", store_id, after, limit=rows)
        if within is None:
            return
        with services.database.reading() as session:
            found = tuple(differing_lots(session, store_id, within))
        after = within.until
        # The lots themselves were counted before.
        yield Verified(name, "points_lot", 0, found)


def _verify_totals(services: Services, store_id: int, name: str) -> Verified:
    with services.database.reading() as session:
        totals, found = differing_totals(session, store_id)
    return Verified(name, "running_total", totals, tuple(found))


def _stores(services: Services, slug: str | None) -> list[tuple[int, str]]:
    with services.database.reading() as session:
        if slug is None:
            return [(store.id or 0, store.slug) for store in session.exec(select(StoreRow).order_by(col(StoreRow.id)))]
        store = find_store_by_slug(session, slug)
    if store is None:
        raise BadRequest(f"There is no store {slug}.")
    return [(store.id or 0, store.slug)]
