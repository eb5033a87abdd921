"""Tables filled by the database itself, so that a million rows take seconds."""

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

from sqlmodel import SQLModel

from app.db.engine import Database
from app.db.tables import ClaimRow, MovementRow, OrderRow, PointsCustomerRow
from tests.bench.store import STORE_ID

_NUMBERS = {
    "sqlite": "WITH RECURSIVE numbers(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n < {last}) ",
    "postgresql": "",
}
_FROM = {"sqlite": "FROM numbers", "postgresql": "FROM generate_series({first}, {last}) AS numbers(n)"}
_DIGITS = {"sqlite": "printf('%048d', n)", "postgresql": "lpad(n::text, 48, '0')"}
_UUID = {"sqlite": "printf('%032x', n)", "postgresql": "lpad(to_hex(n), 32, '0')::uuid"}
_MARK = {"sqlite": "printf('%064x', n)", "postgresql": "lpad(to_hex(n), 64, '0')"}
_THEN = {"sqlite": "'2026-03-01 09:00:00.000000'", "postgresql": "timestamptz '2026-03-01 09:00:00+00'"}
_SHOPPER = "'shopper' || n || '@example.com'"
# As long as the snapshot of an order with two lines is.
_SNAPSHOT = f"""'{{"status":"FULFILLED","lines":[],"padding":"{"x" * 600}"}}'"""


def fill_orders(database: Database, count: int) -> None:
    """Fill in so many orders that were settled long ago."""
    words = database.engine.dialect.name
    then = _THEN[words]
    order = {
        "id": "n",
        "store_id": str(STORE_ID),
        "saleor_order_id": f"'T3JkZXI6' || {_DIGITS[words]}",
        "wakes": "3",
        "told_at": then,
        "read_at": then,
        "read_facts": "'FULFILLED|66.0|60.0|6.0|66.0|0.0|' || n",
        "snapshot": _SNAPSHOT,
        "number": "CAST(n AS VARCHAR(64))",
        "email": _SHOPPER,
        "email_key": _SHOPPER,
        "rule_id": "1",
        "moment_at": then,
        "due": "60",
        "granted": "60",
        "because": "'earned'",
        "shortfall": "0",
        "failures": "0",
        "created_at": then,
        "placed_at": then,
        "status": "'claimed'",
    }
    _fill(database, OrderRow, order, 1, count)


def fill_movements(database: Database, count: int) -> None:
    """Fill in a movement for each of so many orders."""
    words = database.engine.dialect.name
    then = _THEN[words]
    movement = {
        "id": _UUID[words],
        "store_id": str(STORE_ID),
        "order_id": "n",
        "account_id": "1",
        "kind": "'claim'",
        "state": "'accepted'",
        "points": "60",
        "email": _SHOPPER,
        "lane": _MARK[words],
        "asks": "1",
        "planned_at": then,
        "sent_at": then,
        "ended_at": then,
        "is_for_staff": "false",
    }
    _fill(database, MovementRow, movement, 1, count)


def fill_claims(database: Database, count: int) -> None:
    """Fill in a taken claim for each of so many orders."""
    words = database.engine.dialect.name
    then, mark = _THEN[words], _MARK[words]
    claim = {
        "id": _UUID[words],
        "order_id": "n",
        "account_id": "1",
        "points": "60",
        "email": _SHOPPER,
        "lane": mark,
        "state": "'taken'",
        "url_sealed": "'sealed'",
        "token_mark": mark,
        "created_at": then,
        "taken_at": then,
        "taken_by": _SHOPPER,
    }
    _fill(database, ClaimRow, claim, 1, count)


def fill_customers(database: Database, count: int) -> None:
    """Fill in so many customers, whose balances are nothing yet."""
    email = "'customer' || n || '@example.com'"
    customer = {
        "store_id": str(STORE_ID),
        "email": email,
        "email_key": email,
        "available": "0",
        "used": "0",
        "created_at": _THEN[database.engine.dialect.name],
    }
    _fill(database, PointsCustomerRow, customer, 1, count)


def fill_known_customers(database: Database) -> None:
    """Fill in the customers of the orders that are there, as housekeeping would; the figures are spread over them."""
    then = {
        "sqlite": "datetime('2026-03-01', (-(id & 255)) || ' days') || '.000000'",
        "postgresql": "timestamptz '2026-03-01' - make_interval(days => (id & 255)::int)",
    }[database.engine.dialect.name]
    columns = "id, store_id, email_key, email, available, waiting, last_at"
    figures = f"id, store_id, email_key, email, id & 65535, id & 1023, {then}"
    statements = [
        f'INSERT INTO known_customer ({columns}) SELECT {figures} FROM "order"',
        "INSERT INTO customer_word SELECT store_id, email_key, id FROM known_customer ORDER BY email_key",
        "INSERT INTO customer_word SELECT store_id, 'example.com', id FROM known_customer",
        "DELETE FROM customer_change",
    ]
    if database.engine.dialect.name == "postgresql":
        statements += ["ANALYZE"]
    with database.writing() as session:
        for statement in statements:
            session.connection().exec_driver_sql(statement)


