"""The merchant's list of orders: what it finds, how it is paged, and that an index serves each question."""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, text

from app.bootstrap import build_services
from app.db.tables import OrderRow, StoreRow
from app.errors import BadRequest
from app.settings import load_settings
from app.usecases.merchants.list_orders import OrderFilter, OrderPage, Question, export_orders, list_orders
from app.usecases.services import Services
from tests.clock import MovableClock
from tests.world import SECRET_KEY

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
COUNT = 130


@pytest.fixture
def services(database_url: str, clock: MovableClock) -> Iterator[Services]:
    opened = build_services(load_settings({"DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY}), clock=clock)
    with opened.database.writing() as session:
        for slug in ("shop", "other"):
            session.add(StoreRow(slug=slug, name=slug, awards_from=NOON, created_at=NOON, state="inactive"))
        session.flush()
        session.execute(insert(OrderRow), [row(1, number) for number in range(1, COUNT + 1)] + [row(2, 7)])
    yield opened
    opened.database.close()


def row(store_id: int, number: int) -> dict[str, object]:
    """Two orders an hour. Every tenth has a problem, every third is claimed, every fifth is Grace's."""
    return {
        "store_id": store_id,
        "saleor_order_id": f"order-{number}",
        "number": str(number),
        "email": "Grace@example.com" if number % 5 == 0 else "ada@example.com",
        "email_key": "grace@example.com" if number % 5 == 0 else "ada@example.com",
        "placed_at": NOON + timedelta(hours=number // 2),
        "status": "claimed" if number % 3 == 0 else "ready",
        "problem": "Something is wrong." if number % 10 == 0 else None,
        "wakes": 0,
        "due": number,
        "granted": number,
        "shortfall": 0,
        "failures": 0,
        "created_at": NOON,
    }


def ask(services: Services, size: int = 50, **question: object) -> OrderPage:
    return list_orders(services, 1, Question(**question), time_zone="UTC", size=size)  # type: ignore[arg-type]  # a test's own words


def numbers(page: OrderPage) -> list[int]:
    return [int(order.number or 0) for order in page.orders]


def test_the_newest_come_first_and_pages_follow_without_a_gap(services: Services) -> None:
    seen: list[int] = []
    page = ask(services)
    pages = [page]
    while page.older:
        page = ask(services, before=page.older)
        pages.append(page)
    for one in pages:
        seen += numbers(one)

    assert seen == list(range(COUNT, 0, -1))
    assert [len(one.orders) for one in pages] == [50, 50, 30]
    assert (pages[0].newer, pages[-1].older) == ("", "")


def test_going_back_shows_the_pages_that_were_seen(services: Services) -> None:
    first = ask(services)
    second = ask(services, before=first.older)
    third = ask(services, before=second.older)

    back = ask(services, after=third.newer)
    assert numbers(back) == numbers(second)
    front = ask(services, after=back.newer)
    assert (numbers(front), front.newer) == (numbers(first), "")


def test_what_arrives_meanwhile_neither_repeats_nor_skips_an_order(services: Services) -> None:
    first = ask(services)
    with services.database.writing() as session:
        session.execute(insert(OrderRow), [row(1, 500) | {"placed_at": NOON + timedelta(days=30)}])

    assert numbers(ask(services, before=first.older))[0] == numbers(first)[-1] - 1


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ({"search": "12"}, [12, 120, 121, 122, 123, 124, 125, 126, 127, 128, 129]),
        ({"search": "#7"}, [7, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79]),
        ({"search": "130"}, [130]),
        ({"search": "999"}, []),
        ({"search": "1%"}, []),
        ({"search": "1\0"}, None),
        ({"search": " GRACE@example.com "}, list(range(130, 0, -5))),
        ({"search": "nobody@example.com"}, []),
        ({"state": OrderFilter.PROBLEM}, list(range(130, 0, -10))),
        ({"state": OrderFilter.CLAIMED}, list(range(129, 0, -3))),
        ({"state": OrderFilter.NONE}, []),
        ({"first_day": date(2026, 5, 5), "last_day": date(2026, 5, 5)}, list(range(71, 23, -1))),
        ({"state": OrderFilter.PROBLEM, "first_day": date(2026, 5, 5), "last_day": date(2026, 5, 5)}, [70, 60, 50, 40, 30]),
        ({"last_day": date.min}, []),
        ({"first_day": date.max}, []),
        ({"search": "12", "state": OrderFilter.NONE}, [12, 120, 121, 122, 123, 124, 125, 126, 127, 128, 129]),
    ],
)
def test_a_question_finds_its_orders(services: Services, question: dict[str, object], found: list[int] | None) -> None:
    page = ask(services, size=200, **question)

    assert found is None or numbers(page) == found


def test_days_are_those_of_the_stores_time_zone(services: Services) -> None:
    question = Question(first_day=date(2026, 5, 4), last_day=date(2026, 5, 4))

    page = list_orders(services, 1, question, time_zone="Asia/Tokyo", size=200)

    # In Tokyo that day ends at 15:00 UTC.
    assert numbers(page) == [5, 4, 3, 2, 1]


def test_a_search_by_number_is_paged_too(services: Services) -> None:
    first = ask(services, size=4, search="12")
    second = ask(services, size=4, search="12", before=first.older)

    assert numbers(second) == [123, 124, 125, 126]
    assert numbers(ask(services, size=4, search="12", after=second.newer)) == numbers(first)


@pytest.mark.parametrize("key", ["x", "1~yesterday", "~", "1~0001-01-01T00:00:00+14:00"])
def test_a_key_that_is_none_is_refused(services: Services, key: str) -> None:
    with pytest.raises(BadRequest, match="Open the list again"):
        ask(services, before=key)


def test_an_export_gives_all_of_them_once(services: Services) -> None:
    exported = [order.number for order in export_orders(services, 1, Question(), time_zone="UTC", batch=40)]

    assert exported == [str(number) for number in range(COUNT, 0, -1)]


@pytest.mark.parametrize(
    ("question", "index"),
    [
        (Question(), "order_by_placed"),
        (Question(before=f"9~{NOON.isoformat()}"), "order_by_placed"),
        (Question(after=f"9~{NOON.isoformat()}"), "order_by_placed"),
        (Question(first_day=date(2026, 5, 5), last_day=date(2026, 5, 6)), "order_by_placed"),
        (Question(state=OrderFilter.READY), "order_by_status"),
        (Question(state=OrderFilter.READY, before=f"9~{NOON.isoformat()}"), "order_by_status"),
        (Question(state=OrderFilter.PROBLEM), "order_placed_with_problem"),
        (Question(search="12"), "order_by_number"),
        (Question(search="12", before="12~12"), "order_by_number"),
        (Question(search="ada@example.com"), "order_by_email"),
    ],
)
def test_an_index_serves_each_question(services: Services, question: Question, index: str) -> None:
    plan = plan_of(services, question)

    assert index in plan
    # No scan of the table, and no sorting of more than those that share one number.
    assert not re.search(r'SCAN "?order"?(?! USING)|Seq Scan|USE TEMP B-TREE FOR ORDER BY|(?<!Incremental )Sort  ', plan), plan


def plan_of(services: Services, question: Question) -> str:
    """Explain the one query of a question, as the database would run it on a large table."""
    said: list[str] = []
    is_sqlite = services.database.is_sqlite

    def explain(connection: Connection, cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        if "EXPLAIN" in statement or not statement.lstrip().startswith("SELECT"):
            return
        with closing(connection.connection.cursor()) as plan:
            if not is_sqlite:
                plan.execute("SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off")
            plan.execute(f"EXPLAIN {'QUERY PLAN ' if is_sqlite else ''}{statement}", parameters)
            said.append("\n".join(" ".join(str(part) for part in line) for line in plan.fetchall()))

    event.listen(services.database.engine, "before_cursor_execute", explain)
    try:
        list_orders(services, 1, question, time_zone="UTC")
    finally:
        event.remove(services.database.engine, "before_cursor_execute", explain)
    [plan] = said
    return plan


def test_a_question_is_one_query(services: Services) -> None:
    asked: list[str] = []
    event.listen(services.database.engine, "before_cursor_execute", lambda _c, _k, statement, *_rest: asked.append(statement))

    list_orders(services, 1, replace(Question(), state=OrderFilter.PROBLEM), time_zone="UTC")

    assert len([one for one in asked if one.lstrip().startswith("SELECT")]) == 1


def test_numbers_are_sorted_byte_by_byte_whatever_the_databases_language(services: Services) -> None:
    with services.database.writing() as session:
        session.execute(
            insert(OrderRow), [row(1, 900 + place) | {"number": number} for place, number in enumerate(["a-1", "A-1", "a1"])]
        )

    assert [order.number for order in ask(services, search="a").orders] == ["a-1", "a1"]
    with services.database.reading() as session:
        assert session.execute(text("SELECT number FROM \"order\" WHERE number > 'A' ORDER BY number")).scalars().all() == [
            "A-1",
            "a-1",
            "a1",
        ]
