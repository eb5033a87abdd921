"""Rewards in the wallet: what each customer is shown, two presses that take one, its code, and giving it back."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from decimal import Decimal
from html import unescape
from threading import Barrier
from typing import Any

import pytest
import requests

from app.domain.rewards import RewardKind, RewardRefusal
from app.http.bulkhead import SHOPPERS_MAX
from tests.clock import MovableClock
from tests.standins import faults
from tests.standins.coggins import StandInCoggins
from tests.standins.saleor import StandInSaleor
from tests.test_rewards.conftest import opened
from tests.test_rewards.giving import GivingShop
from tests.test_wallet.conftest import open_shop
from tests.test_wallet.visitor import ADA, EVE, Visitor, buy, seen
from tests.waiting import PATIENCE_SECONDS
from tests.world import World

LANGUAGES = ("en", "de", "fr", "es", "pl")


@pytest.fixture
def shop(fresh_sqlite_url: str, clock: MovableClock, saleor: StandInSaleor) -> Iterator[World]:
    """What does not depend on the database: rewards on both of them are tested in tests/test_rewards."""
    with open_shop(fresh_sqlite_url, clock, saleor) as world:
        yield world


@pytest.fixture
def giving(shop: World) -> GivingShop:
    """Ada has 1,200 points."""
    return opened(shop)


@pytest.fixture
def ada(giving: GivingShop) -> Visitor:
    return Visitor(giving.world).sign_in()


def fields(page: requests.Response) -> dict[str, str]:
    """Read the hidden fields of the page's first form."""
    form = page.text.partition("<form")[2].partition("</form>")[0]
    return {name: unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)}


def take(visitor: Visitor, reward: int, query: str = "", **changes: str) -> requests.Response:
    """Look at a reward, and press."""
    return visitor.post(f"/rewards/{reward}", fields(visitor.get(f"/rewards/{reward}{query}")) | changes)


def code_in(page: requests.Response) -> str:
    return "".join(re.findall(r"<span>([A-Z0-9]+)</span>", page.text))


def test_the_first_page_shows_each_reward_with_its_price_and_what_is_missing(giving: GivingShop, ada: Visitor) -> None:
    near = giving.reward(name="Ten off", text="For your next order")
    giving.reward(name="A lot", points=1_450)
    giving.reward(name="Switched off", is_active=False)

    page = ada.get()

    assert "Ten off For your next order 500 points Take" in seen(page)
    assert "A lot 1,450 points You still need 250 points." in seen(page)
    assert "Switched off" not in page.text
    assert page.text.count('class="button small"') == 1
    assert f"/rewards/{near}" in page.text


def test_a_reward_is_taken_by_two_presses_and_its_code_is_shown(giving: GivingShop, ada: Visitor) -> None:
    reward = giving.reward(days_valid=30)
    asking = ada.get(f"/rewards/{reward}")
    assert "You get a gift card of $10.00 . It is good for 30 days." in seen(asking)
    assert "It costs 500 points. Then you have 700 points left." in seen(asking)
    assert giving.points()[0] == 1_200

    page = ada.post(f"/rewards/{reward}", fields(asking))

    [row] = giving.rows()
    assert page.url == f"{ada.home}/redemptions/{row.reference}"
    assert giving.world.saleor.codes.cards.with_code(code_in(page)) is not None
    assert "<svg" in page.text
    assert "Enter this code at the checkout" in seen(page)
    assert giving.points()[0] == 700
    assert "Ten" in seen(ada.get("/redemptions"))
    assert "ready to use" in seen(ada.get())
    assert giving.differences() == []


def test_a_voucher_is_taken_too(giving: GivingShop, ada: Visitor) -> None:
    page = take(ada, giving.voucher())

    assert "You get a code" not in seen(page)
    assert code_in(page)
    assert giving.points()[0] == 900


