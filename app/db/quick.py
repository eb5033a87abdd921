"""The driver's own connections, kept open for the one thing that must be quick: what each delivery writes.

SQLAlchemy's connection, transaction and result cost more than what they are used for here; its statements are still built by
it, once (`compiled`), and its words for what goes wrong stay.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

# More than that are not kept: a process answers few requests at once.
IDLE_MAX = 8


class Quick(NamedTuple):
    """A connection of the driver, and the name of the database's dialect."""

    driver: Any
    dialect: str


class QuickConnections:
    """Hands out connections outside of any transaction. One that met an error is closed, and what it had begun undone."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: list[Quick] = []

    @contextmanager
    def connection(self) -> Iterator[Quick]:
        """Give a connection. Its errors are raised as SQLAlchemy's, without the statement's values."""
        try:
            quick = self._idle.pop()
        except IndexError:
            quick = self._new()
        try:
            yield quick
        except BaseException as error:
            quick.driver.close()
            # What one connection lost, the others most likely did too.
            self.close()
            if isinstance(error, self._engine.dialect.loaded_dbapi.Error):
                raise _translated(error, self._engine) from error
            raise
        if len(self._idle) < IDLE_MAX:
            self._idle.append(quick)
        else:
            quick.driver.close()

    def close(self) -> None:
        """Close all connections that nobody uses."""
        while self._idle:
            self._idle.pop().driver.close()

    def _new(self) -> Quick:
        try:
            pooled = self._engine.raw_connection()
        except self._engine.dialect.loaded_dbapi.Error as error:
            raise _translated(error, self._engine) from error
        driver: Any = pooled.driver_connection
        pooled.detach()
        dialect = self._engine.dialect.name
        if dialect == "sqlite":
            driver.execute("PRAGMA synchronous=NORMAL")
        else:
            driver.autocommit = True
        return Quick(driver, dialect)


def _translated(error: Exception, engine: Engine) -> Exception:
    base = engine.dialect.loaded_dbapi.Error
    return DBAPIError.instance(None, None, error, base, hide_parameters=True, dialect=engine.dialect)
