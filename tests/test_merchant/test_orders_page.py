"""The list of orders: what it shows, that what others wrote stays text, and that no page asks more for more orders."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest
import requests
from sqlalchemy import event, insert, text

from app.db.snapshots import dump
from app.db.tables import OrderRow
from app.usecases.merchants.try_rule import ORDERS_LOOKED_AT
from tests.test_domain.orders import order as an_order
from tests.test_merchant.calls import Desk, seen
from tests.test_merchant.test_rules_page import GOOD
from tests.test_settling.test_refunds import ADA, paid_order, refund, spend
from tests.world import World

# Three of them ask from which addresses a customer was moved: for the orders, the owed points and the rewards.
QUERIES_MAX = 21
HOSTILE = (
    "<script>alert(1)</script>@example.com",
    "{{1337*1337}}@example.com",
    "=cmd|'/c calc'!A0@example.com",
    "@SUM(1+1)@example.com",
)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def make_orders(world: World, count: int, *, email: str = ADA) -> list[str]:
    """Write many settled orders straight into the table."""
    ids = [f"T3JkZXI6{place:08d}" for place in range(count)]
    snapshot = dump(an_order(created_at=world.clock.now))
    rows = [
        {
            "store_id": world.store().id,
            "saleor_order_id": order_id,
            "number": f"{place + 1000}",
            "email": email,
            "email_key": email.casefold(),
            "placed_at": FIRST + timedelta(minutes=place),
            "created_at": FIRST,
            "read_at": FIRST,
            "snapshot": snapshot,
            "status": ("ready", "claimed", "none")[place % 3],
            "problem": "It needs somebody." if place % 5 == 0 else None,
            "because": "earned",
            "wakes": 1,
            "due": 100,
            "granted": 100,
            "shortfall": 0,
            "failures": 0,
        }
        for place, order_id in enumerate(ids)
    ]
    with world.services.database.writing() as session:
        session.execute(insert(OrderRow), rows)
    return ids


@contextmanager
def counted(world: World) -> Iterator[list[str]]:
    """Collect the statements that are sent to the database meanwhile."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement != "BEGIN":
            said.append(statement)

    event.listen(world.services.database.engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(world.services.database.engine, "before_cursor_execute", note)


def listed(page: requests.Response) -> list[str]:
    """Give the numbers of the orders on a page of the list."""
    return re.findall(r'<th scope="row"><a href="[^"]*">#(\w+)</a>', page.text)


def test_orders_are_listed_newest_first_and_found_by_number_email_and_state(desk: Desk) -> None:
    world = desk.world
    first, second = paid_order(world), paid_order(world, email="grace@example.com")
    world.claim(second)
    world.settle()
    numbers = [world.order(order_id).number for order_id in (first, second)]

    def found(query: str = "") -> list[str]:
        return listed(desk.get(f"orders{query}"))

    assert found() == [numbers[1], numbers[0]]
    assert found(f"?search={numbers[0]}") == [numbers[0]]
    assert found("?search=GRACE@example.com") == [numbers[1]]
    assert found("?state=ready") == [numbers[0]]
    assert found("?state=claimed") == [numbers[1]]
    assert found("?state=problem") == []
    assert found("?last_day=2020-01-01") == []
    assert "No orders found" in seen(desk.get("orders?state=problem"))


def test_an_order_that_lacks_points_is_among_those_that_need_a_look(desk: Desk) -> None:
    world = desk.world
    order_id = paid_order(world)
    world.claim(order_id)
    spend(world, 60)
    refund(world, order_id, "100")

    text = seen(desk.get("orders?state=problem"))

    assert "60 to recover" in text
    assert "does not hold them any more" in text


def test_an_empty_shop_is_told_what_will_come(desk: Desk) -> None:
    assert "No orders yet" in seen(desk.get("orders"))


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "2026"])
def test_a_day_that_is_none_is_said_beside_the_field(desk: Desk, day: str) -> None:
    answer = desk.get(f"orders?first_day={day}")

    assert answer.status_code == 422
    assert 'id="first_day-error"' in answer.text
    assert f'value="{day}"' in answer.text


def test_pages_follow_by_key_and_keep_the_filter(desk: Desk) -> None:
    make_orders(desk.world, 180)

    first = desk.get("orders?state=ready")
    [older] = re.findall(r'href="/app/(orders\?[^"]*before=[^"]*)"', first.text)
    second = desk.get(unescape(older))

    assert older.startswith("orders?state=ready&amp;before=")
    assert listed(first)[-1] == "1030"
    assert listed(second) == [f"{1027 - 3 * place}" for place in range(10)]


