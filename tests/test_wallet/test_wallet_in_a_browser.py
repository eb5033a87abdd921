"""The wallet as people meet it: on a phone and a desktop, in light and dark, without scripts, in five languages.

WALLET_PICTURES names a folder: then a picture of each page is put there, for people.
"""

import os
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from app.db.tables import RedemptionRow, StoreRow
from app.domain.expiry_policy import ExpiryPolicy, PolicyKind
from app.domain.redemptions import RedemptionStage
from app.usecases.merchants.change_expiry import add_policy
from app.usecases.merchants.list_channels import list_channels
from app.usecases.shoppers.send_sign_in_codes import send_sign_in_codes
from tests.browser import DESKTOP, PHONE, Opened, OpenPage
from tests.clock import START, MovableClock
from tests.standins.saleor import StandInSaleor
from tests.test_rewards.giving import GivingShop
from tests.test_spending.paying import PayingShop
from tests.test_wallet.conftest import open_shop
from tests.test_wallet.visitor import ADA, Visitor, another, buy, give, newest_mail
from tests.world import World

LANGUAGES = ("en", "de", "fr", "es", "pl")
LOOKS = [(PHONE, "light"), (PHONE, "dark"), (DESKTOP, "dark"), ({"width": 320, "height": 256}, "light")]
PICTURES = os.environ.get("WALLET_PICTURES")


@pytest.fixture
def shop(fresh_sqlite_url: str, clock: MovableClock, saleor: StandInSaleor) -> Iterator[World]:
    """On one database: what pages look like does not depend on it."""
    with open_shop(fresh_sqlite_url, clock, saleor) as world:
        yield world


@pytest.fixture
def opens(ada: Visitor, opens: OpenPage) -> OpenPage:
    """Close the pages before the shop ends: they may still load a picture."""
    assert ada
    return opens


def words(page: Page) -> str:
    return " ".join(page.inner_text("main").split())


def ask(ada: Visitor, page: Page) -> dict[str, str]:
    """Type the address, and let the worker write the mail."""
    page.goto(ada.home)
    page.fill("#email", ADA)
    page.click("button")
    assert send_sign_in_codes(ada.world.services)
    return newest_mail(ada.world)


def sign_in(ada: Visitor, page: Page) -> None:
    code = ask(ada, page)["code"]
    page.fill("#code", code)
    page.click("button")


def fill(world: World) -> None:
    """Give Ada points that pay and run out, changes of many kinds, and two claims that wait."""
    PayingShop(world).set_rule()
    list_channels(world.services, world.store().id or 0)
    with world.services.database.writing() as session:
        add_policy(
            session, session.get_one(StoreRow, 1), ExpiryPolicy(PolicyKind.ROLLING, months=12), world.clock(), who="a test"
        )
    for points in (1_200, 35, 1, -6, 48_000, 2):
        give(world, points)
    world.claim(buy(world, "40"))
    buy(world, "31.50")


def offer(world: World) -> tuple[int, str]:
    """Offer rewards, of which Ada has taken one; gives a reward that can be taken, and the code of the taken one."""
    giving = GivingShop(world)
    giving.open()
    giving.reward(name="A basket for those who collected for very long", points=100_000)
    reward = giving.reward(name="Ten off", text="For your next order of tea, cups and everything else", days_valid=30)
    giving.reward(name="As much as you like", points=None, rate=Decimal(50), units=10_000)
    return reward, giving.taken(reward).code


def stand(opened: Opened, name: str, saying: str) -> None:
    """Look at a page in each window: it says what it should, fits, and bars nobody."""
    page = opened.page
    for viewport, scheme in LOOKS:
        page.set_viewport_size(viewport)  # type: ignore[arg-type]  # a size
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of two
        assert saying in words(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} has to be scrolled sideways"
        if viewport is PHONE:
            assert opened.faults() == [], name
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{name}-{viewport['width']}-{scheme}.png", full_page=True)


def test_whoever_is_not_signed_in_can_read_and_reach_everything(opens: OpenPage, ada: Visitor) -> None:
    opened = opens()
    page = opened.page
    for path, name, saying in (
        ("", "sign-in", "See your points"),
        ("?refused=address", "sign-in-refused", "Enter an e-mail address like name@example.com."),
        ("?told=signed-out", "signed-out", "You are signed out."),
        ("?told=forgotten", "forgotten", "has been deleted, and you are signed out"),
        ("/sign-in/link?key=0", "link-over", "This link is over"),
    ):
        page.goto(ada.home + path)
        stand(opened, name, saying)

    mail = ask(ada, page)
    expect(page.locator("#code")).to_be_focused()
    stand(opened, "code", "Look into your mail")
    page.fill("#code", another(mail["code"]))
    page.click("button")
    expect(page.locator("#code")).to_have_attribute("aria-invalid", "true")
    stand(opened, "code-refused", "This code does not sign you in.")
    page.goto(mail["link"])
    stand(opened, "link", "Press the button if that was you.")


