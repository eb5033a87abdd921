"""<points-earn> in a page of another origin: what a product and a cart earn, for everybody, in the shop's look."""

from html import escape

import pytest
from playwright.sync_api import Locator, expect

from app.usecases.merchants.change_store import change_store
from tests.browser import OpenPage
from tests.test_storefront.shops_page import ShopsPage
from tests.test_storefront.test_component import REFUSED
from tests.test_storefront.test_earnings import set_rule


def earn(page: ShopsPage, **attributes: str) -> str:
    said = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
    return f'<points-earn api="{page.storefront.base}/" {said}></points-earn>'


def shown(page: ShopsPage, opens: OpenPage, *, expected: tuple[str, ...] = ()) -> Locator:
    opened = opens(hosts_max=2, expected=expected)
    page.open(opened.page)
    return opened.page.locator("points-earn [part=earn]")


def test_it_says_what_a_product_earns_to_everybody(shops_page: ShopsPage, opens: OpenPage) -> None:
    juice = shops_page.storefront.world.saleor.shop.list_variant("600")
    shops_page.token = None
    shops_page.body = earn(shops_page, variant=juice, quantity="2", channel="default-channel")

    expect(shown(shops_page, opens)).to_have_text("You earn 1,200 points")


def test_it_says_what_a_cart_earns_and_follows_it(shops_page: ShopsPage, opens: OpenPage) -> None:
    checkouts = shops_page.storefront.world.saleor.checkouts
    cart = checkouts.create("60")
    shops_page.body = earn(shops_page, checkout=cart)
    part = shown(shops_page, opens)

    expect(part).to_have_text("You earn 60 points")
    checkouts.change_lines(cart, "1")
    part.page.evaluate("document.querySelector('points-earn').refresh()")
    expect(part).to_have_text("You earn 1 point")


def test_it_follows_its_attributes(shops_page: ShopsPage, opens: OpenPage) -> None:
    juice = shops_page.storefront.world.saleor.shop.list_variant("60")
    shops_page.body = earn(shops_page, variant=juice, channel="default-channel")
    part = shown(shops_page, opens)

    expect(part).to_have_text("You earn 60 points")
    part.page.evaluate("document.querySelector('points-earn').setAttribute('quantity', '3')")
    expect(part).to_have_text("You earn 180 points")


def test_where_nothing_is_earned_nothing_is_shown(shops_page: ShopsPage, opens: OpenPage) -> None:
    juice = shops_page.storefront.world.saleor.shop.list_variant("60")
    set_rule(shops_page.storefront.world, is_active=False)
    shops_page.body = f"<p id=said></p>{earn(shops_page, variant=juice, channel='default-channel')}{_listening('points-shown')}"
    part = shown(shops_page, opens)

    expect(part.page.locator("#said")).to_have_text("rule_off")
    expect(part).to_be_hidden()


def test_a_product_that_is_not_sold_shows_nothing_and_tells_the_page(shops_page: ShopsPage, opens: OpenPage) -> None:
    unknown = earn(shops_page, variant="UHJvZHVjdFZhcmlhbnQ6OTk5", channel="default-channel")
    shops_page.body = f"<p id=said></p>{unknown}{_listening('points-refused')}"
    part = shown(shops_page, opens, expected=REFUSED)

    expect(part.page.locator("#said")).to_have_text("VARIANT_NOT_FOUND")
    expect(part).to_be_hidden()


def _listening(event: str) -> str:
    return f"""<script>addEventListener("{event}", (heard) => {{
document.querySelector("#said").textContent = heard.detail.because ?? heard.detail.code }})</script>"""


def test_a_page_that_is_not_on_the_list_shows_nothing(shops_page: ShopsPage, opens: OpenPage) -> None:
    world = shops_page.storefront.world
    juice = world.saleor.shop.list_variant("60")
    change_store(world.services, world.store().slug, storefront_origins=["https://shop.example"])
    shops_page.body = f"<p id=said></p>{earn(shops_page, variant=juice, channel='default-channel')}{_listening('points-refused')}"
    part = shown(shops_page, opens, expected=("CORS", "Failed to load", "ERR_FAILED"))

    expect(part.page.locator("#said")).to_have_text("OFFLINE")
    expect(part).to_be_hidden()


@pytest.mark.parametrize(("language", "text"), [("pl", "Zyskujesz 22 punkty"), ("de-AT", "Sie erhalten 22 Punkte")])
def test_it_speaks_the_pages_language(shops_page: ShopsPage, opens: OpenPage, language: str, text: str) -> None:
    shops_page.language = language
    shops_page.body = earn(shops_page, checkout=shops_page.storefront.world.saleor.checkouts.create("22"))

    expect(shown(shops_page, opens)).to_have_text(text)


@pytest.mark.parametrize("dark", [False, True])
def test_everybody_can_read_it_also_from_right_to_left(shops_page: ShopsPage, opens: OpenPage, dark: bool) -> None:
    shops_page.direction = "rtl"
    shops_page.body = earn(shops_page, checkout=shops_page.storefront.world.saleor.checkouts.create("22"))
    opened = opens(hosts_max=2, dark=dark)
    shops_page.open(opened.page)
    opened.page.add_style_tag(content="points-earn::part(earn) { border: 1px solid rgb(4, 5, 6) }")

    part = opened.page.locator("points-earn [part=earn]")
    expect(part).to_have_css("border-top-color", "rgb(4, 5, 6)")
    expect(opened.page.get_by_role("status")).to_have_text("You earn 22 points")
    box, view = part.bounding_box(), opened.page.viewport_size
    assert box is not None
    assert view is not None
    assert box["x"] > view["width"] / 2
    assert opened.faults() == []
