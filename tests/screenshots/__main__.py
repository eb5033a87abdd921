"""`make screenshots`: take the pictures of the documents, each from the running app, and write them to docs/images.

The shopper's page is seen on a phone; the merchant's pages on a desktop, in the frame of a Dashboard.
"""

import logging
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, expect

from app.logs import set_up_logging
from tests.browser import DESKTOP, PHONE, open_browser, open_page
from tests.clock import MovableClock
from tests.databases import sqlite_databases
from tests.screenshots.shop import play_month
from tests.standins.dashboard import StandInDashboard
from tests.standins.saleor import StandInSaleor
from tests.test_merchant.calls import Desk
from tests.test_pages.gallery import Gallery, open_gallery
from tests.world import World, open_shop

FOLDER = Path(__file__).parents[2] / "docs" / "images"
# Flat pages need no more colours, and a reader of the documents does not wait for them.
COLOURS = 128
GAP = 16
SHOPPERS_PAGES = ("claim-bound", "claim-taken", "order-waiting", "order-refunded")


def main() -> None:
    """Take all pictures."""
    set_up_logging(log_format="console", level="error")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sqlite_databases() as fresh, open_browser() as browser:
        with open_gallery(fresh) as gallery:
            phone = _picture_shoppers_pages(browser, gallery)
        clock = MovableClock()
        with StandInSaleor(clock) as saleor, open_shop(fresh(), clock, saleor) as shop:
            overview = _picture_merchants_pages(browser, shop, play_month(shop))
    _write("product", _side_by_side([overview, phone]))


def _picture_shoppers_pages(browser: Browser, gallery: Gallery) -> Image.Image:
    """Give the first one: a claim that waits."""
    pictures = {name: _of_shopper(browser, gallery.pages[name], gallery.visitor()) for name in SHOPPERS_PAGES}
    _write("claim-phone", pictures["claim-bound"])
    _write("shoppers-pages", _side_by_side(pictures.values()))
    return pictures["claim-bound"]


def _of_shopper(browser: Browser, url: str, headers: dict[str, str]) -> Image.Image:
    with open_page(browser, viewport=PHONE, headers=headers) as opened:
        opened.page.goto(url)
        return Image.open(BytesIO(opened.page.screenshot(animations="disabled")))


def _picture_merchants_pages(browser: Browser, shop: World, order_id: str) -> Image.Image:
    """Give the first one: the overview."""
    desk = Desk(shop)
    paths = {"overview": "", "order": f"/orders/{order_id}", "rules": "/rules", "settings": "/settings"}
    with StandInDashboard(shop.saleor.api_url, desk.app_id, f"{shop.url}/app", desk.token) as dashboard:
        pictures = {name: _of_merchant(browser, dashboard.page(path)) for name, path in paths.items()}
    for name, picture in pictures.items():
        _write(name, picture)
    return pictures["overview"]


def _of_merchant(browser: Browser, url: str) -> Image.Image:
    # The Dashboard and the app are two hosts. Chromium warns of the sandbox that the real Dashboard uses.
    with open_page(browser, viewport=DESKTOP, hosts_max=2, expected=("can escape its sandboxing",)) as opened:
        opened.page.goto(url)
        frame = opened.page.frame_locator("#app")
        expect(frame.get_by_role("heading", level=1)).to_be_visible()
        expect(frame.locator("main")).not_to_have_attribute("aria-busy", "true")
        opened.page.wait_for_load_state("networkidle")
        return Image.open(BytesIO(opened.page.screenshot(animations="disabled")))


def _side_by_side(pictures: Iterable[Image.Image]) -> Image.Image:
    row = list(pictures)
    width = sum(picture.width for picture in row) + GAP * (len(row) - 1)
    whole = Image.new("RGB", (width, max(picture.height for picture in row)), "white")
    left = 0
    for picture in row:
        whole.paste(picture, (left, (whole.height - picture.height) // 2))
        left += picture.width + GAP
    return whole


def _write(name: str, picture: Image.Image) -> None:
    path = FOLDER / f"{name}.png"
    picture.convert("RGB").quantize(COLOURS).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
