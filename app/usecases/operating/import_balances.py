"""Import balances from elsewhere, so that a shop can move in."""

from collections.abc import Iterable, Iterator
from itertools import islice

import structlog

from app.db.stores import current_account, find_store_by_slug
from app.domain.imported_balance import BalanceRow, BroughtIn, ChangeRow
from app.domain.store import AccountKind, DebtPolicy
from app.errors import BadRequest
from app.ledger.importing import bring_in, make_changes, preview, preview_changes
from app.usecases.services import Services

log = structlog.get_logger()

# Short enough that shoppers beside it do not wait, on the database that lets one write at a time.
BATCH = 1000


def import_balances(
    services: Services, slug: str, rows: Iterable[BalanceRow | ChangeRow], *, is_dry_run: bool = False
) -> Iterator[BroughtIn]:
    """Set or change balances as the rows say, batch by batch; yields what became of each batch, once it is there to stay.

    May be stopped, and run again: rows that are in change nothing. Raises BadRequest when there is no such store, or its
    points live elsewhere.
    """
    store_id, may_go_below_zero = _store(services, slug)
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH)):
        changes = [row for row in batch if isinstance(row, ChangeRow)]
        balances = [row for row in batch if isinstance(row, BalanceRow)]
        if is_dry_run:
            with services.database.reading() as session:
                now = services.clock()
                told = preview_changes(session, store_id, changes, now, may_go_below_zero=may_go_below_zero)
                told += preview(session, store_id, balances, now)
        else:
            with services.database.writing() as session:
                now = services.clock()
                told = (
                    make_changes(session, store_id, changes, now, may_go_below_zero=may_go_below_zero) if changes else BroughtIn()
                )
                told += bring_in(session, store_id, balances, now) if balances else BroughtIn()
        yield told
    log.info("balances imported", store=slug, is_dry_run=is_dry_run)


def _store(services: Services, slug: str) -> tuple[int, bool]:
    with services.database.reading() as session:
        store = find_store_by_slug(session, slug)
        account = current_account(session, store.id or 0) if store is not None else None
    if store is None or store.id is None:
        raise BadRequest(f"There is no store {slug}.")
    if account is not None and account.kind != AccountKind.EMBEDDED:
        raise BadRequest(f"The points of {slug} are kept at {account.url}, and cannot be imported here.")
    return store.id, store.debt_policy == DebtPolicy.NEGATIVE
