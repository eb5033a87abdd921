"""Orders found by a part of the address: what is found, page by page, by an index, and never an address that is gone."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event, insert, inspect, text

from app.bootstrap import build_services
from app.db.known_customers import TAKEN_IN_MAX
from app.db.migrations import MIGRATIONS, migrate
from app.db.tables import OrderRow, StoreRow
from app.errors import BadRequest
from app.settings import load_settings
from app.usecases.merchants.list_orders import ListOrder, OrderPage, Question, list_orders
from app.usecases.operating.housekeeping import know_customers
from app.usecases.services import Services
from tests.clock import MovableClock
from tests.world import SECRET_KEY

# The revision before the words.
BEFORE = "0025"
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
# The customer of each order, from number 1 on; 7 is another store's.
CUSTOMERS = (
    "ada.lovelace@example.com",
    "Ada@till.example",
    "ann.ann@example.com",
    "grace_hopper+shop@navy.example",
    "ada.lovelace@example.com",
    "1042bird@example.com",
)


@pytest.fixture
def services(database_url: str, clock: MovableClock) -> Iterator[Services]:
    opened = build_services(load_settings({"DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY}), clock=clock)
    with opened.database.writing() as session:
        for slug in ("shop", "other"):
            session.add(StoreRow(slug=slug, name=slug, awards_from=NOON, created_at=NOON, state="inactive"))
        session.flush()
        rows = [row(1, number, email) for number, email in enumerate(CUSTOMERS, start=1)]
        session.execute(insert(OrderRow), [*rows, row(2, 7, "ada.lovelace@example.com")])
    while know_customers(opened):
        pass
    yield opened
    opened.database.close()


def row(store_id: int, number: int, email: str) -> dict[str, object]:
    return {
        "store_id": store_id,
        "saleor_order_id": f"order-{number}",
        "number": str(number),
        "email": email,
        "email_key": email.lower(),
        "placed_at": NOON + timedelta(hours=number),
        "wakes": 0,
        "due": number,
        "granted": number,
        "shortfall": 0,
        "failures": 0,
        "created_at": NOON,
    }


def ask(services: Services, search: str, size: int = 50, *, before: str = "", after: str = "") -> OrderPage:
    question = Question(search=search, before=before, after=after)
    return list_orders(services, 1, question, time_zone="UTC", size=size)


def numbers(page: OrderPage) -> list[int]:
    return [int(order.number or 0) for order in page.orders]


def write(services: Services, *statements: str) -> None:
    """Write as a version does that knows nothing of words."""
    with services.database.writing() as session:
        for statement in statements:
            session.connection().execute(text(statement))


def everything(services: Services) -> str:
    tables = inspect(services.database.engine).get_table_names()
    with services.database.reading() as session:
        return "\n".join(str(one) for name in tables for one in session.connection().execute(text(f'SELECT * FROM "{name}"')))


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ada@", [2]),
        ("ADA", [5, 1, 2]),
        ("lovelace", [5, 1]),
        ("lovelace@ex", [5, 1]),
        ("lace", []),
        ("navy", [4]),
        ("hopper", [4]),
        ("shop@navy.example", [4]),
        ("@example.com", [6, 5, 1, 3]),
        ("example.com", [6, 5, 1, 3]),
        ("com", []),
        ("Ada Lovelace", [5, 1]),
        ("lovelace example ada", [5, 1]),
        ("ada hopper", []),
        ("1042", [6]),
        ("#1042", []),
        ("1", [1]),
        ("ann", [3]),
        ("%", []),
        ("@", []),
        ("  \0 ", []),
    ],
)
def test_a_part_finds_its_orders(services: Services, search: str, found: list[int]) -> None:
    page = ask(services, search)

    assert sorted(numbers(page)) == sorted(found)
    assert [one for one in numbers(page) if one in {1, 5}] in ([], [1], [5, 1])


def test_a_whole_address_lists_the_newest_first_and_a_part_says_how_it_is_sorted(services: Services) -> None:
    assert ask(services, "ada.lovelace@example.com").order is ListOrder.NEWEST
    assert ask(services, "lovelace").order is ListOrder.ADDRESS
    assert ask(services, "5").order is ListOrder.NUMBER


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("search", ["example.com", "ada", "a"])
def test_pages_follow_without_a_gap_and_back(services: Services, search: str, size: int) -> None:
    whole = numbers(ask(services, search))

    pages = [ask(services, search, size)]
    while pages[-1].older:
        pages.append(ask(services, search, size, before=pages[-1].older))
    back = [pages[-1]]
    while back[-1].newer:
        back.append(ask(services, search, size, after=back[-1].newer))

    assert [number for page in pages for number in numbers(page)] == whole
    assert [numbers(page) for page in reversed(back)] == [numbers(page) for page in pages]


@pytest.mark.parametrize("key", ["w~", "w~1~1~yesterday~ada", "w~1~x~2026-05-04T12:00:00+00:00~ada", "w~1~1~2026-05-04~ada"])
def test_a_key_that_is_none_is_refused(services: Services, key: str) -> None:
    with pytest.raises(BadRequest, match="Open the list again"):
        ask(services, "ada", before=key)


def test_what_a_version_before_writes_is_found_and_what_it_takes_away_is_forgotten(services: Services) -> None:
    write(
        services,
        """UPDATE "order" SET email = 'x@new.example', email_key = 'x@new.example' WHERE number = '4'""",
        """UPDATE "order" SET email = 'x@new.example', email_key = 'x@new.example' WHERE number = '5'""",
    )
    know_customers(services)

    assert numbers(ask(services, "new")) == [5, 4]
    assert numbers(ask(services, "lovelace")) == [1]
    assert ask(services, "hopper").orders == ()
    assert "hopper" not in everything(services)


def test_orders_of_the_version_before_are_found_once_housekeeping_has_seen_them(services: Services) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with services.database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, BEFORE)

    migrate(services.database)

    assert ask(services, "lovelace").orders == ()
    assert know_customers(services) is False
    assert numbers(ask(services, "lovelace")) == [5, 1]


def test_housekeeping_goes_on_while_changes_are_left(services: Services) -> None:
    write(services, f"INSERT INTO customer_change (store_id, email_key) {many_changes(services, TAKEN_IN_MAX)}")

    assert [know_customers(services), know_customers(services)] == [True, False]


def many_changes(services: Services, count: int) -> str:
    if not services.database.is_sqlite:
        return f"SELECT 1, 'nobody' || n || '@example.com' FROM generate_series(1, {count}) AS numbers(n)"
    numbers = f"WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count})"
    return f"{numbers} SELECT 1, 'nobody' || n || '@example.com' FROM n"


def test_made_up_addresses_of_the_erased_are_no_words(services: Services) -> None:
    write(services, """UPDATE "order" SET email_key = 'erased-1@erased.invalid' WHERE number = '4'""")
    know_customers(services)

    assert ask(services, "erased").orders == ()


@pytest.mark.parametrize("search", ["ada", "lovelace ada"])
@pytest.mark.parametrize("end", ["", "before", "after"])
def test_an_index_serves_the_search(services: Services, search: str, end: str) -> None:
    key = ask(services, "ada", 1).older
    add_others(services)
    plan = plan_of(services, Question(search=search, before=key if end == "before" else "", after=key if end == "after" else ""))

    assert "order_by_email" in plan
    assert re.search(r"customer_word_pkey|customer_word USING PRIMARY KEY \(store_id=\? AND word", plan), plan
    # No scan of a table, and no sorting of more than one customer's orders.
    assert not re.search(r"\bSCAN\b|Seq Scan|USE TEMP B-TREE|(?<!Incremental )Sort  ", plan), plan


def add_others(services: Services, count: int = 5000) -> None:
    """Add so many orders that PostgreSQL finds an index worth its while."""
    with services.database.writing() as session:
        session.execute(insert(OrderRow), [row(1, 100 + number, f"other{number}@ada.example") for number in range(count)])
    while know_customers(services):
        pass
    if not services.database.is_sqlite:
        write(services, "ANALYZE")


def plan_of(services: Services, question: Question) -> str:
    """Explain the last query of a question."""
    said: list[str] = []
    is_sqlite = services.database.is_sqlite

    def explain(connection: Connection, cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        if "EXPLAIN" in statement or not statement.lstrip().startswith("SELECT"):
            return
        with closing(connection.connection.cursor()) as plan:
            plan.execute(f"EXPLAIN {'QUERY PLAN ' if is_sqlite else ''}{statement}", parameters)
            said.append("\n".join(" ".join(str(part) for part in line) for line in plan.fetchall()))

    event.listen(services.database.engine, "before_cursor_execute", explain)
    try:
        list_orders(services, 1, question, time_zone="UTC")
    finally:
        event.remove(services.database.engine, "before_cursor_execute", explain)
    return said[-1]