def test_what_others_wrote_stays_text_on_every_page(desk: Desk) -> None:
    for place, email in enumerate(HOSTILE):
        with desk.world.services.database.writing() as session:
            row = {
                "store_id": desk.world.store().id,
                "saleor_order_id": f"order-{place}",
                "number": '"><img src=x onerror=alert(1)>',
                "email": email,
                "email_key": email.casefold(),
                "placed_at": FIRST,
                "created_at": FIRST,
                "problem": "{{1337*1337}}<b>bold</b>",
                "wakes": 1,
                "due": 0,
                "granted": 0,
                "shortfall": 0,
                "failures": 0,
            }
            session.execute(insert(OrderRow), [row])

    for path in (
        "orders",
        "orders?search=%22%3E%3Cimg%20src%3Dx%3E",
        "orders?search=%7B%7B1337*1337%7D%7D",
        "customers?email=%7B%7B1337*1337%7D%7D@example.com",
    ):
        page = desk.get(path).text
        assert "<script>" not in page
        assert "<img" not in page
        assert "<b>bold" not in page
        assert "1787569" not in page


def test_an_export_is_a_csv_in_which_nothing_is_a_formula(desk: Desk) -> None:
    for place, email in enumerate(HOSTILE):
        make = make_orders(desk.world, 1, email=email)
        with desk.world.services.database.writing() as session:
            session.execute(
                text('UPDATE "order" SET saleor_order_id = :new WHERE saleor_order_id = :old'),
                {"new": f"x{place}", "old": make[0]},
            )

    answer = desk.get("orders.csv")

    assert answer.headers["Content-Disposition"] == 'attachment; filename="orders.csv"'
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.content.startswith(b"\xef\xbb\xbfnumber,")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["email"] for row in rows] == [f"'{email}" if email[0] in "=@" else email for email in reversed(HOSTILE)]
    assert rows[0]["points_due"] == "100"


def test_list_and_export_say_what_an_order_costs_and_in_which_channel(desk: Desk) -> None:
    world = desk.world
    world.saleor.shop.place_order("1000", email=ADA, channel="japan")
    world.saleor.shop.place_order("12.5", email=ADA)
    world.deliver()
    world.saleor.shop.place_order("7", email=ADA)
    world.saleor.deliveries.deliver()

    page = seen(desk.get("orders"))
    rows = list(csv.DictReader(io.StringIO(desk.get("orders.csv").text.removeprefix("\ufeff"))))

    assert "japan 1,000 JPY" in page
    assert "default-channel 12.50 USD" in page
    costs = [(row["total"], row["currency"], row["channel"]) for row in rows]
    assert costs[0] == ("", "", "")
    assert [(Decimal(total), *rest) for total, *rest in costs[1:]] == [
        (Decimal("12.5"), "USD", "default-channel"),
        (Decimal(1000), "JPY", "japan"),
    ]


def test_an_export_has_all_orders_of_the_filter(desk: Desk) -> None:
    make_orders(desk.world, 1200)

    rows = list(csv.DictReader(io.StringIO(desk.get("orders.csv?state=ready").text.removeprefix("\ufeff"))))

    assert len(rows) == 400
    assert [row["number"] for row in rows[:2]] == ["2197", "2194"]


def _order(world: World, _ids: list[str]) -> str:
    return f"orders/{paid_order(world)}"


PAGES: dict[str, Callable[[World, list[str]], str]] = {
    "orders": lambda _world, _ids: "orders",
    "orders found": lambda _world, _ids: "orders?state=problem&first_day=2026-01-01",
    "an order": _order,
    "customers": lambda _world, _ids: f"customers?email={ADA}",
    "rules": lambda _world, _ids: "rules",
    "a new rule": lambda _world, _ids: "rules/new",
    "settings": lambda _world, _ids: "settings",
}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_page_asks_no_more_of_the_database_for_more_orders(desk: Desk, page: str) -> None:
    world = desk.world
    make_orders(world, 10)
    path = PAGES[page](world, [])
    with counted(world) as with_few:
        assert desk.get(path).status_code == 200
    with world.services.database.writing() as session:
        session.execute(text("DELETE FROM \"order\" WHERE saleor_order_id LIKE 'T3JkZXI60%'"))
    make_orders(world, 300)

    with counted(world) as with_many:
        assert desk.get(path).status_code == 200

    assert len(with_many) == len(with_few)
    assert len(with_many) <= QUERIES_MAX, with_many


def test_a_draft_is_tried_by_a_few_queries_however_many_orders_there_are(desk: Desk) -> None:
    make_orders(desk.world, ORDERS_LOOKED_AT * 2)

    with counted(desk.world) as said:
        answer = desk.post("rules/default/try", GOOD)

    assert "50 of the last 50 orders" in seen(answer)
    assert len([one for one in said if 'FROM "order"' in one]) == 1
    assert len(said) <= QUERIES_MAX


def test_an_order_of_many_movements_is_explained_by_as_few_queries(desk: Desk) -> None:
    world = desk.world
    order_id = paid_order(world)
    world.claim(order_id)
    for _ in range(12):
        refund(world, order_id, "5")

    with counted(world) as said:
        answer: requests.Response = desk.get(f"orders/{order_id}")

    assert answer.status_code == 200
    assert len(world.movements(order_id)) == 13
    assert len(said) <= QUERIES_MAX, said
