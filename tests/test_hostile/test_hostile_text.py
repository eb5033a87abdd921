"""One hostile shop: whatever its shoppers and staff write is text on every page, in every file, command and log line."""

import csv
import io
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from html.parser import HTMLParser
from typing import Any, cast

import pytest
import requests
import structlog

from app.errors import BadRequest
from app.logs import set_up_logging
from app.usecases.merchants.change_brand import change_brand
from app.web.merchant.places import as_segment
from tests.clock import MovableClock
from tests.standins.saleor import Item, StandInSaleor
from tests.test_merchant.calls import Desk
from tests.test_merchant.test_order_page import token_of
from tests.test_staff.command_line import typed
from tests.world import SECRET_KEY, TIMEOUT, World, open_shop

PLANTED = "data-planted"
# Would be seen where a template engine computed it.
COMPUTED = ("1787569", "<class", "&lt;class")
HOSTILE = [
    f"<b {PLANTED}>x</b><script {PLANTED}>alert(1)</script>",
    f'" {PLANTED} onmouseover="alert(1)" x=\'',
    f"'><svg {PLANTED} onload=alert(1)>",
    f"</textarea></title></style></script><i {PLANTED}>",
    f"javascript:alert(1)//{PLANTED}",
    "{{1337*1337}}${1337*1337}<%= 1337*1337 %>#{1337*1337}",
    "{% for x in ''.__class__.__mro__[1].__subclasses__() %}{{x}}{% endfor %}",
    "%(x)s%s%n{0}{0.__class__}",
    "'; DROP TABLE store; --",
    "' OR 1=1 --",
    f"a\r\nSet-Cookie: planted=1\r\n\r\n<b {PLANTED}>",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    "\x1b[2J\x1b]0;owned\x07\x9b31m",
    "2\n2026-01-01T00:00:00Z [info     ] forged line",
    "\u202egnp.exe\u2066\u2028\ufeff\u200f",
    "é" * 60,
    "'=1",
]
PAGES = [
    *("overview", "overview/provider", "orders", "orders?state=all", "customers", "rules", "rules/default", "settings"),
    *("log", "log?level=warning"),
]


def _email(text: str) -> str:
    # Saleor takes no address without a name and a host; what stands before the @ may be nearly anything.
    return f"{text}@shop.example"


