"""The ledger's bulk: rows by the thousand in a constant number of statements, past the ORM.

PostgreSQL gets each column as one array, SQLite the rows for one prepared statement: either way, a thousand rows are one call.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.engine import Dialect

from app.db.columns import UtcTime


class LedgerCustomer(NamedTuple):
    """A customer's row, as far as moving balances needs it.

    `has_lots` is true once any points of the customer had a day, `has_ended` while some have run out and that is not written yet.
    `may_run_out`: what the store's customers earn now gets a day.
    """

    id: int
    available: int
    used: int
    imported_as: str | None
    has_lots: bool = False
    has_ended: bool = False
    may_run_out: bool = False


class NewEntry(NamedTuple):
    """A row of an entry, with the balance after it."""

    customer_id: int
    kind: str
    amount: int
    used: int
    available_after: int
    used_after: int
    claim_id: int | None = None
    api_key_id: int | None = None
    spend_id: int | None = None
    undoes_id: int | None = None
    request_id: UUID | None = None


class ClaimToAdd(NamedTuple):
    """A claim to be stored. Its token is sealed, and found by its mark."""

    request_id: UUID
    token_mark: str
    token_sealed: str
    amount: int
    email: str = ""
    email_key: str | None = None
    customer_type: str | None = None
    api_key_id: int | None = None
    expires_at: datetime | None = None


def find_customers(connection: Connection, store_id: int, keys: Collection[str], now: datetime) -> dict[str, LedgerCustomer]:
    """Find customers by the keys of their e-mails."""
    dialect = connection.dialect.name
    wanted = json.dumps(list(keys)) if dialect == "sqlite" else list(keys)
    moment = _time(connection.dialect)(now) if dialect == "sqlite" else now
    rows = connection.exec_driver_sql(_FIND_CUSTOMERS[dialect], {"store_id": store_id, "keys": wanted, "now": moment})
    return {row[0]: LedgerCustomer._make(row[1:]) for row in rows.cursor.fetchall()}


def lock_customers(connection: Connection, store_id: int, emails: Mapping[str, str], now: datetime) -> dict[str, LedgerCustomer]:
    """Lock customers, made where they are new, by key. `emails` gives the spelling of each key.

    New customers are always made in the order of their keys, and then all are locked in the order of their ids. So two
    transactions that name the same customers cannot wait for each other for ever. The lock leaves the rows' keys free, because
    a claim that names its taker locks the key: two takers who wanted the whole row would wait for each other.
    """
    if connection.dialect.name == "sqlite":
        return made_customers(connection, store_id, emails, now)
    _add_customers(connection, store_id, emails, now)
    rows = connection.exec_driver_sql(_LOCK_CUSTOMERS, {"store_id": store_id, "keys": list(emails), "now": now})
    return {row[0]: LedgerCustomer._make(row[1:]) for row in rows.cursor.fetchall()}


def made_customers(connection: Connection, store_id: int, emails: Mapping[str, str], now: datetime) -> dict[str, LedgerCustomer]:
    """Find customers by key, and make new ones. Those who were there are not locked."""
    found = find_customers(connection, store_id, emails, now)
    missing = {key: email for key, email in emails.items() if key not in found}
    if not missing:
        return found
    _add_customers(connection, store_id, missing, now)
    return find_customers(connection, store_id, emails, now)


def posted_before(connection: Connection, request_ids: Collection[UUID]) -> set[int]:
    """Tell which requests are in the ledger already. Ids are given as numbers."""
    if not request_ids:
        return set()
    if connection.dialect.name != "sqlite":
        return {row[0].int for row in connection.exec_driver_sql(_POSTED_BEFORE["postgresql"], {"ids": list(request_ids)})}
    ids = json.dumps([request_id.hex for request_id in request_ids])
    return {int(row[0], 16) for row in connection.exec_driver_sql(_POSTED_BEFORE["sqlite"], {"ids": ids})}


def add_entries(connection: Connection, entries: Sequence[NewEntry], now: datetime) -> None:
    """Append entries; the database moves the balances. Their customers are locked."""
    if connection.dialect.name != "sqlite":
        _run_columns(connection, _ADD_ENTRIES["postgresql"], NewEntry._fields, entries, {"now": now})
        return
    moment = _time(connection.dialect)(now)
    rows = [(*entry[:-1], None if entry[-1] is None else entry[-1].hex, moment) for entry in entries]
    connection.exec_driver_sql(_ADD_ENTRIES["sqlite"], rows)


def mark_imported(connection: Connection, marks: Sequence[tuple[str, str | None, int]]) -> None:
    """Write what was imported last for customers: the row's mark, the type if it has one, and the customer's id."""
    if connection.dialect.name != "sqlite":
        _run_columns(connection, _MARK_IMPORTED["postgresql"], ("mark", "type", "id"), marks, {})
        return
    connection.exec_driver_sql(_MARK_IMPORTED["sqlite"], list(marks))


def add_claims(connection: Connection, store_id: int, claims: Sequence[ClaimToAdd], now: datetime) -> int:
    """Store claims, but for those whose request was stored before. Gives how many are new."""
    if connection.dialect.name != "sqlite":
        common = {"store_id": store_id, "now": now}
        return _run_columns(connection, _ADD_CLAIMS["postgresql"], ClaimToAdd._fields, claims, common)
    time = _time(connection.dialect)
    moment = time(now)
    rows = [(store_id, claim.request_id.hex, *claim[1:-1], time(claim.expires_at), moment) for claim in claims]
    return connection.exec_driver_sql(_ADD_CLAIMS["sqlite"], rows).rowcount


def _add_customers(connection: Connection, store_id: int, emails: Mapping[str, str], now: datetime) -> None:
    if connection.dialect.name == "sqlite":
        moment = _time(connection.dialect)(now)
        connection.exec_driver_sql(_ADD_CUSTOMERS["sqlite"], [(store_id, email, key, moment) for key, email in emails.items()])
        return
    spellings = {"store_id": store_id, "now": now, "keys": list(emails), "emails": list(emails.values())}
    connection.exec_driver_sql(_ADD_CUSTOMERS["postgresql"], spellings)


@cache
def _time(dialect: Dialect) -> Any:
    """Give the function that writes a time as the tables of this database hold it."""
    return UtcTime().dialect_impl(dialect).bind_processor(dialect)


def _run_columns(
    connection: Connection, statement: str, names: Sequence[str], rows: Sequence[tuple[Any, ...]], common: dict[str, Any]
) -> int:
    columns = {name: list(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}
    return connection.exec_driver_sql(statement, {**columns, **common}).rowcount


def _found(store: str, now: str) -> str:
    return f"""
        SELECT email_key, id, available, used, imported_as, active_at IS NOT NULL, coalesce(ends_next <= {now}, FALSE),
            coalesce((
                SELECT kind <> 'never' FROM points_policy WHERE store_id = {store} ORDER BY id DESC LIMIT 1
            ), FALSE)
        FROM points_customer WHERE store_id = {store}"""  # noqa: S608 - constants


_FIND_CUSTOMERS = MappingProxyType(
    {
        "sqlite": f"{_found(':store_id', ':now')} AND email_key IN (SELECT value FROM json_each(:keys))",  # noqa: S608 - constants
        "postgresql": f"{_found('%(store_id)s', '%(now)s')} AND email_key = ANY(%(keys)s::text[])",
    }
)

# SQLite lets one transaction write at a time, so there is nothing to lock.
_LOCK_CUSTOMERS = f"{_FIND_CUSTOMERS['postgresql']} ORDER BY id FOR NO KEY UPDATE"

_ADD_CUSTOMERS = MappingProxyType(
    {
        "sqlite": (
            "INSERT INTO points_customer (store_id, email, email_key, available, used, created_at) VALUES (?, ?, ?, 0, 0, ?)"
        ),
        # Checked first, because an INSERT that does nothing uses up a number of the sequence, and takes time.
        "postgresql": """
            INSERT INTO points_customer (store_id, email, email_key, available, used, created_at)
            SELECT %(store_id)s, new.email, new.key, 0, 0, %(now)s
            FROM unnest(%(emails)s::text[], %(keys)s::text[]) AS new (email, key)
            WHERE NOT EXISTS (SELECT 1 FROM points_customer AS c WHERE c.store_id = %(store_id)s AND c.email_key = new.key)
            ORDER BY new.key COLLATE "C"
            ON CONFLICT (store_id, email_key) DO NOTHING""",
    }
)

_POSTED_BEFORE = MappingProxyType(
    {
        "sqlite": "SELECT request_id FROM points_entry WHERE request_id IN (SELECT value FROM json_each(:ids))",
        "postgresql": "SELECT request_id FROM points_entry WHERE request_id = ANY(%(ids)s::uuid[])",
    }
)

_ENTRY = "customer_id, kind, amount, used, available_after, used_after, claim_id, api_key_id, spend_id, undoes_id, request_id"
_ADD_ENTRIES = MappingProxyType(
    {
        "sqlite": f"INSERT INTO points_entry ({_ENTRY}, created_at) VALUES ({', '.join('?' * 12)})",  # noqa: S608 - constants
        # Numbered in the order of the array: that of the balances after them.
        "postgresql": f"""
            INSERT INTO points_entry ({_ENTRY}, created_at)
            SELECT {_ENTRY}, %(now)s FROM unnest(
                %(customer_id)s::bigint[], %(kind)s::text[], %(amount)s::integer[], %(used)s::bigint[],
                %(available_after)s::bigint[], %(used_after)s::bigint[], %(claim_id)s::bigint[], %(api_key_id)s::bigint[],
                %(spend_id)s::bigint[], %(undoes_id)s::bigint[], %(request_id)s::uuid[]
            ) WITH ORDINALITY AS new ({_ENTRY}, place) ORDER BY place""",  # noqa: S608 - constants
    }
)

_MARK_IMPORTED = MappingProxyType(
    {
        "sqlite": "UPDATE points_customer SET imported_as = ?, customer_type = coalesce(?, customer_type) WHERE id = ?",
        "postgresql": """
            UPDATE points_customer AS c SET imported_as = new.mark, customer_type = coalesce(new.type, c.customer_type)
            FROM unnest(%(mark)s::text[], %(type)s::text[], %(id)s::bigint[]) AS new (mark, type, id) WHERE c.id = new.id""",
    }
)

_CLAIM = "request_id, token_mark, token_sealed, amount, email, email_key, customer_type, api_key_id, expires_at"
_ADD_CLAIMS = MappingProxyType(
    {
        "sqlite": f"""
            INSERT INTO points_claim (store_id, {_CLAIM}, created_at, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open')
            ON CONFLICT (request_id) DO NOTHING""",  # noqa: S608 - constants
        "postgresql": f"""
            INSERT INTO points_claim (store_id, {_CLAIM}, created_at, state)
            SELECT %(store_id)s, {_CLAIM}, %(now)s, 'open' FROM unnest(
                %(request_id)s::uuid[], %(token_mark)s::text[], %(token_sealed)s::text[], %(amount)s::integer[],
                %(email)s::text[], %(email_key)s::text[], %(customer_type)s::text[], %(api_key_id)s::bigint[],
                %(expires_at)s::timestamptz[]
            ) WITH ORDINALITY AS new ({_CLAIM}, place) ORDER BY place
            ON CONFLICT (request_id) DO NOTHING""",  # noqa: S608 - constants
    }
)
