"""Every state of both pages, on a real server: made once, looked at by many tests and by people.

.venv/bin/python -m tests.test_pages.gallery FOLDER      takes a picture of each, on a phone and a desktop, light and dark
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

from PIL import Image, ImageDraw
from playwright.sync_api import Page
from sqlmodel import select

from app.db.tables import RuleRow
from app.db.waking import wake
from app.usecases.merchants.change_brand import change_brand
from tests.browser import DESKTOP, PHONE, open_browser, open_page
from tests.clock import MovableClock
from tests.databases import sqlite_databases
from tests.standins.coggins import StandInCoggins
from tests.standins.saleor import Item, StandInSaleor
from tests.standins.saleor.orders import global_id
from tests.world import World, open_world

NOBODYS = global_id("Order", str(UUID(int=7)))
SHOPPER = "jane.doe@example.com"


@dataclass
class Gallery:
    """Addresses of pages, by what they show. Each visitor comes from an address of its own, so none asks too often."""

    claims: dict[str, str] = field(default_factory=dict)
    orders: dict[str, str] = field(default_factory=dict)
    visitors: int = 0

    @property
    def pages(self) -> dict[str, str]:
        return {
            **{f"claim-{name}": url for name, url in self.claims.items()},
            **{f"order-{name}": url for name, url in self.orders.items()},
        }

    def visitor(self) -> dict[str, str]:
        """Give the headers of a visitor who was never here before, as the proxy in front would set them."""
        self.visitors += 1
        return {"X-Forwarded-For": f"10.1.{self.visitors // 250}.{self.visitors % 250}"}


@contextmanager
def open_gallery(fresh: Callable[[], str]) -> Iterator[Gallery]:
    """Serve a shop with embedded points, and one whose points are at Coggins."""
    clock, gallery = MovableClock(), Gallery()
    with (
        StandInSaleor(clock) as saleor,
        StandInSaleor(clock) as other_saleor,
        StandInCoggins(clock) as coggins,
        open_world(fresh(), clock, saleor, TRUSTED_PROXIES="1") as shop,
        open_world(fresh(), clock, other_saleor, coggins, TRUSTED_PROXIES="1") as coggins_shop,
    ):
        for world in (shop, coggins_shop):
            world.install()
        dress(shop)
        change_brand(coggins_shop.services, coggins_shop.store().slug, name="Stonefield Tea")
        _fill(gallery, shop)
        gallery.orders["ready"] = coggins_shop.metadata(_paid(coggins_shop, "128"))["points_claim_url"]
        yield gallery


def dress(shop: World) -> None:
    """Give the shop a look of its own."""
    change_brand(
        shop.services,
        shop.store().slug,
        name="Kaffee Morgenrot",
        accent="#b5442a",
        text="Thank you for your order!\nTen points are a cup of coffee.",
        logo=logo(),
    )


def logo() -> bytes:
    """Draw a logo: a rising sun beside a wide bar."""
    drawn = Image.new("RGBA", (660, 200), (0, 0, 0, 0))
    pen = ImageDraw.Draw(drawn)
    pen.pieslice((20, 30, 200, 210), 180, 360, fill="#b5442a")
    pen.rectangle((230, 60, 640, 84), fill="#33261f")
    pen.rectangle((230, 100, 520, 120), fill="#b5442a")
    png = BytesIO()
    drawn.save(png, "PNG")
    return png.getvalue()


def _fill(gallery: Gallery, shop: World) -> None:
    # What waits for a day to come is made first: the clock goes on for all.
    _rule(shop, expires_days=3)
    gone = _paid(shop, "75")
    gallery.claims["expired"], gallery.orders["expired"] = _claim(shop, gone), _link(shop, gone)
    shop.clock.advance(days=6)
    _wake(shop, gone)
    _rule(shop, expires_days=30)
    gallery.claims["bound"] = _claim(shop, _paid(shop, "1250"))
    _rule(shop, expires_days=None, bind_email=False)
    gallery.claims["unbound"] = _claim(shop, _paid(shop, "1", email="friend@example.com"))
    _rule(shop, bind_email=True)
    _fill_ends(gallery, shop)
    gallery.claims["unknown"] = f"{shop.url}/claim/points/{'0' * 32}"
    gallery.orders["unknown"] = f"{shop.url}/orders/nowhere?o={quote(NOBODYS)}"
    gallery.orders["waiting"] = f"{shop.url}/orders/{shop.store().slug}?o={quote(NOBODYS)}"
    gallery.orders["stopped"] = f"{gallery.orders['waiting']}&looks=stopped"


def _fill_ends(gallery: Gallery, shop: World) -> None:
    taken, refunded, cancelled = _paid(shop, "60"), _paid(shop, "40"), _paid(shop, "90")
    gallery.claims["taken"], gallery.orders["claimed"] = _claim(shop, taken), _link(shop, taken)
    shop.claim(taken)
    gallery.claims["refunded"], gallery.orders["refunded"] = _claim(shop, refunded), _link(shop, refunded)
    shop.saleor.till.refund(refunded, "40")
    gallery.claims["cancelled"] = _claim(shop, cancelled)
    shop.saleor.shop.cancel(cancelled)
    shop.deliver()
    gift = shop.saleor.shop.place_paid_order(Item("60", kind="GIFT_CARD"))
    shop.deliver()
    gallery.orders["not-earning"] = f"{shop.url}/orders/{shop.store().slug}?o={quote(gift)}"
    _rule(shop, award="instant")
    gallery.orders["credited"] = _link(shop, _paid(shop, "2500"))
    _rule(shop, award="claim")


def _paid(world: World, total: str, *, email: str = SHOPPER) -> str:
    order_id = world.saleor.shop.place_paid_order(total, email=email)
    world.deliver()
    return order_id


def _link(world: World, order_id: str) -> str:
    return world.metadata(order_id)["points_claim_url"]


def _claim(world: World, order_id: str) -> str:
    return world.follow(order_id).headers["Location"]


def _wake(world: World, order_id: str) -> None:
    """Let the app look at an order once more, as the sweep does."""
    with world.services.database.writing() as session:
        wake(session, world.order(order_id).id or 0, world.clock())
    world.settle()


def _rule(world: World, **values: object) -> None:
    """Change the only rule in place: the orders that come next earn by it."""
    with world.services.database.writing() as session:
        rule = session.exec(select(RuleRow)).one()
        for name, value in values.items():
            setattr(rule, name, value)
        session.add(rule)


def take_pictures(folder: Path) -> None:
    """Take a picture of every page, and of what comes after each button."""
    folder.mkdir(parents=True, exist_ok=True)
    looks = [(viewport, dark) for viewport in (PHONE, DESKTOP) for dark in (False, True)]
    for viewport, dark in looks:
        kind = f"{'phone' if viewport is PHONE else 'desktop'}-{'dark' if dark else 'light'}"
        with sqlite_databases() as fresh, open_gallery(fresh) as gallery, open_browser() as browser:
            for name, url in gallery.pages.items():
                with open_page(
                    browser, viewport=viewport, dark=dark, headers=gallery.visitor(), expected=("404", "422")
                ) as opened:
                    opened.page.goto(url)
                    _take_pictures(opened.page, name, folder, kind)


def _take_pictures(page: Page, name: str, folder: Path, kind: str) -> None:
    page.screenshot(path=folder / f"{name}-{kind}.png", animations="disabled")
    if name == "claim-unbound":
        page.fill("input", "nobody@home")
        page.press("input", "Enter")
        page.wait_for_selector("[role=alert]")
        page.screenshot(path=folder / f"{name}-refused-{kind}.png", animations="disabled")
        page.fill("input", "friend@example.com")
    if name in {"claim-unbound", "claim-bound"}:
        page.click("button")
        page.wait_for_selector(".sign.done")
        page.screenshot(path=folder / f"{name}-pressed-{kind}.png", animations="disabled")


if __name__ == "__main__":
    take_pictures(Path(sys.argv[1]))
