"""A test claim: a merchant sees what shoppers see, and nobody gets points."""

import re
from html import unescape
from urllib.parse import urlsplit

import pytest
import requests
import segno
from playwright.sync_api import expect
from sqlalchemy import inspect, text

from tests.browser import Opened
from tests.standins.dashboard import StandInDashboard
from tests.test_merchant.calls import Desk, notified, once_in, seen
from tests.test_merchant.conftest import OpenFrame
from tests.test_merchant.test_the_frame import app_in
from tests.test_web.calls import ask, change_rule, press_button, text_of
from tests.world import World

# A claim or a movement would be in one of these.
BOOKS = ("movement", "claim", "points_claim", "points_entry", "points_customer", "points_day", "total_change", "running_total")

# Modules of light around a code.
QUIET = 4


def make(desk: Desk, email: str = "owner@example.com") -> requests.Response:
    return desk.post("overview/test", {"once": once_in(desk.get("overview/test")), "email": email})


def path_in(page: requests.Response) -> str:
    found = re.search(r'href="([^"]*/claim/test\?[^"]*)"', page.text)
    assert found, seen(page)
    address = urlsplit(unescape(found[1]))
    return f"{address.path}?{address.query}"


def rows(world: World) -> dict[str, int]:
    engine = world.services.database.engine
    with engine.connect() as connection:
        assert set(BOOKS) <= set(inspect(engine).get_table_names())
        return {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in BOOKS}


def test_a_test_opens_like_a_shoppers_claim_and_nobody_gets_points(desk: Desk) -> None:
    world = desk.world
    before = rows(world)

    path = path_in(make(desk))
    opened = text_of(ask(world, "GET", path))
    pressed = text_of(press_button(world, path))

    assert "50 points are waiting for you" in opened
    assert "o•••@e•••.com" in opened
    assert "This was a test" not in opened
    assert "50 points are yours" in pressed
    assert "This was a test. Nobody got points." in pressed
    assert rows(world) == before


def test_an_unbound_test_asks_for_an_address_as_the_claim_page_does(desk: Desk) -> None:
    change_rule(desk.world, bind_email=False)
    path = path_in(make(desk))

    refused = text_of(press_button(desk.world, path, data={"email": "nonsense"}))
    pressed = text_of(press_button(desk.world, path, data={"email": "a@example.com"}))

    assert "Enter an e-mail address" in refused
    assert "This was a test. Nobody got points." in pressed


def test_at_coggins_the_test_begins_with_the_orders_page_and_asks_coggins_nothing(coggins_desk: Desk) -> None:
    world = coggins_desk.world
    path = path_in(make(coggins_desk))
    assert world.coggins is not None
    asked = sum(world.coggins.counts.values())

    opened = text_of(ask(world, "GET", path))
    pressed = text_of(press_button(world, path))

    assert "Go to my points" in opened
    assert "This was a test. Nobody got points." in pressed
    assert sum(world.coggins.counts.values()) == asked


def test_a_phone_opens_the_test_by_a_code(desk: Desk) -> None:
    page = make(desk)
    link = unescape(re.findall(r'href="([^"]*/claim/test[?][^"]*)"', page.text)[0])

    [drawn] = re.findall(r'<div class="qr" role="img" aria-label="QR code of the link">(<svg.*?</svg>)</div>', page.text)

    assert dark_modules(drawn) == {
        (x, y) for y, row in enumerate(segno.make(link, error="l").matrix) for x, is_dark in enumerate(row) if is_dark
    }


def dark_modules(drawn: str) -> set[tuple[int, int]]:
    """Read the lines of a code: moves that are absolute at first and relative then, and strokes to the right."""
    [lines] = re.findall(r'stroke="#000" d="([^"]*)"', drawn)
    dark: set[tuple[int, int]] = set()
    x, y = 0.0, 0.0
    for command, numbers in re.findall(r"([Mmh])([-0-9. ]+)", lines):
        values = [float(value) for value in re.findall(r"-?[0-9.]+", numbers)]
        if command == "h":
            dark |= {(int(x) - QUIET + place, int(y - 0.5) - QUIET) for place in range(int(values[0]))}
            x += values[0]
        else:
            x, y = (values[0], values[1]) if command == "M" else (x + values[0], y + values[1])
    return dark


