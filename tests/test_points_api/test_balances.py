"""INSTANTs and look-ups."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.served_points import ServedPoints

# The vendor's own example, less its comma too many. The trailing blank is theirs.
EXAMPLE = [{"amount": 400, "email": "atest@corderindustries.com"}, {"amount": -100, "email": "atest2@corderindustries.com "}]


def test_the_documented_example_moves_both_balances(api_on_each: ServedPoints) -> None:
    api = api_on_each
    api.instants([{"amount": 120, "email": "atest2@corderindustries.com"}])

    answer = api.instants(EXAMPLE)

    assert answer.json() == [
        {"amount": 400, "email": "atest@corderindustries.com", "applied": True},
        {"amount": -100, "email": "atest2@corderindustries.com", "applied": True},
    ]
    assert api.balance("atest@corderindustries.com").json() == {"AvailablePoints": 400, "UsedPoints": 0}
    assert api.balance("atest2@corderindustries.com").json() == {"AvailablePoints": 20, "UsedPoints": 0}


def test_a_look_up_is_answered_as_documented(api: ServedPoints) -> None:
    api.instants([{"amount": 9906, "email": "Ada@Example.com"}])

    answer = api.balance("ada%40example.com")

    assert answer.headers["Content-Type"] == "application/json"
    assert answer.text == '{"AvailablePoints":9906,"UsedPoints":0}'


@pytest.mark.parametrize(
    "email", ["o'brien/x+points%20&?#=;@bücher.example", "//a@example.com", "a/Full@example.com", "%2F@example.com"]
)
def test_an_address_in_a_path_may_hold_anything(api: ServedPoints, email: str) -> None:
    assert api.instants([{"amount": 9, "email": email}]).json()[0]["applied"]

    assert api.balance(quote(email, safe="")).json()["AvailablePoints"] == 9


def test_nobody_is_not_found(api: ServedPoints) -> None:
    answer = api.balance("nobody%40example.com")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


def test_a_balance_does_not_fall_below_zero_unless_the_store_lets_it(api: ServedPoints) -> None:
    moves = [{"amount": 10, "email": "ada@example.com"}, {"amount": -11, "email": "ada@example.com"}]

    floored = api.instants(moves).json()
    assert [item["applied"] for item in floored] == [True, False]
    assert floored[1]["error"]["code"] == "INSUFFICIENT_POINTS"

    api.change(debt_policy="negative")
    assert [item["applied"] for item in api.instants(moves).json()] == [True, True]
    assert api.balance("ada@example.com").json()["AvailablePoints"] == 9


def test_items_are_done_in_their_order(api: ServedPoints) -> None:
    answers = api.instants([{"amount": points, "email": "ada@example.com"} for points in (-1, 5, -5, -1, 3)]).json()

    assert [item["applied"] for item in answers] == [False, True, True, False, True]
    assert api.balance("ada@example.com").json()["AvailablePoints"] == 3


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"amount": 0, "email": "ada@example.com"}, "INVALID_AMOUNT"),
        ({"amount": -(2**31), "email": "ada@example.com"}, "INVALID_AMOUNT"),
        ({"amount": 2**31, "email": "ada@example.com"}, "INVALID_AMOUNT"),
        ({"amount": False, "email": "ada@example.com"}, "INVALID_AMOUNT"),
        ({"email": "ada@example.com"}, "INVALID_AMOUNT"),
        ({"amount": 5}, "INVALID_EMAIL"),
        ({"amount": 5, "email": ""}, "INVALID_EMAIL"),
        ({"amount": 5, "email": "nobody"}, "INVALID_EMAIL"),
        ({"amount": 5, "email": "\x00@example.com"}, "INVALID_EMAIL"),
        ("points", "INVALID_ITEM"),
        ([], "INVALID_ITEM"),
    ],
)
def test_an_item_that_will_not_do_is_refused_and_the_others_go_through(api: ServedPoints, item: Any, code: str) -> None:
    answers = api.instants([item, {"amount": 2**31 - 1, "email": "bob@example.com"}]).json()

    assert (answers[0]["applied"], answers[0]["error"]["code"]) == (False, code)
    assert answers[1]["applied"]
    assert api.balance("bob@example.com").json()["AvailablePoints"] == 2**31 - 1
