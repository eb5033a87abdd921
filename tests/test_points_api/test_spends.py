"""Tills: customers pay with points, and get them back."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from sqlalchemy import Connection, event
from sqlmodel import select

from app.db.tables import PointsCustomerRow
from app.usecases.api.manage_keys import create_key
from app.usecases.merchants.move_customer import move_customer
from app.usecases.operating.create_store import create_store
from app.usecases.operating.erase_customer import erase_customer
from app.usecases.operating.verify_books import verify_books
from tests.clock import MovableClock
from tests.served_points import ServedPoints, serve_points

ADA, BOB = "ada@example.com", "bob@example.com"


@pytest.fixture
def shop(api_on_each: ServedPoints) -> ServedPoints:
    """A shop where Ada has 100 points."""
    api_on_each.instants([{"amount": 100, "email": ADA}])
    return api_on_each


def ask(api: ServedPoints, path: str, body: Any, *, key: str = "", once: str | None = None) -> requests.Response:
    headers = {"X-Api-Key": key or api.key} | ({"Idempotency-Key": once} if once is not None else {})
    return api.ask("POST", f"/api/v1/spends{path}", json=body, headers=headers)


def spend(api: ServedPoints, points: Any, once: str, *, email: Any = ADA, **more: Any) -> requests.Response:
    return ask(api, "", {"email": email, "points": points, **more}, once=once)


def give_back(api: ServedPoints, spend_id: str, once: str, **body: Any) -> requests.Response:
    return ask(api, f"/{spend_id}/give-back", body, once=once)


def balance(api: ServedPoints, email: str = ADA) -> tuple[int, int]:
    found = api.balance(email).json()
    return found["AvailablePoints"], found["UsedPoints"]


def differences(api: ServedPoints) -> list[str]:
    return [difference for verified in verify_books(api.services) for difference in verified.differences]


def test_points_that_were_spent_are_used(shop: ServedPoints) -> None:
    answer = spend(shop, 30, "one", reference="receipt 17")

    assert answer.status_code == 201
    spent = answer.json()
    assert (spent["points"], spent["givenBack"], spent["reference"]) == (30, 0, "receipt 17")
    assert balance(shop) == (70, 30)
    assert shop.ask("GET", f"/api/v1/spends/{spent['id']}", headers={"X-Api-Key": shop.key}).json() == spent


def test_what_is_given_back_can_be_spent_again(shop: ServedPoints) -> None:
    spend_id = spend(shop, 30, "one").json()["id"]

    part = give_back(shop, spend_id, "two", points=10)
    assert (part.status_code, part.json()["givenBack"]) == (200, 10)
    assert balance(shop) == (80, 20)

    assert give_back(shop, spend_id, "three").json()["givenBack"] == 30
    assert balance(shop) == (100, 0)


def test_no_more_is_given_back_than_was_spent(shop: ServedPoints) -> None:
    spend_id = spend(shop, 30, "one").json()["id"]
    give_back(shop, spend_id, "two", points=20)

    too_much = give_back(shop, spend_id, "three", points=11)
    give_back(shop, spend_id, "four", points=10)
    nothing_left = give_back(shop, spend_id, "five")

    assert (too_much.status_code, too_much.json()["error"]["code"]) == (409, "EXCEEDS_SPEND")
    assert "Only 10 points" in too_much.json()["error"]["message"]
    assert (nothing_left.status_code, nothing_left.json()["error"]["code"]) == (409, "EXCEEDS_SPEND")
    assert balance(shop) == (100, 0)


def test_nobody_spends_what_is_not_there_even_where_balances_may_fall_below_zero(shop: ServedPoints) -> None:
    shop.change(debt_policy="negative")

    answer = spend(shop, 101, "one")
    stranger = spend(shop, 1, "two", email="nobody@example.com")

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "INSUFFICIENT_POINTS")
    assert (stranger.status_code, stranger.json()["error"]["code"]) == (409, "INSUFFICIENT_POINTS")
    assert balance(shop) == (100, 0)


def test_a_mistyped_address_makes_no_customer(shop: ServedPoints) -> None:
    spend(shop, 1, "one", email="adda@example.com")

    with shop.services.database.reading() as session:
        assert session.exec(select(PointsCustomerRow.email)).all() == [ADA]


def test_the_same_request_again_is_answered_and_done_once(shop: ServedPoints) -> None:
    first = spend(shop, 60, "one")
    spend_id = first.json()["id"]
    back = give_back(shop, spend_id, "two", points=15)

    assert spend(shop, 60, "one").json() == first.json()
    assert give_back(shop, spend_id, "two", points=15).json() == back.json()
    assert balance(shop) == (55, 45)

    # A refusal is an answer, too.
    refused = spend(shop, 56, "three")
    shop.instants([{"amount": 10, "email": ADA}])
    assert spend(shop, 56, "three").json() == refused.json()


def test_one_idempotency_key_does_not_do_for_two_requests(shop: ServedPoints) -> None:
    spend_id = spend(shop, 30, "one").json()["id"]

    assert spend(shop, 31, "one").json()["error"]["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert give_back(shop, spend_id, "one").json()["error"]["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert balance(shop) == (70, 30)


@pytest.mark.parametrize(
    "body",
    [
        {"email": ADA},
        *({"email": ADA, "points": points} for points in (0, -5, 1.5, True, "5", None, 2**31)),
        *({"email": email, "points": 5} for email in ("", "nobody", None, 7, "\x00@example.com", "a" * 321 + "@example.com")),
        *({"email": ADA, "points": 5, "reference": text} for text in (7, "x" * 129, "a\nb", None)),
        [],
        "points",
    ],
)
def test_a_bad_request_takes_nothing(api: ServedPoints, body: Any) -> None:
    api.instants([{"amount": 100, "email": ADA}])

    answer = ask(api, "", body, once="one")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BAD_REQUEST")
    assert balance(api) == (100, 0)


def test_a_request_without_an_idempotency_key_is_refused(api: ServedPoints) -> None:
    api.instants([{"amount": 100, "email": ADA}])

    answer = ask(api, "", {"email": ADA, "points": 5})

    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json()["error"]["message"]
    assert balance(api) == (100, 0)


def test_another_stores_key_finds_no_spend_of_this_one(shop: ServedPoints) -> None:
    create_store(shop.services, "Other")
    other = create_key(shop.services, "other")
    spend_id = spend(shop, 30, "one").json()["id"]

    given = ask(shop, f"/{spend_id}/give-back", {}, key=other, once="two")
    seen = shop.ask("GET", f"/api/v1/spends/{spend_id}", headers={"X-Api-Key": other})

    assert (given.status_code, seen.status_code) == (404, 404)
    assert balance(shop) == (70, 30)


def test_another_till_of_the_store_can_give_points_back(shop: ServedPoints) -> None:
    second = create_key(shop.services, "shop", "second till")
    spend_id = spend(shop, 30, "one").json()["id"]

    assert ask(shop, f"/{spend_id}/give-back", {}, key=second, once="one").status_code == 200
    assert balance(shop) == (100, 0)


def test_points_follow_a_customer_who_was_moved(shop: ServedPoints) -> None:
    spend_id = spend(shop, 30, "one").json()["id"]
    shop.clock.advance(seconds=1)
    move_customer(shop.services, "shop", ADA, BOB, reason="a new address", who="ann@shop.example")
    assert balance(shop, BOB) == (70, 30)

    give_back(shop, spend_id, "two")

    assert (balance(shop), balance(shop, BOB)) == ((0, 0), (100, 0))
    assert differences(shop) == []


def test_of_many_tills_at_once_only_those_get_points_for_whom_there_are_some(shop: ServedPoints) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: spend(shop, 30, f"till {number}"), range(8)))

    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
    assert balance(shop) == (10, 90)


def test_of_many_tills_that_give_back_at_once_no_more_comes_back_than_was_spent(shop: ServedPoints) -> None:
    spend_id = spend(shop, 30, "one").json()["id"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: give_back(shop, spend_id, f"till {number}", points=10), range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [409] * 5
    assert balance(shop) == (100, 0)
    assert differences(shop) == []


def test_erasing_locks_the_spends_before_the_customer_as_giving_back_does(
    fresh_postgresql: Callable[[], str], clock: MovableClock
) -> None:
    """Else the two would wait for each other. SQLite has one writer at a time."""
    with serve_points(fresh_postgresql(), clock) as shop:
        shop.instants([{"amount": 100, "email": ADA}])
        spend(shop, 30, "one")
        locked: list[str] = []

        def note(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
            locked.extend(
                table
                for table in ("points_spend", "points_customer")
                if re.search(f"FROM {table}\\b.* FOR ", statement, re.DOTALL)
            )

        event.listen(shop.services.database.engine, "before_cursor_execute", note)
        erase_customer(shop.services, "shop", ADA)
        event.remove(shop.services.database.engine, "before_cursor_execute", note)

    assert locked == ["points_spend", "points_customer"]


def test_nothing_is_given_back_to_somebody_who_was_erased(shop: ServedPoints) -> None:
    spend_id = spend(shop, 30, "one", reference="Ada Lovelace").json()["id"]
    erase_customer(shop.services, "shop", ADA)

    answer = give_back(shop, spend_id, "two")

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "CUSTOMER_ERASED")
    seen = shop.ask("GET", f"/api/v1/spends/{spend_id}", headers={"X-Api-Key": shop.key})
    assert seen.json()["reference"] == ""
