"""Brings the database to this version's tables.

Alembic is loaded only where there is something to migrate: that takes longer than the look whether there is.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from app.db.engine import Database

MIGRATIONS = Path(__file__).parents[2] / "migrations"

# Two processes that start at once must not migrate at once. Any number will do, as long as it stays.
ADVISORY_LOCK = 7_346_311
LOCK_POLL_SECONDS = 0.2

_SAID = re.compile(r"""^(revision|down_revision) = (?:["'](.+)["']|None)$""", re.MULTILINE)


def migrate(database: Database) -> str:
    """Run the migrations that are missing, one process at a time, and give the revision reached.

    A database that a newer version has migrated is left as it is: its tables serve this version, too.
    """
    with database.engine.connect() as connection, _one_at_a_time(database, connection):
        reached = _reached(connection)
        if not database.is_sqlite:
            connection.rollback()
        # On SQLite the transaction of this look goes on to the end: Alembic would commit each migration by itself, and another
        # process would come in between, with its own list of what is missing.
        if _is_newer(reached):
            return str(reached)
        if reached != head():
            _upgrade(connection)
            _require_whole_references(database, connection)
            connection.commit()
    return head()


def is_migrated(database: Database) -> bool:
    """Tell whether the database has this version's tables, or those of a newer one, which this one can go on with."""
    with database.engine.connect() as connection:
        reached = _reached(connection)
    return reached == head() or _is_newer(reached)


def _reached(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return revision


def _is_newer(reached: str | None) -> bool:
    """Tell whether only a later version can have come so far: it knows a revision that we do not."""
    return reached is not None and reached not in _revisions()


def head() -> str:
    """Name the newest revision that this version knows."""
    (newest,) = _revisions().keys() - set(_revisions().values())
    return newest


@cache
def _revisions() -> dict[str, str | None]:
    """Give each revision that this version knows, and the one before it, as their files say."""
    said = [dict(_SAID.findall(path.read_text())) for path in (MIGRATIONS / "versions").glob("*.py")]
    return {one["revision"]: one["down_revision"] or None for one in said}


@contextmanager
def _one_at_a_time(database: Database, connection: Connection) -> Iterator[None]:
    if database.is_sqlite:
        connection.execution_options(begin_immediate=True)
        # SQLite changes a constraint by building the table anew, and the rows of other tables that point to it must bear that.
        _refer(connection, is_checked=False)
        try:
            yield
        finally:
            connection.rollback()
            _refer(connection, is_checked=True)
        return
    # Asked again and again, in a transaction each: one that waited inside PostgreSQL would keep whoever holds the lock from
    # building an index concurrently, and both would wait for ever.
    while not connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": ADVISORY_LOCK}).scalar_one():
        connection.commit()
        time.sleep(LOCK_POLL_SECONDS)
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": ADVISORY_LOCK})
        connection.commit()


def _refer(connection: Connection, *, is_checked: bool) -> None:
    # Past SQLAlchemy, because SQLite changes this outside transactions only, and SQLAlchemy would begin one.
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA foreign_keys={'ON' if is_checked else 'OFF'}")
    cursor.close()


def _require_whole_references(database: Database, connection: Connection) -> None:
    if database.is_sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
        raise RuntimeError("a migration would leave rows that point to nothing")


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