def test_whoever_is_signed_in_can_read_and_reach_everything(opens: OpenPage, ada: Visitor) -> None:
    fill(ada.world)
    opened = opens()
    page = opened.page
    sign_in(ada, page)
    for saying in ("They pay $492.72 in Default-Channel.", "49,272 of them run out after May 4, 2027."):
        assert saying in words(page)
    stand(opened, "home", "49,272 points")
    for path, name, saying in (
        ("/history", "history", "The shop took these points."),
        ("/history?before=1", "history-end", "There is nothing more here."),
        ("/account", "account", "Download my data"),
        ("/forget", "forget", "You lose your points"),
        ("/forget?sure=yes", "forget-sure", "This cannot be undone"),
        ("/forget?busy=yes", "forget-busy", "A change of your points is under way"),
    ):
        page.goto(ada.home + path)
        stand(opened, name, saying)

    page.goto(ada.home)
    page.get_by_role("button", name="Claim").click()
    stand(opened, "taken", "You have claimed everything that was waiting.")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_code_signs_in_takes_all_and_signs_out(opens: OpenPage, ada: Visitor, javascript: bool) -> None:
    buy(ada.world, "31")
    page = opens(javascript=javascript).page

    sign_in(ada, page)
    assert "0 points" in words(page)
    page.get_by_role("button", name="Claim 91 points").click()
    assert "91 points" in words(page)
    assert "You have claimed everything that was waiting." in words(page)
    page.get_by_role("link", name="Account and data").click()
    with page.expect_download() as started:
        page.get_by_role("link", name="Download my data").click()
    assert started.value.suggested_filename == f"points-{ada.world.store().slug}.json"
    page.get_by_role("button", name="Sign out", exact=True).click()

    assert "You are signed out." in words(page)
    page.go_back()
    page.reload()
    assert "See your points" in words(page)
    assert ada.world.balance(ADA).available == 91


def test_the_link_signs_in_on_another_device(opens: OpenPage, ada: Visitor) -> None:
    desk, phone = opens(viewport=DESKTOP).page, opens(javascript=False).page
    link = ask(ada, desk)["link"]

    phone.goto(link)
    phone.get_by_role("button", name="Sign in").click()

    assert phone.url == ada.home
    assert "Signed in as" in words(phone)
    desk.goto(ada.home)
    assert "See your points" in words(desk)
    desk.goto(link)
    assert "This link is over" in words(desk)


def test_whoever_wants_to_be_forgotten_presses_twice(opens: OpenPage, ada: Visitor) -> None:
    page = opens(javascript=False).page
    sign_in(ada, page)

    page.get_by_role("link", name="Account and data").click()
    page.get_by_role("link", name="Delete my data").click()
    page.get_by_role("link", name="Continue").click()
    page.get_by_role("button", name="Delete my data and my points").click()

    assert "has been deleted" in words(page)
    assert ada.world.orders()[0].email != ADA


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_page_fits_a_small_phone_in_every_language(opens: OpenPage, ada: Visitor, language: str) -> None:
    fill(ada.world)
    page = opens(viewport={"width": 320, "height": 640}, languages=language).page
    english = ("Sign", "Your ", "Order ", "The ", "They ", "Back", "Are ")

    def fits(name: str) -> None:
        said = words(page)
        assert not [word for word in english if word in said], said
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{name}-{language}.png", full_page=True)

    page.goto(ada.home)
    fits("sign-in")
    code = ask(ada, page)["code"]
    fits("code")
    page.fill("#code", code)
    page.click("button")
    for path in ("", "/history", "/account", "/forget", "/forget?sure=yes"):
        page.goto(ada.home + path)
        fits(path.strip("/").replace("?", "-") or "home")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_reward_is_taken_its_code_is_copied_and_given_back(opens: OpenPage, ada: Visitor, javascript: bool) -> None:
    give(ada.world, 1_200)
    offer(ada.world)
    opened = opens(javascript=javascript, permissions=["clipboard-read", "clipboard-write"])
    page = opened.page
    sign_in(ada, page)

    page.get_by_role("link", name="Take Ten off").click()
    page.get_by_role("button", name="Take it for 500 points").click()
    code = page.evaluate("document.querySelector('.code').textContent")
    page.locator(".code").click()
    marked = page.evaluate("getSelection().toString()")
    assert len(code) == 16
    assert "".join(marked.split()) == marked == code
    if javascript:
        page.get_by_role("button", name="Copy the code").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == code
    else:
        assert "Copy the code" not in words(page)
    page.get_by_role("link", name="Give it back").click()
    page.get_by_role("button", name="Give it back").click()

    assert "The code no longer works." in words(page)
    assert code not in page.content()


