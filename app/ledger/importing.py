"""Import balances from elsewhere: each is set once, by an entry of its own."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid5

from sqlmodel import Session

from app.db.keys import key_in
from app.db.tables import StoreRow
from app.db.tables.points_entry import EntryKind
from app.domain.bounds import POINTS_MAX
from app.domain.days import end_of_day
from app.domain.imported_balance import BalanceRow, BroughtIn, ChangeRow
from app.ledger import entries as ledger
from app.ledger import statements as ledger_bulk
from app.ledger.entries import Entry
from app.ledger.statements import LedgerCustomer

# A change from a file has the id that its store and its reference make: a second run finds it in the ledger.
_OF_REFERENCES = UUID("5b1f0b1e-6a0c-4a53-9d0e-0c1c7a3b2f55")
_NOBODY = LedgerCustomer(0, 0, 0, None)


def preview(session: Session, store_id: int, rows: Sequence[BalanceRow], now: datetime) -> BroughtIn:
    """Tell what importing these rows would do now."""
    customers = ledger.find_customers(session, store_id, [key_in(session, row.email) for row in rows], now)
    return _told(session, rows, customers)


def bring_in(session: Session, store_id: int, rows: Sequence[BalanceRow], now: datetime) -> BroughtIn:
    """Set the customers' balances to what the rows say, in a number of statements that does not grow with them.

    A row that is the same as the last one of its customer was imported already: it changes nothing, whatever the customer got
    or spent since. No customer is in `rows` twice.
    """
    connection = session.connection()
    emails = {key_in(session, row.email): row.email.strip() for row in rows}
    before = ledger_bulk.find_customers(connection, store_id, emails, now)
    customers = ledger.hold_customers(session, store_id, emails, now)
    told = _told(session, rows, {key: customer for key, customer in customers.items() if key in before})
    of_row = [(row, customers[key_in(session, row.email)]) for row in rows]
    fresh = [(row, customer) for row, customer in of_row if customer.imported_as != row.mark]
    zone = session.get_one(StoreRow, store_id).time_zone
    ledger.post(session, store_id, [entry for row, customer in fresh for entry in _entries(row, customer, zone)], now)
    to_mark = [(row, one) for row, one in of_row if row.customer_type is not None or one.imported_as != row.mark]
    if to_mark:
        ledger_bulk.mark_imported(connection, [(row.mark, row.customer_type, customer.id) for row, customer in to_mark])
    return told


def _entries(row: BalanceRow, customer: LedgerCustomer, time_zone: str) -> list[Entry]:
    """Give the entries that lead from a customer's balance to the row's. A very large difference takes more than one.

    Where the row has a day, the points that are added have that day.
    """
    points = row.available - customer.available
    used = 0 if row.used is None else row.used - customer.used
    entries = []
    while points or used:
        part = max(-POINTS_MAX, min(points, POINTS_MAX))
        entries.append(Entry(row.email, part, EntryKind.IMPORT, may_go_below_zero=True, used=used, ends=_ends(row, time_zone)))
        points, used = points - part, 0
    return entries


def _ends(row: BalanceRow | ChangeRow, time_zone: str) -> datetime | None:
    return None if row.expires_on is None else end_of_day(row.expires_on, time_zone)


def _told(session: Session, rows: Sequence[BalanceRow], customers: Mapping[str, LedgerCustomer]) -> BroughtIn:
    pairs = [(row, customers.get(key_in(session, row.email), _NOBODY)) for row in rows]
    return BroughtIn(
        rows=len(rows),
        known=sum(customer.imported_as == row.mark for row, customer in pairs),
        new_customers=sum(customer is _NOBODY for _, customer in pairs),
        points=sum(row.available - customer.available for row, customer in pairs if customer.imported_as != row.mark),
    )


def preview_changes(
    session: Session, store_id: int, rows: Sequence[ChangeRow], now: datetime, *, may_go_below_zero: bool
) -> BroughtIn:
    """Tell what making these changes would do now."""
    connection = session.connection()
    customers = ledger.find_customers(session, store_id, [key_in(session, row.email) for row in rows], now)
    posted = ledger_bulk.posted_before(connection, [_request_id(store_id, row) for row in rows])
    return _judged(session, store_id, rows, customers, posted, may_go_below_zero=may_go_below_zero)


def make_changes(
    session: Session, store_id: int, rows: Sequence[ChangeRow], now: datetime, *, may_go_below_zero: bool
) -> BroughtIn:
    """Change the customers' balances. A row whose reference was made before changes nothing.

    One that would take more than the balance holds is refused, unless the store lets balances fall below zero.
    """
    connection = session.connection()
    emails = {key_in(session, row.email): row.email.strip() for row in rows}
    before = ledger_bulk.find_customers(connection, store_id, emails, now)
    customers = ledger.hold_customers(session, store_id, emails, now)
    posted = ledger_bulk.posted_before(connection, [_request_id(store_id, row) for row in rows])
    known = {key: customer for key, customer in customers.items() if key in before}
    told = _judged(session, store_id, rows, known, posted, may_go_below_zero=may_go_below_zero)
    zone = session.get_one(StoreRow, store_id).time_zone
    changes = [
        Entry(
            row.email,
            row.change,
            EntryKind.IMPORT,
            _request_id(store_id, row),
            may_go_below_zero=may_go_below_zero,
            ends=_ends(row, zone),
        )
        for row in rows
    ]
    ledger.post(session, store_id, changes, now)
    return told


def _request_id(store_id: int, row: ChangeRow) -> UUID:
    return uuid5(_OF_REFERENCES, f"{store_id}/{row.reference}")


def _judged(
    session: Session,
    store_id: int,
    rows: Sequence[ChangeRow],
    customers: Mapping[str, LedgerCustomer],
    posted: Collection[int],
    *,
    may_go_below_zero: bool,
) -> BroughtIn:
    balances = {key: customer.available for key, customer in customers.items()}
    known = refused = points = 0
    for row in rows:
        key = key_in(session, row.email)
        after = balances.get(key, 0) + row.change
        if _request_id(store_id, row).int in posted:
            known += 1
        elif row.change < 0 and after < 0 and not may_go_below_zero:
            refused += 1
        else:
            balances[key], points = after, points + row.change
    strangers = {key_in(session, row.email) for row in rows} - set(customers)
    return BroughtIn(len(rows), known, len(strangers), points, refused)
