"""The pages as people meet them: on a phone and a desktop, in light and dark, without scripts, without a mouse, read aloud.

Whatever a test looks at, a page that complains in the console or asks any other host fails it (tests/browser.py).
"""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from app.web.shoppers.order_link_page import LOOKS
from tests.browser import DESKTOP, PHONE, Opened, OpenPage
from tests.test_pages.gallery import Gallery

CLAIMS = ("bound", "unbound", "taken", "expired", "refunded", "cancelled", "unknown")
ORDERS = ("waiting", "stopped", "ready", "claimed", "credited", "refunded", "expired", "not-earning", "unknown")
PAGES = tuple(f"claim-{name}" for name in CLAIMS) + tuple(f"order-{name}" for name in ORDERS)
# What each says, so that the right state is looked at.
SAID = {
    "claim-bound": "1,250 points are waiting for you",
    "claim-unbound": "1 point is waiting for you",
    "claim-taken": "These points have been claimed",
    "claim-expired": "The time for this claim is over",
    "claim-refunded": "The order was refunded, so it brings no points any more.",
    "claim-cancelled": "The order was cancelled, so it brings no points.",
    "claim-unknown": "We do not know this link",
    "order-waiting": "Your points are being prepared",
    "order-stopped": "This page has stopped refreshing.",
    "order-ready": "128 points are waiting for you",
    "order-claimed": "You have claimed the points of this order",
    "order-credited": "The points of this order are in your balance",
    "order-refunded": "This order was refunded or cancelled",
    "order-expired": "The time to claim these points is over",
    "order-not-earning": "This order earns no points",
    "order-unknown": "We do not know this link",
}
# A page that is not there is an error to the console.
NOT_FOUND = ("404",)


def words(page: Page) -> str:
    return " ".join(page.inner_text("main").split())


def visit(opens: OpenPage, gallery: Gallery, name: str, **options: object) -> Opened:
    """Open a page of the gallery as somebody who was never here before."""
    opened = opens(headers=gallery.visitor(), expected=NOT_FOUND, **options)  # type: ignore[arg-type]  # a window's options
    opened.page.goto(gallery.pages[name])
    return opened


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_its_state_fits_its_window_and_bars_nobody(opens: OpenPage, gallery: Gallery, name: str) -> None:
    opened = visit(opens, gallery, name)
    page = opened.page
    for viewport, scheme in ((PHONE, "light"), (PHONE, "dark"), (DESKTOP, "dark"), ({"width": 320, "height": 256}, "light")):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]  # a size
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of two

        assert SAID[name] in words(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it has to be scrolled sideways"
        if viewport is PHONE:
            assert opened.faults() == []

    assert opened.hosts() == {urlsplit(gallery.pages[name]).netloc}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_the_same_without_scripts(opens: OpenPage, gallery: Gallery, name: str) -> None:
    assert SAID[name] in words(visit(opens, gallery, name, javascript=False).page)


@pytest.mark.parametrize(
    ("language", "title"),
    [("en", "Your points"), ("de", "Ihre Punkte"), ("fr", "Vos points"), ("es", "Tus puntos"), ("pl", "Twoje punkty")],
)
def test_the_pages_speak_five_languages(opens: OpenPage, gallery: Gallery, language: str, title: str) -> None:
    page = visit(opens, gallery, "claim-bound", languages=f"{language};q=0.9,tlh").page

    assert page.title() == f"{title} \u2013 Kaffee Morgenrot"
    assert page.get_attribute("html", "lang") == language
    page.set_viewport_size({"width": 320, "height": 600})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_shops_logo_is_seen_and_read_aloud(opens: OpenPage, gallery: Gallery) -> None:
    page = visit(opens, gallery, "claim-bound").page

    logo = page.get_by_role("img", name="Kaffee Morgenrot")

    expect(logo).to_be_visible()
    assert logo.evaluate("image => image.naturalWidth") == 660


def test_points_are_claimed_with_the_keyboard_alone_and_the_balance_is_told(fresh_gallery: Gallery, opens: OpenPage) -> None:
    opened = visit(opens, fresh_gallery, "claim-bound")
    page = opened.page

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Claim my points"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")

    expect(page.get_by_text("Your balance is now")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Your balance is now")).to_be_visible()
    page.goto("about:blank")
    page.go_back()
    expect(page.get_by_text("Your balance is now")).to_be_visible()
    assert "1,250 points are yours" in words(page)
    assert opened.faults() == []
    page.goto(fresh_gallery.pages["claim-bound"])
    assert "These points have been claimed" in words(page)


@pytest.mark.parametrize("javascript", [True, False])
def test_an_address_is_asked_for_and_a_wrong_one_loses_nothing(fresh_gallery: Gallery, opens: OpenPage, javascript: bool) -> None:
    opened = opens(headers=fresh_gallery.visitor(), expected=("422",), javascript=javascript)
    page = opened.page
    page.goto(fresh_gallery.pages["claim-unbound"])

    page.get_by_label("Your e-mail address").fill("nobody@home")
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_contain_text("Your points are still here")
    field = page.get_by_label("Your e-mail address")
    assert field.get_attribute("aria-invalid") == "true"
    assert field.get_attribute("aria-describedby") == page.get_by_role("alert").get_attribute("id")
    if javascript:
        assert opened.faults() == []
        expect(field).to_be_focused()

    field.fill("friend@example.com")
    page.get_by_role("button").click()

    expect(page.locator("h1")).to_contain_text("has been added")
    assert "balance" not in words(page)
    assert "friend@example.com" not in page.content()


@pytest.mark.parametrize("javascript", [True, False])
def test_the_button_of_a_claim_that_cannot_be_withdrawn_leads_to_the_provider(
    fresh_gallery: Gallery, opens: OpenPage, javascript: bool
) -> None:
    # The provider's page is another host's, and has no icon.
    opened = opens(headers=fresh_gallery.visitor(), javascript=javascript, hosts_max=2, expected=("404", "favicon"))
    opened.page.goto(fresh_gallery.pages["order-ready"])

    opened.page.get_by_role("button", name="Go to my points").click()

    opened.page.wait_for_url("**/claim/points/*")
    expect(opened.page.get_by_role("button", name="Take 128 points")).to_be_visible()


def test_a_page_of_another_site_cannot_press_the_button(fresh_gallery: Gallery, opens: OpenPage) -> None:
    url = fresh_gallery.pages["claim-bound"]
    opened = opens(headers=fresh_gallery.visitor(), hosts_max=2, expected=("403",))
    page = opened.page
    page.route(
        "http://evil.example/",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f"<!doctype html><link rel=icon href=data:,><form method=post action='{url}'><button>Win</button></form>",
        ),
    )
    page.goto("http://evil.example/")

    page.get_by_role("button").click()

    expect(page.locator("h1")).to_have_text("This came from another site")
    page.goto(url)
    assert SAID["claim-bound"] in words(page)