class _MarkUp(HTMLParser):
    """Finds what a browser would take for an element or an attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if PLANTED in names or any(name.startswith("on") for name in names):
            self.found.append(tag)
        self.found += [
            f"{tag}: {value}"
            for name, value in attrs
            if name in {"href", "src", "action"} and (value or "").startswith("javascript:")
        ]


def _is_harmless(answer: requests.Response) -> bool:
    """Look at a page as a browser would. Only a page that was really shown tells something."""
    # A search for what is no address is refused beside its field, with what was typed still there.
    assert answer.status_code in {200, 422}, (answer.url, answer.status_code)
    assert "Set-Cookie" not in answer.headers
    page = _MarkUp()
    page.feed(answer.text)
    assert page.found == [], (answer.url, page.found)
    for computed in COMPUTED:
        assert computed not in answer.text, answer.url
    return True


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged for people to read."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stderr, sys.stderr = sys.stderr, io.StringIO()
    set_up_logging(log_format="console", level="info")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    try:
        yield sys.stderr
    finally:
        sys.stderr = stderr
        root.handlers[:], level = before
        root.setLevel(level)
        logging.getLogger("werkzeug").setLevel(logging.NOTSET)
        structlog.reset_defaults()


@pytest.fixture
def shop(database_url: str, clock: MovableClock, saleor: StandInSaleor) -> Iterator[World]:
    with open_shop(database_url, clock, saleor) as world:
        yield world


@pytest.fixture
def orders(shop: World, log: io.StringIO) -> dict[str, str]:
    """An order for each hostile text, which is its number, its shopper, its channel and its goods; by text."""
    world, till = shop, shop.saleor.shop
    till.currencies = {**till.currencies, **dict.fromkeys(HOSTILE, "USD")}
    # Saleor's numbers are texts, and a shop may import what it likes.
    till._numbers = cast("Any", iter(text[:64] for text in HOSTILE))
    orders = {}
    for text in HOSTILE:
        till.plant_metadata({"points_status": text, "points_claim_url": text, text[:30]: text})
        orders[text] = till.place_paid_order(Item("60", name=text * 3), email=_email(text), channel=text)
    world.deliver()
    world.clock.advance(minutes=2)
    return orders


@pytest.fixture
def desk(shop: World) -> Desk:
    return Desk(shop)


def test_every_order_has_its_points_or_says_why_not(shop: World, orders: dict[str, str]) -> None:
    for text, order_id in orders.items():
        order = shop.order(order_id)
        assert order.number == text[:64]
        # Who has a line break in an address gets nothing there, and the merchant is told.
        assert (order.granted, bool(order.problem)) == ((60, False) if text.isprintable() or text[0] in "\t\r" else (0, True)), (
            text
        )


def test_it_is_text_on_every_page_of_the_merchant(shop: World, desk: Desk, orders: dict[str, str]) -> None:
    world = shop
    pages = [desk.get(page) for page in PAGES]
    for text, order_id in orders.items():
        page = desk.get(f"orders/{order_id}")
        desk.post(f"orders/{order_id}/adjust", {"once": token_of(page, "adjust"), "points": "1", "reason": text})
        pages += [
            desk.get(f"orders/{order_id}"),
            desk.get("orders", params={"q": text}),
            desk.get("customers", params={"email": _email(text)}),
            desk.widget("order", orderId=order_id),
        ]
    world.settle()
    pages += [desk.get(page) for page in PAGES]
    pages += [desk.get(f"rules/channel/{as_segment(text)}") for text in HOSTILE[:3]] + [desk.widget("home")]

    assert all(map(_is_harmless, pages))
    # They are there, and escaped.
    assert any(f"&lt;b {PLANTED}&gt;" in page.text for page in pages)


def test_it_is_text_on_every_page_of_the_shopper(shop: World, orders: dict[str, str]) -> None:
    world = shop
    for text, order_id in orders.items():
        with suppress(BadRequest):
            change_brand(world.services, world.store().slug, name=text[:60], text=text * 2)
        link = world.metadata(order_id)["points_claim_url"]
        assert link.startswith(f"{world.url}/orders/")
        shown = [requests.get(link, timeout=TIMEOUT)]
        if "/claim/points/" in shown[0].url:
            shown.append(requests.post(shown[0].url, data={"email": text}, timeout=TIMEOUT))
            shown.append(requests.get(link, timeout=TIMEOUT))
        assert all(map(_is_harmless, shown))


def test_it_is_text_in_every_file(shop: World, desk: Desk, orders: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    _claim_all(shop, orders)
    _at_home(shop, monkeypatch)
    slug = shop.store().slug
    files = [desk.get("orders.csv").content.decode()]
    files += [typed("export", what, "--store", slug).stdout for what in ("balances", "claims", "entries")]

    for file in files:
        first, *rows = csv.reader(io.StringIO(file, newline=""))
        assert rows
        for row in rows:
            assert len(row) == len(first)
            for cell in row:
                assert not cell.startswith(("=", "@", "\t", "\r", "\n")), row
                # Points taken back are numbers; nothing else may begin like one.
                assert not cell.startswith(("+", "-")) or re.fullmatch(r"-\d+", cell), row


def test_it_is_text_in_every_command_and_in_the_log(
    shop: World, orders: dict[str, str], log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, slug = shop, shop.store().slug
    _claim_all(world, orders)
    _at_home(world, monkeypatch)
    said = [typed("stores"), typed("verify"), typed("doctor"), typed("movements", "list", "--unknown"), typed("brand", slug)]
    said.append(typed("sweep", "--store", slug, "--since", "2026-01-01", "--dry-run"))
    for text in filter(_is_for_a_terminal, HOSTILE):
        who = ("--store", slug, "--who", text)
        told = ("--points", "1", f"--reason={text}", *who)
        said.append(typed("adjust", "--order", text[:64], *told))
        said.append(typed("adjust", "--customer", _email(text), *told))
        said.append(typed("look-again", "--store", slug, f"--order={text[:64]}"))
        said.append(typed("customers", "show", "--store", slug, "--", _email(text)))
        said.append(typed("customers", "export", "--store", slug, "--", _email(text)))
        requests.get(f"{world.url}/orders/{slug}", params={"o": text}, timeout=TIMEOUT)
    world.settle()

    for one in said:
        # A command that fails says so in a sentence that is its error's; nothing else comes out of it.
        _is_plain(one.output if one.exception is None else str(getattr(one.exception, "message", one.exit_code)))
    logged = log.getvalue()
    _is_plain(logged)
    assert "shop.example" not in logged
    assert not [line for line in logged.splitlines() if not re.match(r"20\d\d-\d\d-\d\dT", line)]
    assert not [line for line in logged.splitlines() if line.startswith("2026-01-01T00:00:00Z")]


def _is_for_a_terminal(text: str) -> bool:
    return not text.isprintable() or text.startswith(("=", "%", "'"))


def _is_plain(text: str) -> None:
    """Nothing that a terminal obeys, but the ends of lines."""
    assert not re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", text), text
    assert "\n2026-01-01T00:00:00Z" not in text


def _claim_all(world: World, orders: dict[str, str]) -> None:
    for order_id in orders.values():
        if world.order(order_id).granted:
            world.claim(order_id)


def _at_home(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", world.settings.database_url)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
