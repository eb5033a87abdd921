"""The database: one engine, reading and writing transactions."""

import os
import shutil
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlmodel import Session

from app.db.group_commit import GroupCommit
from app.db.intake import RawConnection, RawConnections
from app.errors import BadSetting

BUSY_SECONDS = 30
WAL_POLL_SECONDS = 0.05
POOL_SIZE = 10
# Read and write for the owner, nothing for anybody else.
PRIVATE = 0o600
# While one thread makes the file, no other opens it: the first one's close would drop the other's locks.
_CREATING = threading.Lock()

T = TypeVar("T")


class Database:
    """Opens transactions. On SQLite one writer at a time, in line within the process, and durable unless said otherwise."""

    def __init__(self, url: str) -> None:
        self.engine = _new_engine(_parsed(url))
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        # Writers that meet inside SQLite wait in busy loops; here they wait in line (facts: p99 falls by a factor of ten).
        self._writers = threading.Lock()
        self._group_commit = GroupCommit(self._writers, self._in_turn)
        self._raw = RawConnections(self.engine)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a transaction that writes nothing."""
        with self.engine.connect() as connection, Session(connection, expire_on_commit=False) as session:
            yield session
            # What was read stays readable after the transaction: a rollback would empty it.
            session.expunge_all()
            session.rollback()

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Session]:
        """Open a transaction that is committed at the end of the block, or rolled back by an exception.

        `durable=False` lets SQLite leave the last moment to the operating system's cache: for what may be lost with the
        machine's power, because it is done again.
        """
        if not self.is_sqlite:
            with self.engine.connect() as connection, Session(connection, expire_on_commit=False) as session, session.begin():
                yield session
            return
        with self._writers, self._in_turn(durable=durable) as session:
            yield session

    def write_together(self, work: Callable[[Session], T]) -> T:
        """Do a short write, durably. On SQLite, those that wait at the same time share a transaction: see group_commit.py."""
        if self.is_sqlite:
            return self._group_commit.do(work)
        with self.writing() as session:
            return work(session)

    @contextmanager
    def _in_turn(self, *, durable: bool = True) -> Iterator[Session]:
        """Open SQLite's writing transaction, for whoever holds the lock of the writers."""
        with self.engine.connect() as connection:
            _set_durable(connection, is_durable=durable)
            writing = connection.execution_options(begin_immediate=True)
            with Session(writing, expire_on_commit=False) as session, session.begin():
                yield session

    @contextmanager
    def intake(self) -> Iterator[RawConnection]:
        """Open the transaction in which one delivery is taken in, on a connection of the driver.

        On PostgreSQL the one statement of `take_in` commits by itself, durably. On SQLite the block is a transaction. It
        survives the end of the process, but perhaps not a power cut: then the sweep finds the order again.
        """
        if not self.is_sqlite:
            with self._raw.connection() as connection:
                yield connection
            return
        with self._writers, self._raw.connection() as connection:
            connection.driver.execute("BEGIN IMMEDIATE")
            yield connection
            connection.driver.execute("COMMIT")

    def empty_wal(self) -> bool:
        """Write what the WAL holds into the SQLite file and cut the WAL to nothing; False where readers did not let it.

        Before that, pages stand in the WAL as they once were. On PostgreSQL its operator cares for this.
        """
        if not self.is_sqlite:
            return True
        with self._writers, closing(self.engine.raw_connection()) as connection:
            # Waits for readers, as long as any statement does.
            [is_busy, *_] = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not is_busy

    def free_bytes(self) -> int | None:
        """Tell how much room is left on the disk of an SQLite file. How much PostgreSQL has left, only its operator knows."""
        return shutil.disk_usage(self.engine.url.database or ".").free if self.is_sqlite else None

    def close(self) -> None:
        """Close all connections."""
        self._raw.close()
        self.engine.dispose()


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise BadSetting("DATABASE_URL: cannot be read; it looks like postgresql+psycopg://user:password@host/name") from None
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise BadSetting(f"DATABASE_URL: {parsed.drivername} is not served; use postgresql+psycopg:// or sqlite:///")
    return parsed


def _new_engine(url: URL) -> Engine:
    if not url.drivername.startswith("sqlite"):
        engine = create_engine(url, pool_size=POOL_SIZE, max_overflow=POOL_SIZE, pool_pre_ping=True)
        event.listen(engine, "connect", _prepare_postgresql)
        return engine
    engine = create_engine(url, pool_size=POOL_SIZE, max_overflow=POOL_SIZE, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "do_connect", _keep_private)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    from psycopg.types.array import ListBinaryDumper  # noqa: PLC0415 - nothing of it is loaded for SQLite

    # Written as text, each element of an array is searched for what must be escaped: that took longer than sending it.
    connection.adapters.register_dumper(list, ListBinaryDumper)


def _keep_private(_dialect: Any, _record: Any, arguments: list[Any], _options: Any) -> None:
    """Let only the owner read the file, before SQLite opens it. What SQLite puts beside it gets the same mode."""
    name = arguments[0] if arguments else ""
    if not name or name == ":memory:":
        return
    # A file that is there is never opened here: closing it would drop every lock that this process holds on it (POSIX), and
    # another process would then take the WAL away under us. A folder that is missing, SQLite itself complains of.
    with suppress(OSError), _CREATING:
        os.close(os.open(name, os.O_RDONLY | os.O_CREAT | os.O_EXCL, PRIVATE))
    for path in (Path(name), Path(f"{name}-wal"), Path(f"{name}-shm")):
        with suppress(OSError):
            if stat.S_IMODE(path.stat().st_mode) & ~PRIVATE:
                path.chmod(PRIVATE)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not open transactions by itself: when to begin, and how, is said in _begin_sqlite.
    connection.isolation_level = None
    cursor = connection.cursor()
    _use_wal(cursor)
    cursor.execute("PRAGMA foreign_keys=ON")
    # What is deleted or overwritten is zeroed, so that an erased address stays in no corner of the file.
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA cache_size=-16384")
    cursor.close()


def _use_wal(cursor: sqlite3.Cursor) -> None:
    """Let readers and the writer not wait for each other.

    Of processes that open a new file at once one changes it, and SQLite refuses the others at once instead of letting them wait.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > deadline:
                raise
            time.sleep(WAL_POLL_SECONDS)
        else:
            return


def _set_durable(connection: Connection, *, is_durable: bool) -> None:
    # Past SQLAlchemy, because SQLite changes this outside transactions only, and SQLAlchemy would begin one.
    if connection.info.get("is_durable") is not is_durable:
        cursor = connection.connection.cursor()
        cursor.execute(f"PRAGMA synchronous={'FULL' if is_durable else 'NORMAL'}")
        cursor.close()
        connection.info["is_durable"] = is_durable


def _begin_sqlite(connection: Connection) -> None:
    is_writer = connection.get_execution_options().get("begin_immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")