# Looking again


def test_the_waiting_page_looks_by_itself_and_goes_on_when_the_points_have_come(opens: OpenPage, gallery: Gallery) -> None:
    opened = opens(headers=gallery.visitor())
    page = opened.page
    page.clock.install()
    page.goto(gallery.pages["order-waiting"])
    assert SAID["order-waiting"] in words(page)
    # From now on the link says what that of another order says.
    claimed = page.request.get(gallery.pages["order-claimed"], headers=gallery.visitor()).text()
    page.route(gallery.pages["order-waiting"], lambda route: route.fulfill(body=claimed, content_type="text/html"))

    page.clock.run_for(LOOKS[0] * 1000)

    expect(page.locator("h1")).to_have_text("You have claimed the points of this order")


def test_the_waiting_page_comes_to_an_end_and_says_so(opens: OpenPage, gallery: Gallery) -> None:
    opened = opens(headers=gallery.visitor())
    page = opened.page
    page.clock.install()
    page.goto(gallery.pages["order-waiting"])
    expect(page.get_by_role("link", name="Refresh")).to_be_hidden()

    for seconds in LOOKS:
        with page.expect_response(gallery.pages["order-waiting"]) as answer:
            page.clock.run_for(seconds * 1000)
        answer.value.finished()

    expect(page.get_by_role("link", name="Refresh")).to_be_visible()
    looks = len([address for address in opened.addresses if "/orders/" in address])
    page.clock.run_for(24 * 60 * 60 * 1000)
    assert len([address for address in opened.addresses if "/orders/" in address]) == looks == 1 + len(LOOKS)
    assert opened.faults() == []


def test_without_scripts_the_page_reloads_itself_and_can_be_stopped(opens: OpenPage, gallery: Gallery) -> None:
    page = visit(opens, gallery, "order-waiting", javascript=False).page

    assert re.search(r'http-equiv="refresh" content="3; url=', page.content())
    page.get_by_role("link", name="Stop refreshing").click()

    expect(page.get_by_role("link", name="Refresh")).to_be_visible()
    assert "http-equiv" not in page.content()
