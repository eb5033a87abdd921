"""What shoppers' pages are made of: colours that can be read, the shop's logo, and headers that keep everybody else out."""

import re
from html import unescape
from io import BytesIO
from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.domain.brand import Brand
from app.domain.colours import (
    DARK_GROUNDS,
    LIGHT_GROUNDS,
    SHAPE_CONTRAST,
    TEXT_CONTRAST,
    contrast,
    dark_palette,
    light_palette,
)
from app.usecases.merchants.change_brand import change_brand
from app.usecases.merchants.read_logo import read_logo
from app.web import create_app
from app.web.merchant.brand_preview import render_preview
from app.web.shoppers.brand_files import stylesheet
from app.web.shoppers.page_setup import STATIC
from tests.test_web.calls import ORDER_ID, claim_path, get, press_button, ready_order
from tests.test_web.conftest import NewSite
from tests.world import World, token_in

colours = st.from_regex(r"\A#[0-9a-f]{6}\Z")


def logo() -> bytes:
    drawn = BytesIO()
    Image.new("RGB", (40, 20), "#2f4bd8").save(drawn, "PNG")
    return drawn.getvalue()


# Colours


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#ff0000", "#ffffff", 4.0)]
)
def test_contrast_is_what_wcag_says(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.005)


@given(colours)
def test_whatever_the_accent_all_can_be_read(accent: str) -> None:
    for palette, grounds in ((light_palette(accent), LIGHT_GROUNDS), (dark_palette(accent), DARK_GROUNDS)):
        assert contrast(palette.on_fill, palette.fill) >= TEXT_CONTRAST
        for ground in grounds:
            assert contrast(palette.fill, ground) >= SHAPE_CONTRAST
            assert contrast(palette.ink, ground) >= TEXT_CONTRAST


def test_an_accent_that_can_be_read_is_left_as_it_is() -> None:
    assert light_palette("#b5442a").fill == light_palette("#b5442a").ink == "#b5442a"


def test_the_grounds_are_those_of_the_stylesheet() -> None:
    css = (STATIC / "page.css").read_text()

    assert tuple(re.findall(r"--paper: (#\w+); --card: (#\w+);", css)) == (
        (LIGHT_GROUNDS[0], "#fff"),
        DARK_GROUNDS,
    )


def test_the_stylesheet_has_both_schemes() -> None:
    css = stylesheet("#b5442a")

    assert css.count("--accent:#b5442a") == 2
    assert "prefers-color-scheme:dark" in css


# What is served


def test_a_page_has_the_shops_name_text_colour_and_logo(shop: World) -> None:
    brand = change_brand(
        shop.services, shop.store().slug, name="Kaffee & Kuchen", accent="#aa00ff", text="Danke!\n<b>", logo=logo()
    )

    page = get(shop, claim_path(shop, ready_order(shop))).text

    assert f'<img class="logo" src="../../brand/{brand.slug}/{brand.logo_mark}.png" alt="Kaffee &amp; Kuchen">' in page
    assert 'href="../../brand/aa00ff.css"' in page
    assert "Danke!\n&lt;b&gt;" in page


def test_colours_and_logo_are_kept_for_ever_by_their_address(shop: World) -> None:
    brand = change_brand(shop.services, shop.store().slug, logo=logo())

    css, picture = get(shop, "/brand/aa00ff.css"), get(shop, f"/brand/{brand.slug}/{brand.logo_mark}.png")

    assert css.headers["Content-Type"].startswith("text/css")
    assert picture.headers["Content-Type"] == "image/png"
    for answer in (css, picture):
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "aa00f.css",
        "AA00FF.css",
        "aa00ff}.css",
        "nowhere/0123456789abcdef.png",
        "SHOP/x.png",
        "SHOP/0000000000000000.png",
    ],
)
def test_what_is_no_colour_and_no_logo_is_not_here(shop: World, path: str) -> None:
    assert get(shop, f"/brand/{path.replace('SHOP', shop.store().slug)}").status_code == 404


# Under a path of the shop's own domain


@pytest.mark.parametrize("path", ["/claim/points/{token}", "/orders/{slug}?o={order}", "/orders/{slug}/?o={order}", "/nowhere"])
def test_pages_under_a_path_of_another_host_find_all_that_they_need(new_site: NewSite, path: str) -> None:
    site = new_site(CLAIM_BASE_URL="https://shop.example/points")
    site.install()
    order = site.saleor.shop.place_paid_order("60")
    site.deliver()
    leads_to = get(site, f"/orders/{site.store().slug}?o={order}").headers["Location"]
    assert leads_to.startswith("https://shop.example/points/claim/points/")
    path = path.format(token=token_in(leads_to), slug=site.store().slug, order=ORDER_ID)

    page = get(site, path)

    addresses = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    assert len(addresses) >= 3
    for address in addresses:
        found = urljoin(f"https://shop.example/points{path}", unescape(address))
        assert found.startswith("https://shop.example/points/")
        assert get(site, found.removeprefix("https://shop.example/points")).status_code == 200


# Headers


@pytest.mark.parametrize("case", ["claim", "order", "unknown", "fault", "home"])
def test_every_page_shuts_out_everybody_else(shop: World, case: str) -> None:
    paths = {
        "order": f"/orders/{shop.store().slug}?o={ORDER_ID}",
        "unknown": f"/claim/points/{'0' * 32}",
        "fault": "/nowhere",
        "home": "/",
    }

    answer = get(shop, claim_path(shop, ready_order(shop)) if case == "claim" else paths[case])

    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    script = {"script-src": "'self'", "connect-src": "'self'"} if case == "order" else {}
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        **script,
    }
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "style=" not in answer.text
    assert "<style" not in answer.text


# Only our own pages may press buttons


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "nonsense"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "https://localhost.evil.example"}, 403),
        ({"Origin": "null"}, 200),
        ({}, 200),
    ],
)
def test_only_our_own_pages_take_points(shop: World, headers: dict[str, str], status: int) -> None:
    path = claim_path(shop, ready_order(shop))

    answer = press_button(shop, path, headers=headers)

    assert answer.status_code == status
    assert shop.points_in_all_balances() == (60 if status == 200 else 0)
    assert ("This came from another site" in answer.text) == (status == 403)


def test_an_old_browsers_own_origin_is_one_of_ours(shop: World) -> None:
    path = claim_path(shop, ready_order(shop))

    assert press_button(shop, path, headers={"Origin": shop.url}).status_code == 200


# What a merchant sees before it is saved


def test_a_preview_finds_its_stylesheets_from_any_page_that_shows_it(shop: World) -> None:
    app = create_app(shop.services, shop.settings)
    with app.test_request_context("/app/pages/settings"):
        page = render_preview(Brand("shop", "Corner Shop"))

    assert 'rel="stylesheet" href="/static/page.css' in page
    assert 'href="../' not in page


def test_a_preview_shows_what_is_not_saved_and_nothing_in_it_can_be_pressed(shop: World) -> None:
    brand = Brand("shop", "A new name", accent="#aa00ff", text="Danke!")
    app = create_app(shop.services, shop.settings)

    with app.test_request_context("/app/pages/settings/brand/preview", headers={"Accept-Language": "de"}):
        page = render_preview(brand, logo=read_logo(logo()))
        german = render_preview(brand, language="de")

    assert "A new name" in page
    assert "Danke!" in page
    assert 'href="/brand/aa00ff.css"' in page
    assert 'src="data:image/png;base64,' in page
    assert "<main" in page
    assert re.search(r"<main[^>]* inert", page)
    assert "points are waiting for you" in page
    assert "Punkte warten auf Sie" in german
