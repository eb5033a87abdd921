"""A database of the first release, brought to this version: every row is kept, and the app goes on with it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData, Table, create_engine, insert, select, text

from app.db.engine import Database
from app.db.migrations import MIGRATIONS, migrate
from app.domain.claim import Balance
from app.domain.spending import SpendStage
from app.usecases.spending.look_after_spends import look_after_spends
from tests.clock import MovableClock
from tests.standins.saleor import StandInSaleor
from tests.test_spending.paying import PayingShop
from tests.test_upgrade.open_claim import take_open_claim
from tests.world import World, open_world

ROWS = Path(__file__).parent / "first_release.sql"
TABLES = (
    *("store", "account", "event", "points_customer", "rule", "order", "points_claim", "movement", "points_entry", "claim"),
)
Row = dict[str, Any]


def _at_first_release(database: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.connect() as connection:
        if database.is_sqlite:
            connection.execution_options(begin_immediate=True)
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.commit()


def _sqlite_of_first_release(path: Path) -> str:
    url = f"sqlite:///{path}"
    with closing(Database(url)) as database:
        _at_first_release(database)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(ROWS.read_text())
    return url


def _tables(connection: Connection) -> dict[str, Table]:
    metadata = MetaData()
    metadata.reflect(connection, only=TABLES)
    return {name: metadata.tables[name] for name in TABLES}


def _copied_to_postgresql(source_url: str, target_url: str) -> None:
    """Put the rows into a PostgreSQL at the first release, each value in PostgreSQL's own type."""
    with closing(Database(target_url)) as target, target.engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    with closing(Database(target_url)) as target:
        _at_first_release(target)
        source = create_engine(source_url)
        with source.connect() as read, target.engine.begin() as write:
            write.exec_driver_sql("SET TIME ZONE 'UTC'")
            tables = _tables(write)
            for name in TABLES:
                booleans = {column.name for column in tables[name].c if str(column.type) == "BOOLEAN"}
                for row in read.execute(text(f'SELECT * FROM "{name}"')).mappings():
                    write.execute(
                        insert(tables[name]),
                        {key: bool(value) if key in booleans else value for key, value in row.items()},
                    )
                if "id" in tables[name].c and str(tables[name].c.id.type) == "BIGINT":
                    write.exec_driver_sql(
                        f"SELECT setval(pg_get_serial_sequence('\"{name}\"', 'id'), (SELECT max(id) FROM \"{name}\"))"
                    )
        source.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def first_release_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    url = _sqlite_of_first_release(tmp_path / "first.sqlite3")
    if request.param == "sqlite":
        return url
    fresh: Callable[[], str] = request.getfixturevalue("fresh_postgresql")
    target = fresh()
    _copied_to_postgresql(url, target)
    return target


def _all_rows(url: str, columns: dict[str, list[str]] | None = None) -> tuple[dict[str, list[Row]], dict[str, list[str]]]:
    """Give all rows of the first release's tables, by the columns given, or all that there are."""
    engine = create_engine(url)
    with engine.connect() as connection:
        tables = _tables(connection)
        wanted = columns or {name: [column.name for column in tables[name].c] for name in TABLES}
        rows = {
            name: sorted(
                (dict(row) for row in connection.execute(select(*(tables[name].c[key] for key in wanted[name]))).mappings()),
                key=repr,
            )
            for name in TABLES
        }
    engine.dispose()
    return rows, wanted


def _migrate(url: str) -> None:
    with closing(Database(url)) as database:
        migrate(database)


def test_every_row_and_every_value_is_kept(first_release_url: str) -> None:
    before, columns = _all_rows(first_release_url)

    _migrate(first_release_url)

    after, _ = _all_rows(first_release_url, columns)
    # The number of an order may be kept in another form, to be compared as a number.
    assert {name: len(rows) for name, rows in after.items()} == {name: len(rows) for name, rows in before.items()}
    assert after == before