def test_a_test_ends_after_a_day(desk: Desk) -> None:
    path = path_in(make(desk))
    desk.world.clock.advance(days=1)

    for method in ("GET", "POST"):
        page = text_of(press_button(desk.world, path) if method == "POST" else ask(desk.world, method, path))
        assert "The time for this claim is over" in page


def test_a_test_that_is_ended_shows_what_a_withdrawn_claim_shows_and_the_next_one_opens(desk: Desk) -> None:
    path = path_in(make(desk))
    page = desk.get("overview/test")
    assert "A test is running" in seen(page)

    ended = desk.post("overview/test/end", {"once": once_in(page)})

    assert notified(ended)["title"] == "The test has ended"
    assert "A test is running" not in seen(ended)
    for method in ("GET", "POST"):
        shown = text_of(press_button(desk.world, path) if method == "POST" else ask(desk.world, method, path))
        assert "This claim was withdrawn" in shown
    desk.world.clock.advance(seconds=1)
    assert "50 points are waiting for you" in text_of(ask(desk.world, "GET", path_in(make(desk))))


def test_an_end_that_is_sent_again_does_not_end_the_next_test(desk: Desk) -> None:
    make(desk)
    once = once_in(desk.get("overview/test"))
    desk.post("overview/test/end", {"once": once})
    desk.world.clock.advance(seconds=1)
    path = path_in(make(desk))

    desk.post("overview/test/end", {"once": once})

    assert "50 points are waiting for you" in text_of(ask(desk.world, "GET", path))


def test_after_its_day_there_is_no_test_to_end(desk: Desk) -> None:
    make(desk)
    desk.world.clock.advance(days=1)

    assert "A test is running" not in seen(desk.get("overview/test"))


@pytest.mark.parametrize("link", ["", "x", "~AAAA", "~" + "A" * 100, "A" * 5000])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_that_is_none_of_ours_is_not_here(desk: Desk, method: str, link: str) -> None:
    assert ask(desk.world, method, "/claim/test", params={"link": link}).status_code == 404


def test_what_else_the_app_seals_opens_no_test(desk: Desk) -> None:
    sealed = desk.world.services.sealer.seal_short('{"points": 5}')

    assert ask(desk.world, "GET", "/claim/test", params={"link": sealed}).status_code == 404


@pytest.mark.parametrize(
    ("rule", "email", "sentence"),
    [
        ({}, "nonsense", "Enter an e-mail address"),
        ({"is_active": False}, "a@example.com", "earns no points"),
        ({"award": "instant"}, "a@example.com", "There is no claim link to test"),
    ],
)
def test_where_there_is_nothing_to_test_a_sentence_says_so(
    desk: Desk, rule: dict[str, object], email: str, sentence: str
) -> None:
    change_rule(desk.world, **rule)

    answer = make(desk, email)

    assert answer.status_code == 422
    assert sentence in seen(answer)
    assert desk.world.store().test_made_at is None


def test_the_first_steps_say_that_a_test_was_made(desk: Desk) -> None:
    before = seen(desk.get("overview"))
    make(desk)

    assert "You saw what shoppers see : to do" in before
    assert "You saw what shoppers see : done" in seen(desk.get("overview"))


def test_who_may_not_work_on_orders_makes_no_test(shop: World) -> None:
    stranger = Desk(shop, ("MANAGE_PRODUCTS",))

    assert stranger.get("overview/test").status_code == 403
    assert stranger.post("overview/test", {"once": "0" * 32, "email": "a@example.com"}).status_code == 403
    assert stranger.post("overview/test/end", {"once": "0" * 32}).status_code == 403


def test_a_merchant_clicks_through_the_first_test(dashboard: StandInDashboard, desk: Desk, frames: OpenFrame) -> None:
    page = frames()
    page.goto(dashboard.page())
    frame = app_in(page)

    frame.get_by_role("link", name="Make a test").click()
    expect(frame.get_by_label("Your e-mail address")).to_have_value("admin@example.com")
    frame.get_by_role("button", name="Make a test of the claim page").click()
    expect(frame.get_by_role("link", name="Your points for this order")).to_be_visible()
    assert Opened(page.frames[1]).faults() == []  # type: ignore[arg-type]  # a frame is asked just as a page
    with page.expect_popup() as opened:
        frame.get_by_role("link", name="Your points for this order").click()
    opened.value.get_by_role("button", name="Claim my points").click()

    expect(opened.value.locator("main")).to_contain_text("This was a test. Nobody got points.")
    assert desk.world.store().test_made_at is not None
