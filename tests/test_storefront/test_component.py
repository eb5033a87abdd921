"""<points-balance> in a page of another origin: what it shows, how it is pressed, and that everybody can use it."""

import gzip

import pytest
from playwright.sync_api import expect

from app.usecases.merchants.change_store import change_store
from app.web.storefront_api.component import SCRIPT
from tests.browser import OpenPage
from tests.test_storefront.calls import ADA
from tests.test_storefront.shops_page import ShopsPage
from tests.test_storefront.test_balance import buy, let_points_pay
from tests.test_storefront.test_history import give

# What the browser itself says of an answer that is no success.
REFUSED = ("Failed to load resource",)


def test_it_shows_points_and_worth_and_claims_what_waits(shops_page: ShopsPage, opens: OpenPage) -> None:
    world = shops_page.storefront.world
    give(world, ADA, 1_200)
    let_points_pay(world)
    buy(world)
    opened = opens(hosts_max=2)
    shops_page.open(opened.page)

    balance = opened.page.locator("points-balance")
    expect(balance.locator("[part=points]")).to_have_text("1,200 points")
    expect(balance.locator("[part=worth]")).to_have_text("worth $12.00")
    balance.get_by_role("button", name="Claim 60 points").click()
    expect(balance.locator("[part=points]")).to_have_text("1,260 points")
    expect(balance.locator("[part=take]")).to_be_hidden()


@pytest.mark.parametrize("dark", [False, True])
def test_everybody_can_use_it_also_from_right_to_left(shops_page: ShopsPage, opens: OpenPage, dark: bool) -> None:
    give(shops_page.storefront.world, ADA, 1_200)
    buy(shops_page.storefront.world)
    shops_page.direction = "rtl"
    opened = opens(hosts_max=2, dark=dark)
    shops_page.open(opened.page)

    points, button = (opened.page.locator(f"points-balance [part={name}]") for name in ("points", "take"))
    expect(button).to_be_visible()
    first, second = points.bounding_box(), button.bounding_box()
    assert first is not None
    assert second is not None
    assert first["x"] > second["x"]
    assert opened.faults() == []


def test_it_speaks_the_pages_language(shops_page: ShopsPage, opens: OpenPage) -> None:
    give(shops_page.storefront.world, ADA, 1_200)
    shops_page.language = "pl"
    opened = opens(hosts_max=2)
    shops_page.open(opened.page)

    expect(opened.page.locator("points-balance [part=points]")).to_have_text("1200 punktów")


def test_it_is_coloured_by_the_shop(shops_page: ShopsPage, opens: OpenPage) -> None:
    buy(shops_page.storefront.world)
    opened = opens(hosts_max=2)
    shops_page.open(opened.page)
    opened.page.add_style_tag(
        content="points-balance { --points-accent: rgb(1, 2, 3) } points-balance::part(points) { color: rgb(4, 5, 6) }"
    )

    expect(opened.page.locator("points-balance [part=take]")).to_have_css("background-color", "rgb(1, 2, 3)")
    expect(opened.page.locator("points-balance [part=points]")).to_have_css("color", "rgb(4, 5, 6)")


def test_whoever_is_not_signed_in_is_led_to_signing_in(shops_page: ShopsPage, opens: OpenPage) -> None:
    shops_page.token = None
    opened = opens(hosts_max=2)
    shops_page.open(opened.page)

    expect(opened.page.get_by_role("link", name="Sign in")).to_be_visible()
    expect(opened.page.locator("points-balance [part=points]")).to_be_hidden()


def test_a_refusal_is_said_in_the_shoppers_words(shops_page: ShopsPage, opens: OpenPage) -> None:
    shops_page.storefront.sign_up(ADA, is_confirmed=False)
    opened = opens(hosts_max=2, expected=REFUSED)
    shops_page.open(opened.page)

    said = opened.page.locator("points-balance [part=problem]")
    expect(said).to_have_text("Please confirm your e-mail address to see your points.")
    shops_page.storefront.sign_up(ADA)
    opened.page.get_by_role("button", name="Try again").click()
    expect(opened.page.locator("points-balance [part=points]")).to_have_text("0 points")


def test_a_page_that_is_not_on_the_list_sees_nothing(shops_page: ShopsPage, opens: OpenPage) -> None:
    world = shops_page.storefront.world
    give(world, ADA, 1_200)
    change_store(world.services, world.store().slug, storefront_origins=["https://shop.example"])
    opened = opens(hosts_max=2, expected=("CORS", "Failed to load", "ERR_FAILED"))
    shops_page.open(opened.page)

    expect(opened.page.locator("points-balance [part=problem]")).to_have_text("Your points cannot be shown right now.")
    expect(opened.page.locator("points-balance [part=points]")).to_be_hidden()


def test_both_elements_together_are_small() -> None:
    assert len(gzip.compress(SCRIPT.read_bytes())) < 10_000
