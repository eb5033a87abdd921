"""Balances brought in from elsewhere: each is set by an entry of its own, once."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from app.db.tables.points_entry import EntryKind
from app.domain.bounds import POINTS_MAX
from app.domain.email import folded
from app.domain.imported_balance import BalanceRow, BroughtIn
from app.ledger import entries as ledger
from app.ledger import statements as ledger_bulk
from app.ledger.entries import Entry
from app.ledger.statements import LedgerCustomer

_NOBODY = LedgerCustomer(0, 0, 0, None)


def preview(session: Session, store_id: int, rows: Sequence[BalanceRow]) -> BroughtIn:
    """Tell what bringing in these rows would do now."""
    customers = ledger_bulk.find_customers(session.connection(), store_id, [folded(row.email) for row in rows])
    return _told(rows, customers)


def bring_in(session: Session, store_id: int, rows: Sequence[BalanceRow], now: datetime) -> BroughtIn:
    """Set the customers' balances to what the rows say, in a number of statements that does not grow with them.

    A row that says what the last one of its customer said was brought in already: it changes nothing, whatever the customer
    was given or spent since. No customer stands in `rows` twice.
    """
    connection = session.connection()
    emails = {folded(row.email): row.email.strip() for row in rows}
    before = ledger_bulk.find_customers(connection, store_id, emails)
    customers = ledger_bulk.lock_customers(connection, store_id, emails, now)
    told = _told(rows, {key: customer for key, customer in customers.items() if key in before})
    fresh = [row for row in rows if customers[folded(row.email)].imported_as != row.mark]
    ledger.post(session, store_id, [entry for row in fresh for entry in _entries(row, customers[folded(row.email)])], now)
    to_mark = [row for row in rows if row.customer_type is not None or customers[folded(row.email)].imported_as != row.mark]
    if to_mark:
        ledger_bulk.mark_imported(connection, [(row.mark, row.customer_type, customers[folded(row.email)].id) for row in to_mark])
    return told


def _entries(row: BalanceRow, customer: LedgerCustomer) -> list[Entry]:
    """Give the entries that lead from what a customer has to what the row says; more than one where the way is very long."""
    points = row.available - customer.available
    used = 0 if row.used is None else row.used - customer.used
    entries = []
    while points or used:
        part = max(-POINTS_MAX, min(points, POINTS_MAX))
        entries.append(Entry(row.email, part, EntryKind.IMPORT, may_go_below_zero=True, used=used))
        points, used = points - part, 0
    return entries


def _told(rows: Sequence[BalanceRow], customers: Mapping[str, LedgerCustomer]) -> BroughtIn:
    pairs = [(row, customers.get(folded(row.email), _NOBODY)) for row in rows]
    return BroughtIn(
        rows=len(rows),
        known=sum(customer.imported_as == row.mark for row, customer in pairs),
        new_customers=sum(customer is _NOBODY for _, customer in pairs),
        points=sum(row.available - customer.available for row, customer in pairs if customer.imported_as != row.mark),
    )
