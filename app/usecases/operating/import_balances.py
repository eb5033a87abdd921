"""Import balances from elsewhere, so that a shop can move in."""

from collections.abc import Iterable, Iterator
from itertools import islice

import structlog

from app.db.stores import current_account, find_store_by_slug
from app.domain.imported_balance import BalanceRow, BroughtIn
from app.domain.store import AccountKind
from app.errors import BadRequest
from app.ledger.importing import bring_in, preview
from app.usecases.services import Services

log = structlog.get_logger()

# Short enough that shoppers beside it do not wait, on the database that lets one write at a time.
BATCH = 1000


def import_balances(
    services: Services, slug: str, rows: Iterable[BalanceRow], *, is_dry_run: bool = False
) -> Iterator[BroughtIn]:
    """Set balances to what the rows say, batch by batch; yields what became of each batch, once it is there to stay.

    May be stopped, and run again: rows that are in change nothing. Raises BadRequest when there is no such store, or its
    points live elsewhere.
    """
    store_id = _store_id(services, slug)
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH)):
        if is_dry_run:
            with services.database.reading() as session:
                told = preview(session, store_id, batch)
        else:
            with services.database.writing() as session:
                told = bring_in(session, store_id, batch, services.clock())
        yield told
    log.info("balances imported", store=slug, is_dry_run=is_dry_run)


def _store_id(services: Services, slug: str) -> int:
    with services.database.reading() as session:
        store = find_store_by_slug(session, slug)
        account = current_account(session, store.id or 0) if store is not None else None
    if store is None or store.id is None:
        raise BadRequest(f"There is no store {slug}.")
    if account is not None and account.kind != AccountKind.EMBEDDED:
        raise BadRequest(f"The points of {slug} are kept at {account.url}, and cannot be imported here.")
    return store.id