def test_the_last_sweep_of_the_version_before_counts_as_finished(first_release_url: str) -> None:
    swept_at = text("UPDATE store SET swept_at = '2026-05-04 09:00:00'")
    engine = create_engine(first_release_url)
    with engine.begin() as connection:
        connection.execute(swept_at)

    _migrate(first_release_url)

    with engine.connect() as connection:
        differing = connection.execute(
            text("SELECT count(*) FROM store WHERE sweep_ended_at IS NULL OR sweep_ended_at <> swept_at")
        )
        assert differing.scalar_one() == 0
    engine.dispose()


@pytest.fixture
def upgraded(first_release_url: str, clock: MovableClock, saleor: StandInSaleor) -> Iterator[tuple[World, dict[str, str]]]:
    """The upgraded app beside a Saleor that has the five orders as the first release knew them; and their ids."""
    clock.advance(hours=1)
    shop, till = saleor.shop, saleor.till
    orders = {
        "open": shop.place_paid_order("60", email="Ann@example.com"),
        "taken": shop.place_paid_order("80", email="ben@example.com"),
        "withdrawn": shop.place_paid_order("40", email="cat@example.com"),
        "credited": shop.place_paid_order("25.50", email="ann@example.com", is_registered=True),
        "waiting": shop.place_paid_order("10", email="dan@example.com"),
    }
    till.refund(orders["taken"], "30")
    till.refund(orders["withdrawn"], "40")
    with closing(Database(first_release_url)) as database, database.engine.begin() as connection:
        for old, new in zip("abcde", orders.values(), strict=True):
            for table in ("order", "event"):
                connection.execute(
                    text(f'UPDATE "{table}" SET saleor_order_id = :new WHERE saleor_order_id = :old'),
                    {"new": new, "old": f"T3JkZXI6{old}"},
                )
        connection.execute(text("UPDATE store SET saleor_api_url = :url"), {"url": saleor.api_url})
    _migrate(first_release_url)
    with open_world(first_release_url, clock, saleor) as world:
        world.install()
        yield world, orders


def test_the_app_settles_what_the_first_release_left(upgraded: tuple[World, dict[str, str]]) -> None:
    world, orders = upgraded
    world.deliver()
    assert {name: world.order(order_id).granted for name, order_id in orders.items()} == {
        "open": 60,
        "taken": 50,
        "withdrawn": 0,
        "credited": 25,
        "waiting": 10,
    }
    movements = {name: len(world.movements(order_id)) for name, order_id in orders.items()}
    assert movements == {"open": 1, "taken": 2, "withdrawn": 2, "credited": 1, "waiting": 1}

    take_open_claim(world)
    world.saleor.till.refund(orders["taken"], "10")
    world.saleor.till.refund(orders["credited"], "25.50")
    world.deliver()

    assert world.balance("ann@example.com").available == 60
    assert world.balance("ben@example.com").available == 40
    assert world.balance("dan@example.com").available == 10


def test_a_store_that_never_heard_of_spending_lets_points_pay(upgraded: tuple[World, dict[str, str]]) -> None:
    world, orders = upgraded
    world.deliver()
    assert world.balance("ben@example.com").available == 50
    shop = PayingShop(world)
    shop.open(points_per_unit=Decimal(10))

    checkout_id = shop.cart("4", user="ben@example.com")
    session = shop.pay(checkout_id, by="ben@example.com")
    shop.world.saleor.checkouts.complete(checkout_id)
    world.clock.advance(minutes=2)
    look_after_spends(world.services)
    world.saleor.requests.ask(session.transaction.id, amount="1")
    world.saleor.requests.deliver()
    world.saleor.till.refund(orders["credited"], "25.50")
    world.deliver()

    assert session.transaction.charged == 4
    assert shop.spends()[0].stage == SpendStage.ON_ORDER
    assert world.balance("ben@example.com") == Balance(20, 30)
    assert shop.differences() == []
