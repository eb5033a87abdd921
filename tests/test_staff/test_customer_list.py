"""The merchant's list of customers: what it says of each, how it is sorted, filtered and paged, and that an index serves it."""

import re
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, text

from app.db.tables import KnownCustomerRow
from app.errors import BadRequest
from app.usecases.merchants.list_customers import (
    CustomerPage,
    CustomerQuestion,
    CustomerSort,
    ListedCustomer,
    export_customers,
    list_customers,
)
from app.usecases.operating.housekeeping import know_customers
from app.usecases.operating.verify_books import verify_books
from app.usecases.services import Services
from tests.test_settling.test_refunds import ADA, give, paid_order, refund
from tests.world import World

BOB = "Bob.Marley@example.com"
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def world(embedded_world: World) -> World:
    return embedded_world


def know(world: World) -> None:
    while know_customers(world.services):
        pass


def ask(world: World, size: int = 50, **question: Any) -> CustomerPage:
    return list_customers(world.services, world.store().id or 0, CustomerQuestion(**question), time_zone="UTC", size=size)


def emails(page: CustomerPage) -> list[str]:
    return [customer.email for customer in page.customers]


def fill(world: World, count: int) -> None:
    """Fill in customers, whose balances, points that wait and days are each in another order."""
    rows = [
        {
            "store_id": world.store().id,
            "email_key": f"c{number}@example.com",
            "email": f"c{number}@example.com",
            "available": number // 2,
            "waiting": number % 7,
            "customer_type": "vip" if number % 10 == 0 else None,
            "last_at": NOON + timedelta(hours=-number // 3),
        }
        for number in range(count)
    ]
    with world.services.database.writing() as session:
        session.execute(insert(KnownCustomerRow), rows)


def test_each_customer_has_balance_what_waits_and_the_last_activity(world: World) -> None:
    taken = paid_order(world)
    world.claim(taken)
    world.clock.advance(hours=1)
    paid_order(world, "40", email=BOB)
    know(world)

    bob, ada = ask(world).customers

    assert (ada.email, ada.available, ada.waiting) == (ADA, 100, 0)
    assert (bob.email, bob.available, bob.waiting) == (BOB, 0, 40)
    assert bob.last_at > ada.last_at
    assert ask(world).has_balances


def test_what_changes_a_balance_or_a_claim_changes_the_list(world: World) -> None:
    taken, waiting = paid_order(world), paid_order(world, "40", email=BOB)
    world.claim(taken)
    know(world)

    refund(world, taken, "30")
    refund(world, waiting, "40")
    give(world, 7)
    know(world)

    figures = {one.email: (one.available, one.waiting) for one in ask(world).customers}
    assert figures == {ADA: (77, 0), BOB: (0, 0)}


@pytest.mark.parametrize("sort", list(CustomerSort))
@pytest.mark.parametrize("size", [7, 50])
def test_pages_follow_without_a_gap_and_back(world: World, sort: CustomerSort, size: int) -> None:
    fill(world, 40)
    worth = attrgetter({"activity": "last_at", "balance": "available", "waiting": "waiting"}[sort.value])

    pages = [ask(world, size, sort=sort)]
    while pages[-1].older:
        pages.append(ask(world, size, sort=sort, before=pages[-1].older))
    back = [pages[-1]]
    while back[-1].newer:
        back.append(ask(world, size, sort=sort, after=back[-1].newer))

    listed: list[ListedCustomer] = [one for page in pages for one in page.customers]
    assert len({one.email for one in listed}) == len(listed) == 40
    assert [worth(one) for one in listed] == sorted(map(worth, listed), reverse=True)
    assert [emails(page) for page in reversed(back)] == [emails(page) for page in pages]


def test_filters_and_search_leave_whom_they_say(world: World) -> None:
    fill(world, 40)
    with world.services.database.writing() as session:
        for beginning in ("substr(email_key, 1)", "'example.com'"):
            words = f"SELECT store_id, {beginning}, id FROM known_customer"
            session.connection().execute(text(f"INSERT INTO customer_word (store_id, word, customer_id) {words}"))
    questions: list[tuple[dict[str, Any], int]] = [
        ({}, 40),
        ({"balance_over": 17}, 4),
        ({"balance_over": 10**18}, 0),
        ({"idle_since": date(2026, 5, 4)}, 3),
        ({"idle_since": date.max}, 40),
        ({"idle_since": date.min}, 0),
        ({"customer_type": "vip"}, 4),
        ({"customer_type": "vip", "balance_over": 9, "sort": CustomerSort.BALANCE}, 2),
        ({"search": "c1"}, 11),
        ({"search": "c1", "customer_type": "vip"}, 1),
        ({"search": "example.com"}, 40),
        ({"search": "nobody"}, 0),
        ({"search": "@"}, 0),
    ]

    for question, count in questions:
        asked = CustomerQuestion(**question)
        assert len(ask(world, **question).customers) == count, question
        found = list(export_customers(world.services, world.store().id or 0, asked, time_zone="UTC", batch=3))
        assert len({one.email for one in found}) == len(found) == count, question


@pytest.mark.parametrize(
    ("sort", "key"), [("activity", "x"), ("activity", "1~yesterday"), ("activity", "1~2026-05-04"), ("balance", "1~many")]
)
def test_a_key_that_is_none_is_refused(world: World, sort: str, key: str) -> None:
    with pytest.raises(BadRequest, match="Open the list again"):
        ask(world, sort=CustomerSort(sort), before=key)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE known_customer SET available = 7", "the list says 7 points; the balance is 100"),
        ("DELETE FROM known_customer", "its customer is not among the known customers"),
    ],
)
def test_verify_compares_the_customers_with_what_names_them(world: World, statement: str, said: str) -> None:
    world.claim(paid_order(world))
    assert differences(world) == []
    know(world)
    assert differences(world) == []

    with world.services.database.writing() as session:
        session.connection().execute(text("DELETE FROM customer_word"))
        session.connection().execute(text(statement))

    assert said in " ".join(differences(world))