def fill_open_claims(database: Database, count: int) -> None:
    """Fill in so many claims that wait to be taken, over a year of days. The table's triggers total them."""
    words = database.engine.dialect.name
    days = {
        "sqlite": "datetime('2036-01-01', (n % 365) || ' days') || '.000000'",
        "postgresql": "DATE '2036-01-01' + mod(n, 365)",
    }
    columns = "store_id, request_id, token_mark, token_sealed, amount, email, expires_at, state, created_at"
    values = f"{STORE_ID}, {_UUID[words]}, {_MARK[words]}, 'sealed', 60, {_SHOPPER}, {days[words]}, 'open', {_THEN[words]}"
    numbers, source = (part[words].format(first=1, last=count) for part in (_NUMBERS, _FROM))
    with database.writing() as session:
        session.connection().exec_driver_sql(f"{numbers}INSERT INTO points_claim ({columns}) SELECT {values} {source}")


Fill = Callable[[Database, int], None]


def fills_of_history(words: str, count: int) -> tuple[tuple[Fill, ...], ...]:
    """Give what fills in a history: what is together is done one after the other, the rest may be done beside it."""
    history = (fill_orders, fill_movements, fill_claims, fill_customers)
    # SQLite has one writer; and in a small table the database checks that a movement has its order.
    return (history[:1], history[1:]) if words == "postgresql" and count >= FEW else (history,)


def fill_backlog(database: Database, first: int, count: int) -> None:
    """Fill in so many orders that wait to be looked at for the first time."""
    words = database.engine.dialect.name
    then = _THEN[words]
    order = {
        "store_id": str(STORE_ID),
        "saleor_order_id": f"'T3JkZXI7' || {_DIGITS[words]}",
        "look_at": then,
        "told_at": then,
        "wakes": "1",
        "due": "0",
        "granted": "0",
        "shortfall": "0",
        "failures": "0",
        "created_at": then,
        "placed_at": then,
    }
    _fill(database, OrderRow, order, first, first + count - 1)


def _fill(database: Database, model: type[SQLModel], values: Mapping[str, str], first: int, last: int) -> None:
    words = database.engine.dialect.name
    table = model.__table__  # type: ignore[attr-defined]  # every table model has it
    # A column that a later version adds is given here as soon as it is there.
    named = {name: value for name, value in values.items() if name in table.c}
    numbers, source = (part[words].format(first=first, last=last) for part in (_NUMBERS, _FROM))
    # SQLite's own order of words: the numbers come before the INSERT.
    insert = f'{numbers}INSERT INTO "{table.name}" ({", ".join(named)}) SELECT {", ".join(named.values())} {source}'
    pooled = database.engine.raw_connection()
    driver: Any = pooled.driver_connection
    pooled.detach()
    with closing(driver):
        if words == "postgresql":
            driver.autocommit = True
        if last - first < FEW:
            driver.execute(insert)
        else:
            _in_bulk(driver, words, table.name, insert)
        if words == "postgresql" and named.get("id") == "n":
            # It goes on numbering after the rows that were given their numbers.
            driver.execute(f"""SELECT setval(pg_get_serial_sequence('"{table.name}"', 'id'), {last})""")


def _in_bulk(driver: Any, words: str, table: str, insert: str) -> None:
    """Fill a table with its indexes dropped and nothing checked: what is filled in is right."""
    before, after = _BULK[words]
    indexes = driver.execute(_INDEXES[words].format(table=table)).fetchall()
    for statement in (*before, *(f'DROP INDEX "{name}"' for name, _ in indexes), insert, *(made for _, made in indexes), *after):
        driver.execute(statement.replace("{table}", table))


# Below that, dropping and making indexes takes longer than keeping them.
FEW = 50_000
_INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = '{table}' AND sql IS NOT NULL",
    "postgresql": """
        SELECT indexname, indexdef FROM pg_indexes WHERE tablename = '{table}'
        AND indexname NOT IN (SELECT conname FROM pg_constraint)""",
}
_BULK: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "sqlite": (
        (
            "PRAGMA foreign_keys=OFF",
            "PRAGMA ignore_check_constraints=ON",
            "PRAGMA synchronous=OFF",
            "PRAGMA journal_mode=MEMORY",
            "PRAGMA cache_size=-1000000",
        ),
        ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA ignore_check_constraints=OFF", "PRAGMA foreign_keys=ON"),
    ),
    "postgresql": (
        # Leaves out the triggers, those of the foreign keys among them.
        ("SET session_replication_role = replica", "SET synchronous_commit = off", "SET maintenance_work_mem = '256MB'"),
        (
            "RESET session_replication_role",
            "RESET synchronous_commit",
            "RESET maintenance_work_mem",
            'VACUUM (ANALYZE, FREEZE) "{table}"',
            "CHECKPOINT",
        ),
    ),
}