def test_the_same_press_again_takes_once(giving: GivingShop, ada: Visitor) -> None:
    reward = giving.reward()
    form = fields(ada.get(f"/rewards/{reward}"))

    pages = [ada.post(f"/rewards/{reward}", form) for _ in range(3)]

    assert len({page.url for page in pages}) == 1
    assert len({code_in(page) for page in pages}) == 1
    assert giving.points()[0] == 700


def test_a_double_click_takes_once(giving: GivingShop, ada: Visitor) -> None:
    reward, start = giving.reward(), Barrier(2)
    form = fields(ada.get(f"/rewards/{reward}")) | {"form": ada.form}

    def press(_number: int) -> str:
        start.wait(PATIENCE_SECONDS)
        cookies = ada.http.cookies.get_dict()
        answer = requests.post(f"{ada.home}/rewards/{reward}", form, cookies=cookies, timeout=PATIENCE_SECONDS)
        return answer.url

    with ThreadPoolExecutor(2) as fingers:
        urls = set(fingers.map(press, range(2)))

    assert len(urls) == 1
    assert len(giving.rows()) == 1


def test_an_amount_is_chosen_and_priced_before_it_is_taken(giving: GivingShop, ada: Visitor) -> None:
    reward = giving.reward(units=2_000, rate=Decimal(50), points=None)
    assert "up to $20.00" in seen(ada.get(f"/rewards/{reward}"))
    assert "It costs 625 points." in seen(ada.get(f"/rewards/{reward}?currency=USD&amount=12,50"))

    page = take(ada, reward, "?currency=USD&amount=12,50")

    assert "Gift card of $12.50" in seen(page)
    assert giving.points()[0] == 575


@pytest.mark.parametrize("amount", ["0", "20.01", "1.005", "-1", "ten", "1e1", "1,000.00", "٣", "NaN", "9" * 30])
def test_an_amount_that_cannot_be_had_is_asked_for_again(giving: GivingShop, ada: Visitor, amount: str) -> None:
    reward = giving.reward(units=2_000, rate=Decimal(50), points=None)

    page = ada.get(f"/rewards/{reward}", params={"currency": "USD", "amount": amount})

    assert page.status_code == 200
    assert "Enter an amount above 0, up to $20.00." in seen(page)
    assert "Take it" not in seen(page)


SENTENCES: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "no_points": ({"points": 1_201}, {}, "You do not have enough points for this reward."),
    "price": ({}, {"points": "400"}, "This reward costs a different number of points now."),
    "ended": ({"is_active": False}, {}, "This reward has ended."),
    "yours_taken": ({"limit_each": 1, "points": 100}, {}, "You have taken this reward as often as you can."),
    "sold_out": ({"limit_in_all": 1, "points": 100}, {}, "This reward is sold out."),
}


@pytest.mark.parametrize("why", SENTENCES)
def test_what_cannot_be_taken_is_said_in_a_sentence_in_five_languages(giving: GivingShop, ada: Visitor, why: str) -> None:
    says, changes, sentence = SENTENCES[why]
    reward: int = giving.reward(**says)
    if why in {"yours_taken", "sold_out"}:
        giving.taken(reward)
    points, said = giving.points(), {}
    for language in LANGUAGES:
        ada.http.headers["Accept-Language"] = language
        form = {"currency": "USD", "points": str(says.get("points", 500)), "once": "0" * 31 + str(LANGUAGES.index(language))}
        ada.get()
        page = ada.post(f"/rewards/{reward}", form | changes)
        said[language] = seen(page)
        assert "Traceback" not in page.text

    assert sentence in said["en"]
    assert len({text for text in said.values() if sentence not in text}) == len(LANGUAGES) - 1
    assert giving.points() == points