def differences(world: World) -> list[str]:
    return [one for verified in verify_books(world.services) for one in verified.differences]


def test_at_coggins_the_list_says_that_it_knows_no_balances(coggins_world: World) -> None:
    paid_order(coggins_world)
    know(coggins_world)

    page = ask(coggins_world)

    assert emails(page) == [ADA]
    assert not page.has_balances


@pytest.mark.parametrize(
    ("question", "index"),
    [
        (CustomerQuestion(), "known_customer_by_activity"),
        (CustomerQuestion(before=f"9~{NOON.isoformat()}"), "known_customer_by_activity"),
        (CustomerQuestion(idle_since=date(2026, 5, 4), customer_type="vip"), "known_customer_by_activity"),
        (CustomerQuestion(sort=CustomerSort.BALANCE, balance_over=5), "known_customer_by_balance"),
        (CustomerQuestion(sort=CustomerSort.BALANCE, idle_since=date(2026, 5, 4), after="9~1000"), "known_customer_by_balance"),
        (CustomerQuestion(sort=CustomerSort.WAITING, customer_type="vip"), "known_customer_by_waiting"),
    ],
)
def test_an_index_serves_each_question(world: World, question: CustomerQuestion, index: str) -> None:
    fill(world, 12_000)
    plan = plan_of(world.services, world.store().id or 0, question)

    assert index in plan
    assert not re.search(r"\bSCAN\b(?! \S+ USING COVERING INDEX)|Seq Scan|USE TEMP B-TREE|(?<!Incremental )Sort  ", plan), plan


@pytest.mark.parametrize("few", [0, 1000])
def test_a_filter_that_few_pass_reads_no_more_than_those(world: World, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr("app.usecases.merchants.list_customers._FEW", few)
    fill(world, 400)

    found = [emails(ask(world, sort=sort, customer_type="vip", balance_over=150)) for sort in CustomerSort]
    nobody = ask(world, customer_type="nobody", sort=CustomerSort.BALANCE)

    assert [sorted(one) for one in found] == [sorted(f"c{number}@example.com" for number in range(310, 400, 10))] * 3
    assert nobody.customers == ()


def test_a_type_that_nobody_has_is_looked_up_by_its_index(world: World) -> None:
    fill(world, 12_000)

    plan = plan_of(world.services, world.store().id or 0, CustomerQuestion(customer_type="nobody"), part="LIMIT", but="sorted_by")

    assert "known_customer_of_type" in plan
    assert not re.search(r"\bSCAN\b|Seq Scan", plan), plan


def plan_of(
    services: Services, store_id: int, question: CustomerQuestion, *, part: str = "sorted_by", but: str = "EXPLAIN"
) -> str:
    """Explain the query that chooses the customers."""
    said: list[str] = []
    is_sqlite = services.database.is_sqlite
    if not is_sqlite:
        with services.database.writing() as session:
            session.connection().execute(text("ANALYZE known_customer"))

    def explain(connection: Connection, cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        if part in statement and but not in statement and "EXPLAIN" not in statement:
            with closing(connection.connection.cursor()) as plan:
                plan.execute(f"EXPLAIN {'QUERY PLAN ' if is_sqlite else ''}{statement}", parameters)
                said.append("\n".join(" ".join(str(part) for part in line) for line in plan.fetchall()))

    event.listen(services.database.engine, "before_cursor_execute", explain)
    try:
        list_customers(services, store_id, question, time_zone="UTC")
    finally:
        event.remove(services.database.engine, "before_cursor_execute", explain)
    [plan] = said
    return plan
