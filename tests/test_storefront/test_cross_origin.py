"""Which pages may read an answer in a browser, and that nobody keeps one."""

import pytest

from tests.test_storefront.calls import ADA, ORIGIN, Storefront


def test_a_page_of_a_listed_origin_may_ask_and_read(embedded_storefront: Storefront) -> None:
    before = embedded_storefront.ask(
        "me",
        method="OPTIONS",
        by=None,
        headers={"Origin": ORIGIN, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"},
    )
    answer = embedded_storefront.ask("me", headers={"Origin": ORIGIN})

    assert before.status_code == 204
    assert before.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Authorization" in before.headers["Access-Control-Allow-Headers"]
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://shop.example",
        "https://shop.example:8443",
        "https://shop.example.evil.example",
        "*",
    ],
)
def test_a_page_of_another_origin_may_not(embedded_storefront: Storefront, origin: str) -> None:
    for method in ("GET", "OPTIONS"):
        answer = embedded_storefront.ask("me", method=method, headers={"Origin": origin})

        assert "Access-Control-Allow-Origin" not in answer.headers


def test_cookies_are_never_asked_for(embedded_storefront: Storefront) -> None:
    answer = embedded_storefront.ask("me", headers={"Origin": ORIGIN})

    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Set-Cookie" not in answer.headers


def test_a_refusal_can_be_read_by_the_shops_page_too(embedded_storefront: Storefront) -> None:
    answer = embedded_storefront.ask("me", token="a.b.c", headers={"Origin": ORIGIN})

    assert answer.status_code == 401
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


def test_nobody_keeps_an_answer(embedded_storefront: Storefront) -> None:
    for answer in (embedded_storefront.ask("me"), embedded_storefront.ask("me", token="a.b.c")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert ADA not in answer.text