def test_few_at_once_wait_for_a_reward_and_the_others_are_asked_to_press_again(giving: GivingShop, ada: Visitor) -> None:
    reward, places = giving.reward(), giving.world.services.bulkheads.shoppers
    with ExitStack() as waiting:
        for _ in range(SHOPPERS_MAX - 1):
            waiting.enter_context(places.place(giving.world.store().slug))
        page = take(ada, reward)

    assert "This does not work just now. No points were taken. Please try again in a minute." in seen(page)
    assert giving.points()[0] == 1_200
    assert code_in(ada.post(f"/rewards/{reward}", fields(page)))


def test_a_lost_answer_of_saleor_leaves_a_page_that_says_so_and_the_code_comes(giving: GivingShop, ada: Visitor) -> None:
    giving.world.saleor.faults.once(faults.after_acting(faults.cut()), on="GiftCardCreate")
    giving.world.saleor.faults.once(faults.cut(), on="GiftCardByCode")

    page = take(ada, giving.reward())
    assert "Your code is being prepared." in seen(page)
    assert "being prepared" in seen(ada.get())
    giving.wait(minutes=11)
    giving.wait(minutes=11)

    assert code_in(ada.get(page.url.removeprefix(ada.home)))
    assert len(giving.cards()) == 1
    assert giving.points()[0] == 700


def test_at_coggins_a_lost_answer_is_said_and_found_out(coggins_shop: World, coggins: StandInCoggins) -> None:
    giving = opened(coggins_shop)
    ada = Visitor(coggins_shop).sign_in()
    reward = giving.reward()
    coggins.faults.once(faults.after_acting(faults.cut()), on="instant")

    page = take(ada, reward)
    assert "It is not known yet whether your points were taken." in seen(page)
    busy = take(ada, reward)
    for _ in range(8):
        giving.wait(minutes=6)

    assert "Another change of your points is under way. No points were taken." in seen(busy)
    assert code_in(ada.get(page.url.removeprefix(ada.home)))
    assert giving.points()[0] == 700


def test_at_coggins_a_balance_that_is_not_known_takes_nothing(coggins_shop: World, coggins: StandInCoggins) -> None:
    giving = opened(coggins_shop)
    ada = Visitor(coggins_shop).sign_in()
    reward = giving.reward()
    coggins.faults.always(faults.status(503), on="lookup")

    page = take(ada, reward)

    assert "No points were taken. Please try again in a minute." in seen(page)
    assert giving.rows() == []


def test_what_is_given_back_by_two_presses_comes_as_points(giving: GivingShop, ada: Visitor) -> None:
    here = take(ada, giving.reward()).url.removeprefix(ada.home)
    asking = ada.get(f"{here}/withdraw")
    assert "The code stops working at once" in seen(asking)

    pages = [ada.post(f"{here}/withdraw", fields(asking)) for _ in range(2)]
    giving.work()
    giving.wait(minutes=11)
    giving.wait(minutes=11)

    assert all("The code no longer works." in seen(page) and not code_in(page) for page in pages)
    assert "500 points came back." in seen(ada.get(here))
    assert giving.points()[0] == 1_200
    assert giving.differences() == []


def test_what_was_used_cannot_be_given_back(giving: GivingShop, ada: Visitor) -> None:
    page = take(ada, giving.reward())
    here = page.url.removeprefix(ada.home)
    giving.buy(code_in(page))
    giving.wait(hours=2)

    refused = ada.post(f"{here}/withdraw", fields(ada.get()))

    assert "This reward cannot be given back." in seen(refused)
    assert "This code has been used." in seen(refused)
    assert "/withdraw" not in refused.text


def test_a_reward_for_some_channels_can_be_taken(giving: GivingShop, ada: Visitor) -> None:
    assert code_in(take(ada, giving.reward(channels="default-channel other")))


def test_a_picture_is_loaded_from_its_own_host_only(giving: GivingShop, ada: Visitor) -> None:
    giving.reward(picture_url="https://media.shop.example/tea.jpg?w=200")
    giving.reward(picture_url="https://evil.example;script-src 'unsafe-inline'/x")

    page = ada.get()

    assert "img-src 'self' https://media.shop.example;" in page.headers["Content-Security-Policy"]
    assert "evil.example" not in page.text
    assert 'src="https://media.shop.example/tea.jpg?w=200" alt=""' in page.text