def test_a_page_follows_what_becomes_of_a_reward(opens: OpenPage, ada: Visitor) -> None:
    give(ada.world, 1_200)
    offer(ada.world)
    giving = GivingShop(ada.world)
    page = opens().page
    page.clock.install()
    sign_in(ada, page)
    page.get_by_role("link", name="Take Ten off").click()
    page.get_by_role("button", name="Take it for 500 points").click()
    page.get_by_role("link", name="Give it back").click()
    page.get_by_role("button", name="Give it back").click()
    expect(page.get_by_text("The code no longer works.")).to_be_visible()

    giving.work()
    giving.wait(minutes=11)
    giving.wait(minutes=11)
    page.clock.run_for(31_000)

    expect(page.get_by_text("500 points came back.")).to_be_visible()


def test_a_page_that_waits_for_long_asks_less_and_less_often(opens: OpenPage, ada: Visitor) -> None:
    give(ada.world, 1_200)
    offer(ada.world)
    [row] = GivingShop(ada.world).rows()
    with ada.world.services.database.writing() as session:
        session.execute(update(RedemptionRow).values(stage=RedemptionStage.TAKEN, look_at=None))
    opened = opens()
    page = opened.page
    sign_in(ada, page)
    page.clock.install(time=START)
    page.clock.pause_at(START + timedelta(minutes=1))
    page.goto(f"{ada.home}/redemptions/{row.reference}")
    expect(page.get_by_role("status")).to_contain_text("Your code is being prepared.")

    waiting = page.locator("[data-stage]")
    pauses = [int(waiting.get_attribute("data-seconds") or 0)]
    while pauses[-1] < 60:
        page.clock.run_for(pauses[-1] * 1000)
        # The next pause stands there once the answer is read.
        expect(waiting).not_to_have_attribute("data-seconds", str(pauses[-1]))
        pauses.append(int(waiting.get_attribute("data-seconds") or 0))

    assert pauses == [2, 3, 5, 8, 12, 18, 27, 41, 60]
    assert len([address for address in opened.addresses if "/redemptions/" in address]) == len(pauses)


def test_whoever_takes_rewards_can_read_and_reach_everything(opens: OpenPage, ada: Visitor) -> None:
    give(ada.world, 1_200)
    reward, _ = offer(ada.world)
    giving = GivingShop(ada.world)
    # A reward that is not there is answered with 404.
    opened = opens(expected=("404",))
    page = opened.page
    sign_in(ada, page)
    stand(opened, "rewards", "You still need 99,300 points.")
    [row] = giving.rows()
    for path, name, saying in (
        (f"/rewards/{reward}", "reward", "Then you have 200 points left."),
        (f"/rewards/{reward}?refused=busy", "reward-busy", "Another change of your points is under way."),
        (f"/rewards/{reward + 1}", "reward-amount", "up to $100.00"),
        (f"/rewards/{reward + 1}?currency=USD&amount=x", "reward-amount-refused", "Enter an amount above 0"),
        (f"/rewards/{reward - 1}", "reward-missing", "You still need 99,300 points."),
        ("/rewards/4711", "reward-unknown", "This reward is not available."),
        (f"/redemptions/{row.reference}", "redemption", "Enter this code at the checkout:"),
        (f"/redemptions/{row.reference}/withdraw", "redemption-withdraw", "The code stops working at once"),
        ("/redemptions", "redemptions", "ready to use"),
    ):
        page.goto(ada.home + path)
        stand(opened, name, saying)
    page.goto(f"{ada.home}/redemptions/{row.reference}/withdraw")
    page.get_by_role("button", name="Give it back").click()
    stand(opened, "redemption-withdrawing", "The code no longer works.")
    giving.work()
    giving.wait(minutes=11)
    giving.wait(minutes=11)
    page.reload()
    stand(opened, "redemption-withdrawn", "500 points came back.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_rewards_fit_a_small_phone_in_every_language(opens: OpenPage, ada: Visitor, language: str) -> None:
    give(ada.world, 1_200)
    reward, _ = offer(ada.world)
    [row] = GivingShop(ada.world).rows()
    page = opens(viewport={"width": 320, "height": 640}, languages=language).page
    sign_in(ada, page)

    for path in (
        "",
        f"/rewards/{reward}",
        f"/rewards/{reward + 1}?currency=USD&amount=12",
        "/redemptions",
        f"/redemptions/{row.reference}",
        f"/redemptions/{row.reference}/withdraw",
    ):
        page.goto(ada.home + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        if PICTURES:
            name = path.strip("/").replace("?", "-").replace("/", "-") or "rewards"
            page.screenshot(path=Path(PICTURES) / f"{name}-{language}.png", full_page=True)
