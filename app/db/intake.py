"""Take in a delivery: count its event, and wake its order if it carries news.

This runs once for each delivery, and must cost no more than checking the delivery's signature. So the statements are SQL texts,
and they run on the driver's own connections: SQLAlchemy's connection, transaction and result cost more than the statements do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from app.db.tables import StoreRow
from app.domain.order import Told

# More connections than that are not kept open: a process answers few requests at once.
IDLE_MAX = 8

# The two statements on SQLite, which run in one transaction. The second runs only if the first gives a row.
_COUNT_EVENT_IN_SQLITE = """
    INSERT INTO event (store_id, saleor_order_id, type, count, first_at, last_at)
    SELECT id, :saleor_order_id, :type, 1, :now, :now
    FROM store
    WHERE id = :store_id AND saleor_api_url = :api_url AND app_id = :app_id AND jwks = :jwks AND state <> 'deleted'
    ON CONFLICT (store_id, saleor_order_id, type) DO UPDATE
    SET count = event.count + 1, last_at = excluded.last_at
    RETURNING store_id
"""
_WAKE_ORDER_IN_SQLITE = """
    INSERT INTO "order"
        (store_id, saleor_order_id, look_at, told_at, created_at, placed_at, wakes, due, granted, shortfall, failures)
    VALUES (:store_id, :saleor_order_id, :now, :told_at, :now, :now, 1, 0, 0, 0, 0)
    ON CONFLICT (store_id, saleor_order_id) DO UPDATE
    SET look_at = CASE WHEN "order".look_at < excluded.look_at THEN "order".look_at ELSE excluded.look_at END,
        wakes = "order".wakes + 1,
        told_at = CASE WHEN "order".told_at > excluded.told_at THEN "order".told_at ELSE excluded.told_at END
    WHERE "order".read_facts IS NOT :facts AND "order".read_facts IS NOT :first_facts
"""
# The same on PostgreSQL, as one statement: it begins and commits by itself, and so takes one round trip.
_COUNT_AND_WAKE_IN_POSTGRESQL = """
    WITH served AS (
        SELECT id
        FROM store
        WHERE id = %(store_id)s::bigint AND saleor_api_url = %(api_url)s::varchar AND app_id = %(app_id)s::varchar
            AND jwks = %(jwks)s::varchar AND state <> 'deleted'
    ), woken AS (
        INSERT INTO "order"
            (store_id, saleor_order_id, look_at, told_at, created_at, placed_at, wakes, due, granted, shortfall, failures)
        SELECT id, %(saleor_order_id)s::varchar, %(now)s::timestamptz, %(told_at)s::timestamptz, %(now)s::timestamptz,
            %(now)s::timestamptz, 1, 0, 0, 0, 0
        FROM served
        ON CONFLICT (store_id, saleor_order_id) DO UPDATE
        SET look_at = CASE WHEN "order".look_at < excluded.look_at THEN "order".look_at ELSE excluded.look_at END,
            wakes = "order".wakes + 1,
            told_at = CASE WHEN "order".told_at > excluded.told_at THEN "order".told_at ELSE excluded.told_at END
        WHERE "order".read_facts IS DISTINCT FROM %(facts)s::varchar
            AND "order".read_facts IS DISTINCT FROM %(first_facts)s::varchar
    )
    INSERT INTO event (store_id, saleor_order_id, type, count, first_at, last_at)
    SELECT id, %(saleor_order_id)s::varchar, %(type)s::varchar, 1, %(now)s::timestamptz, %(now)s::timestamptz
    FROM served
    ON CONFLICT (store_id, saleor_order_id, type) DO UPDATE
    SET count = event.count + 1, last_at = excluded.last_at
    RETURNING store_id
"""


@dataclass(frozen=True, slots=True)
class Signer:
    """What a store's row said about its Saleor's signatures. A process remembers it from one delivery to the next.

    The row may have changed since. So `take_in` compares the row with the signer before it writes anything.
    """

    store_id: int
    api_url: str
    app_id: str
    jwks: str


def signer_of(store: StoreRow) -> Signer:
    """Give the signer of a store whose delivery was verified."""
    if store.id is None or store.saleor_api_url is None or store.app_id is None or store.jwks is None:
        raise RuntimeError("a verified delivery of a store without address, app or keys")
    return Signer(store.id, store.saleor_api_url, store.app_id, store.jwks)


class RawConnection(NamedTuple):
    """A connection of the database's driver, and the name of SQLAlchemy's dialect: sqlite or postgresql."""

    driver: Any
    dialect: str


def take_in(connection: RawConnection, signer: Signer, told: Told, event_type: str, now: datetime) -> bool:
    """Count an event of an order, and wake the order if what was told differs from what was last read.

    An order that was never seen gets its row. Returns False, and writes nothing, if the store's row has changed since the
    signer was read from it.
    """
    values = {
        "store_id": signer.store_id,
        "api_url": signer.api_url,
        "app_id": signer.app_id,
        "jwks": signer.jwks,
        "saleor_order_id": told.order_id,
        "told_at": bind_time(told.updated_at, connection.dialect),
        "facts": told.facts,
        "first_facts": told.first_facts,
        "type": event_type,
        "now": bind_time(now, connection.dialect),
    }
    execute = connection.driver.execute
    if connection.dialect != "sqlite":
        return execute(_COUNT_AND_WAKE_IN_POSTGRESQL, values).fetchone() is not None
    if execute(_COUNT_EVENT_IN_SQLITE, values).fetchone() is None:
        return False
    execute(_WAKE_ORDER_IN_SQLITE, values)
    return True


def bind_time(moment: datetime, dialect: str) -> datetime | str:
    """Give an aware time as the column type `UtcTime` writes it: on SQLite, the text of the time in UTC."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be stored")
    in_utc = moment.astimezone(UTC)
    return in_utc.replace(tzinfo=None).isoformat(" ", "microseconds") if dialect == "sqlite" else in_utc


class RawConnections:
    """The driver's connections of an engine. They stay open between deliveries, outside of any transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: list[RawConnection] = []

    @contextmanager
    def connection(self) -> Iterator[RawConnection]:
        """Give a connection. After an error it is closed, which rolls back what it had begun.

        The driver's errors are raised as SQLAlchemy's, without the statement's values.
        """
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._new()
        try:
            yield connection
        except BaseException as error:
            connection.driver.close()
            # If the database went away, the other connections are lost too.
            self.close()
            if isinstance(error, self._engine.dialect.loaded_dbapi.Error):
                raise _translated(error, self._engine) from error
            raise
        if len(self._idle) < IDLE_MAX:
            self._idle.append(connection)
        else:
            connection.driver.close()

    def close(self) -> None:
        """Close all connections that are not in use."""
        while self._idle:
            self._idle.pop().driver.close()

    def _new(self) -> RawConnection:
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
        return RawConnection(driver, dialect)


def _translated(error: Exception, engine: Engine) -> Exception:
    base = engine.dialect.loaded_dbapi.Error
    return DBAPIError.instance(None, None, error, base, hide_parameters=True, dialect=engine.dialect)