@pytest.mark.parametrize("path", ["/rewards/{reward}", "/redemptions/{reference}/withdraw"])
def test_a_form_of_another_site_or_without_its_token_does_nothing(giving: GivingShop, ada: Visitor, path: str) -> None:
    page = take(ada, giving.reward())
    before, reward = giving.points(), giving.reward()
    where = path.format(reward=reward, reference=page.url.rpartition("/")[2])
    form = {"once": "1" * 32, "points": "500"}

    for answer in (
        ada.post(where, form | {"form": ""}),
        ada.post(where, form | {"form": "0" * 64}),
        ada.post(where, form, headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}),
    ):
        assert answer.status_code == 403

    assert giving.points() == before
    assert [row.stage for row in giving.rows()] == ["given"]


@pytest.mark.parametrize("form", [{}, {"once": ""}, {"once": "x" * 32}, {"once": "0" * 31}])
def test_a_form_without_what_makes_it_happen_once_takes_nothing(giving: GivingShop, ada: Visitor, form: dict[str, str]) -> None:
    reward = giving.reward()
    ada.get()

    assert ada.post(f"/rewards/{reward}", form).status_code == 400
    assert giving.rows() == []


@pytest.mark.parametrize("reward", [0, 4_711, 2**63, 10**40])
def test_an_unknown_reward_is_said(giving: GivingShop, ada: Visitor, reward: int) -> None:
    assert ada.get(f"/rewards/{reward}").status_code == 404
    assert ada.post(f"/rewards/{reward}", {"once": "0" * 32}).status_code == 404
    assert "This reward is not available. You have lost no points." in seen(ada.get(f"/rewards/{reward}"))


def test_two_customers_whose_forms_hold_the_same_token_take_one_each(giving: GivingShop, ada: Visitor) -> None:
    reward = giving.reward(points=100)
    buy(giving.world, email=EVE)
    eve = Visitor(giving.world).sign_in(EVE)
    eve.post("/claims")
    once = {"once": "f" * 32}

    codes = {code_in(take(ada, reward, **once)), code_in(take(eve, reward, **once))}

    # Eve has 60 points: hers is refused, and Ada's code is not shown to her.
    assert "" in codes
    assert [row.email for row in giving.rows()] == [ADA]


def test_every_refusal_has_a_sentence(giving: GivingShop, ada: Visitor) -> None:
    reward = giving.reward()

    for refusal in RewardRefusal:
        assert 'role="alert"' in ada.get(f"/rewards/{reward}?refused={refusal.value}").text
    assert 'role="alert"' not in ada.get(f"/rewards/{reward}?refused=<b>").text


def test_what_was_taken_comes_page_by_page(giving: GivingShop, ada: Visitor) -> None:
    reward = giving.reward(RewardKind.AMOUNT, points=10)
    for _ in range(22):
        giving.taken(reward)

    first = ada.get("/redemptions")
    older = first.text.partition("redemptions?before=")[2].partition('"')[0]

    assert first.text.count("<strong>Ten</strong>") == 20
    assert ada.get(f"/redemptions?before={older}").text.count("<strong>Ten</strong>") == 2
    assert "Show all your rewards" in seen(ada.get())


def test_a_rewards_name_is_text(giving: GivingShop, ada: Visitor) -> None:
    says: dict[str, Any] = {"name": "<b data-planted>Tea</b>", "text": "<i data-planted>"}
    page = take(ada, giving.reward(**says))

    for shown in (page, ada.get(), ada.get("/redemptions"), ada.get(f"{page.url.removeprefix(ada.home)}/withdraw")):
        assert "data-planted>" not in shown.text
