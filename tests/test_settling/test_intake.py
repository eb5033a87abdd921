"""The intake of a delivery, written as SQL: on both databases it leaves the rows that the tables' models would make."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel, col, select

from app.db.engine import Database
from app.db.intake import RawConnection, Signer, bind_time, take_in
from app.db.tables import EventRow, OrderRow, StoreRow
from app.db.waking import wake_changed
from app.domain.order import Told
from app.domain.store import StoreState

NOW = datetime(2026, 3, 1, 12, 0, 0, 250_001, tzinfo=UTC)
TOLD_AT = datetime(2026, 3, 1, 13, 59, 59, 999_999, tzinfo=timezone(timedelta(hours=2)))
SIGNER = Signer(1001, "https://shop.example/graphql/", "QXBwOjU=", '{"keys": []}')
TOLD = Told("by intake", TOLD_AT, "2|UNFULFILLED|60", "UNFULFILLED|60")
BY_ORM = "by the ORM"


def a_store() -> StoreRow:
    """Make the store of the signer."""
    return StoreRow(
        id=SIGNER.store_id,
        slug="shop",
        name="shop",
        saleor_api_url=SIGNER.api_url,
        app_id=SIGNER.app_id,
        jwks=SIGNER.jwks,
        token_sealed="sealed",
        awards_from=NOW,
        created_at=NOW,
    )


@pytest.fixture
def shop(database: Database) -> Database:
    """A database with the signer's store."""
    insert(database, a_store())
    return database


def deliver(database: Database, *, signer: Signer = SIGNER, told: Told = TOLD, now: datetime = NOW) -> bool:
    with database.intake() as connection:
        return take_in(connection, signer, told, "OrderPaid", now)


def insert(database: Database, row: SQLModel) -> None:
    with database.writing() as session:
        session.add(row)


def an_order(*, now: datetime = NOW, told_at: datetime = TOLD_AT) -> OrderRow:
    return OrderRow(
        store_id=SIGNER.store_id,
        saleor_order_id=BY_ORM,
        look_at=now,
        wakes=1,
        told_at=told_at,
        placed_at=now,
        created_at=now,
    )


def an_event(*, now: datetime = NOW) -> EventRow:
    return EventRow(store_id=SIGNER.store_id, saleor_order_id=BY_ORM, type="OrderPaid", first_at=now, last_at=now)


def by_order(session: Session, model: type[Any]) -> dict[str, dict[str, Any]]:
    """Read the rows of a table through the ORM, without what must differ between two orders."""
    rows = session.exec(select(model)).all()
    return {row.saleor_order_id: row.model_dump(exclude={"id", "saleor_order_id"}) for row in rows}


def as_stored(session: Session, model: type[Any]) -> dict[str, dict[str, Any]]:
    """Read every column of a table past SQLAlchemy's types, as the driver gives it."""
    found = session.connection().exec_driver_sql(f'SELECT * FROM "{model.__tablename__}"').mappings()
    return {row["saleor_order_id"]: {name: row[name] for name in row if name not in {"id", "saleor_order_id"}} for row in found}


# The rows


@pytest.mark.parametrize("read", [by_order, as_stored])
@pytest.mark.parametrize(("model", "by_orm"), [(OrderRow, an_order), (EventRow, an_event)])
def test_a_new_row_is_the_one_that_the_model_makes(shop: Database, model: Any, by_orm: Any, read: Any) -> None:
    insert(shop, by_orm())

    deliver(shop)

    with shop.reading() as session:
        rows = read(session, model)
    assert rows.keys() == {TOLD.order_id, BY_ORM}
    assert rows[TOLD.order_id] == rows[BY_ORM]


@pytest.mark.parametrize("read", [by_order, as_stored])
def test_a_sweep_makes_the_same_order(shop: Database, read: Any) -> None:
    insert(shop, an_order())

    with shop.writing() as session:
        wake_changed(session, SIGNER.store_id, [TOLD], NOW)

    with shop.reading() as session:
        rows = read(session, OrderRow)
    assert rows.keys() == {TOLD.order_id, BY_ORM}
    assert rows[TOLD.order_id] == rows[BY_ORM]


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 3, 1, tzinfo=UTC),
        datetime(2026, 3, 1, 0, 0, 0, 1, tzinfo=UTC),
        datetime(2026, 2, 28, 19, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=-5, minutes=-30))),
        datetime(987, 6, 5, 4, 3, 2, 10, tzinfo=UTC),
    ],
    ids=["no-fraction", "a-microsecond", "another-zone", "long-ago"],
)
def test_a_time_is_stored_as_its_column_stores_it(shop: Database, moment: datetime) -> None:
    insert(shop, an_order(now=moment, told_at=moment))
    insert(shop, an_event(now=moment))

    deliver(shop, told=replace(TOLD, updated_at=moment), now=moment)

    with shop.reading() as session:
        assert by_order(session, OrderRow)[TOLD.order_id]["told_at"] == moment
        for model in (OrderRow, EventRow):
            stored = as_stored(session, model)
            assert stored[TOLD.order_id] == stored[BY_ORM]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_a_time_without_a_zone_is_not_stored(dialect: str) -> None:
    with pytest.raises(ValueError, match="without a zone"):
        bind_time(NOW.replace(tzinfo=None), dialect)


