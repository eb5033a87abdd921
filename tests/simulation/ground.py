"""The database that histories are played on: put back between them to what it was, and looked into past the app."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Executable, StaticPool, create_engine, make_url
from sqlmodel import SQLModel

# Entries of the ledger are never deleted: a trigger sees to that, and is told to look away. So are foreign keys.
_UNWATCHED = "SET LOCAL session_replication_role = replica"


class Ground:
    """A database of one's own. Nobody may be connected to an SQLite file while it is put back."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._eye: Connection | None = None
        self._kept: dict[int, Callable[[], None]] = {}

    def look(self, statement: Executable, **values: Any) -> Sequence[Any]:
        """Look into the database outside of any transaction, for a fraction of what one of the app's costs."""
        return self._connection().execute(statement, values).all()

    def keep(self, number: int) -> None:
        """Remember what is in the database, to be put back before histories."""
        self._kept[number] = self._file_kept(number) if self._url.drivername == "sqlite" else self._tables_kept(number)

    def put_back(self, number: int) -> None:
        """Make the database what it was when it was kept under a number; until then, what it was when it was empty."""
        if 0 not in self._kept:
            self.keep(0)
        self._kept.get(number, self._kept[0])()

    def close(self) -> None:
        """Close the connection, if one is open."""
        if self._eye is not None:
            self._eye.close()
            self._eye.engine.dispose()
            self._eye = None

    def _connection(self) -> Connection:
        if self._eye is None:
            self._eye = create_engine(self._url, poolclass=StaticPool, isolation_level="AUTOCOMMIT").connect()
        return self._eye

    def _file_kept(self, number: int) -> Callable[[], None]:
        path = Path(self._url.database or "")
        kept = path.with_suffix(f".kept{number}")
        self._connection().exec_driver_sql("VACUUM INTO ?", (str(kept),))

        def put_back() -> None:
            self.close()
            for left in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
                left.unlink(missing_ok=True)
            shutil.copyfile(kept, path)

        return put_back

    def _tables_kept(self, number: int) -> Callable[[], None]:
        """Delete and insert: of few rows that costs a tenth of truncating."""
        tables = [table.name for table in SQLModel.metadata.sorted_tables]
        kept = f"kept{number}"
        self._run(f"CREATE SCHEMA {kept}", *(f'CREATE TABLE {kept}."{name}" AS SELECT * FROM "{name}"' for name in tables))
        filled = [name for name in tables if self._run_for_rows(f'SELECT 1 FROM "{name}" LIMIT 1')]
        numbers = self._run_for_rows("SELECT schemaname, sequencename, last_value, start_value FROM pg_sequences ORDER BY 1, 2")
        statements = (
            _UNWATCHED,
            *(f'DELETE FROM "{name}"' for name in tables),
            *(f'INSERT INTO "{name}" SELECT * FROM {kept}."{name}"' for name in filled),
            *(
                f"""SELECT setval('"{schema}"."{name}"', {start if last is None else last}, {str(last is not None).lower()})"""
                for schema, name, last, start in numbers
            ),
        )
        return lambda: self._run(*statements)

    def _run(self, *statements: str) -> None:
        # All at once, in one transaction.
        self._driver().execute("; ".join(("BEGIN", *statements, "COMMIT")))

    def _run_for_rows(self, statement: str) -> Sequence[Any]:
        return self._connection().exec_driver_sql(statement).all()

    def _driver(self) -> Any:
        return self._connection().connection.driver_connection
