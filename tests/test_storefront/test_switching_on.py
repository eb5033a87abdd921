"""The merchant switches the API on and says whose pages may ask: in Settings, or by a command."""

from uuid import uuid4

import pytest
import requests

from app.db.stores import storefront_origins_of
from app.domain.web_origin import ORIGINS_MAX, as_origin
from app.errors import BadRequest
from app.usecases.merchants.change_store import change_store
from tests.test_merchant.calls import Desk, notified, seen
from tests.test_merchant.test_order_page import log_of
from tests.test_storefront.calls import Storefront


def save(desk: Desk, **typed: str) -> requests.Response:
    return desk.post("settings/storefront", {"once": uuid4().hex} | typed)


def test_it_is_switched_on_with_the_origins_of_the_shops_pages(embedded_storefront: Storefront) -> None:
    world = embedded_storefront.world
    world.change_store(storefront_api=False, storefront_origins=None)

    answer = save(Desk(world), storefront_api="yes", storefront_origins="https://Shop.example/\n\nhttp://localhost:3000\n")

    store = world.store()
    assert notified(answer)["title"] == "Settings saved"
    assert store.storefront_api
    assert storefront_origins_of(store) == ("https://shop.example", "http://localhost:3000")
    assert "https://shop.example\nhttp://localhost:3000" in Desk(world).get("settings").text
    assert f"{world.url}/api/storefront/v1/{store.slug}" in seen(answer)
    assert ("settings_changed", "admin@example.com") in log_of(world)


def test_what_is_no_origin_is_said_beside_the_field_and_not_saved(embedded_storefront: Storefront) -> None:
    world = embedded_storefront.world
    before = world.store().storefront_origins

    answer = save(Desk(world), storefront_api="yes", storefront_origins="https://shop.example/cart")

    assert answer.status_code == 422
    assert "https://shop.example/cart is no origin" in seen(answer)
    assert world.store().storefront_origins == before


def test_a_box_that_is_not_ticked_switches_it_off(embedded_storefront: Storefront) -> None:
    save(Desk(embedded_storefront.world), storefront_origins="")

    assert embedded_storefront.ask("me").status_code == 404


def test_there_is_a_limit_to_origins(embedded_storefront: Storefront) -> None:
    world = embedded_storefront.world
    many = [f"https://shop{number}.example" for number in range(ORIGINS_MAX + 1)]

    with pytest.raises(BadRequest, match="20 origins"):
        change_store(world.services, world.store().slug, storefront_origins=many)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://shop.example", "https://shop.example"),
        (" https://SHOP.example/ ", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("https://shop.example:8443", "https://shop.example:8443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("http://shop.localhost:3000", "http://shop.localhost:3000"),
        ("http://shop.example", None),
        ("*", None),
        ("null", None),
        ("https://*.shop.example", None),
        ("shop.example", None),
        ("https://", None),
        ("https://shop.example/cart", None),
        ("https://shop.example/?", None),
        ("https://shop.example#x", None),
        ("https://ada@shop.example", None),
        ("https://shop.example:0x50", None),
        ("https://shop.example:99999", None),
        ("https://shop example", None),
        ("https://[2001:db8::1]", None),
        ("https://m\u00fcnchen.example", None),
        ("ftp://shop.example", None),
        (f"https://{'a' * 300}.example", None),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(text: str, origin: str | None) -> None:
    assert as_origin(text) == origin