def test_a_second_delivery_counts_and_wakes(shop: Database) -> None:
    deliver(shop)
    later = NOW + timedelta(microseconds=1)

    deliver(shop, told=replace(TOLD, updated_at=TOLD_AT + timedelta(microseconds=1)), now=later)

    with shop.reading() as session:
        order = session.exec(select(OrderRow)).one()
        event = session.exec(select(EventRow)).one()
    assert (order.look_at, order.wakes, order.told_at) == (NOW, 2, TOLD_AT + timedelta(microseconds=1))
    assert (order.created_at, order.placed_at) == (NOW, NOW)
    assert (event.count, event.first_at, event.last_at) == (2, NOW, later)


def test_a_delivery_without_news_only_counts(shop: Database) -> None:
    deliver(shop)
    with shop.writing() as session:
        session.exec(update(OrderRow).values(read_facts=TOLD.facts, look_at=None))
    with shop.reading() as session:
        before = session.exec(select(OrderRow)).one()

    deliver(shop, told=replace(TOLD, updated_at=TOLD_AT + timedelta(seconds=1)), now=NOW + timedelta(seconds=1))

    with shop.reading() as session:
        assert session.exec(select(OrderRow)).one() == before
        assert session.exec(select(EventRow)).one().count == 2


# Whose delivery it is


@pytest.mark.parametrize("changed", [{"store_id": 1002}, {"api_url": "https://other.example/"}, {"app_id": "x"}, {"jwks": "{}"}])
def test_nothing_is_written_for_a_store_that_is_not_as_remembered(shop: Database, changed: dict[str, Any]) -> None:
    assert not deliver(shop, signer=replace(SIGNER, **changed))

    assert is_empty(shop)


def test_nothing_is_written_for_a_store_that_was_removed(shop: Database) -> None:
    with shop.writing() as session:
        session.exec(
            update(StoreRow).where(col(StoreRow.id) == SIGNER.store_id).values(state=StoreState.DELETED, token_sealed=None)
        )

    assert not deliver(shop)

    assert is_empty(shop)


def is_empty(database: Database) -> bool:
    with database.reading() as session:
        return not by_order(session, OrderRow) and not by_order(session, EventRow)


# What goes wrong


def fail(connection: RawConnection) -> None:
    sign = "?" if connection.dialect == "sqlite" else "%s"
    connection.driver.execute(f"INSERT INTO nowhere VALUES ({sign})", ("shopper@example.com",))


def deliver_and_fail(database: Database) -> None:
    with database.intake() as connection:
        take_in(connection, SIGNER, TOLD, "OrderPaid", NOW)
        fail(connection)


def test_an_error_of_the_driver_is_one_of_sqlalchemy_and_names_no_values(shop: Database) -> None:
    with pytest.raises(DBAPIError) as caught, shop.intake() as connection:
        fail(connection)

    assert "nowhere" in str(caught.value)
    assert "shopper@example.com" not in str(caught.value)


def test_a_connection_that_met_an_error_is_closed_and_the_next_delivery_gets_another(shop: Database) -> None:
    with pytest.raises(DBAPIError), shop.intake() as spoilt:
        fail(spoilt)

    with shop.intake() as connection:
        assert connection.driver is not spoilt.driver
        assert take_in(connection, SIGNER, TOLD, "OrderPaid", NOW)
    with pytest.raises(Exception, match="closed"):
        spoilt.driver.execute("SELECT 1")


def test_connections_are_used_again(shop: Database) -> None:
    with shop.intake() as first:
        pass

    with shop.intake() as second:
        assert second.driver is first.driver


def test_on_sqlite_an_error_undoes_the_whole_delivery(fresh_sqlite_url: str) -> None:
    database = Database(fresh_sqlite_url)
    insert(database, a_store())

    with pytest.raises(DBAPIError):
        deliver_and_fail(database)

    assert is_empty(database)
    database.close()
