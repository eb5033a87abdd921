"""A signed-in customer takes rewards, sees them, and gives them back: at both providers, and nobody for another."""

from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest
import requests

from app.domain.rewards import RewardKind
from app.http.bulkhead import SHOPPERS_MAX
from tests.standins import faults
from tests.standins.coggins import StandInCoggins
from tests.test_rewards.conftest import opened
from tests.test_rewards.giving import GivingShop
from tests.test_spending.conftest import give
from tests.test_staff.test_moved_customers import move
from tests.test_storefront.calls import ADA, EVE, Storefront, code_of


@pytest.fixture
def shop(storefront: Storefront) -> GivingShop:
    """With each provider. Ada has 1,200 points."""
    return opened(storefront.world)


@pytest.fixture
def embedded_shop(embedded_storefront: Storefront) -> GivingShop:
    return opened(embedded_storefront.world)


def redeem(
    shop: GivingShop, reward: int, *, once: str | None = None, by: str | None = ADA, headers: Any = None, **body: Any
) -> requests.Response:
    sent = {"Idempotency-Key": once or uuid4().hex} | (headers or {})
    return Storefront(shop.world).ask(f"rewards/{reward}/redeem", method="POST", by=by, json=body, headers=sent)


def withdraw(shop: GivingShop, redemption_id: Any, *, by: str | None = ADA) -> requests.Response:
    return Storefront(shop.world).ask(f"me/redemptions/{redemption_id}/withdraw", method="POST", by=by)


def taken(shop: GivingShop, *, by: str = ADA, **arguments: Any) -> Any:
    return Storefront(shop.world).ask("me/redemptions", by=by, params=arguments).json()


def test_the_rewards_of_a_shop_are_shown_to_everybody(embedded_shop: GivingShop) -> None:
    reward = embedded_shop.reward(days_valid=30, limit_in_all=2)
    embedded_shop.reward(is_active=False)
    embedded_shop.reward(channels="de at")

    answer = Storefront(embedded_shop.world).ask("rewards", by=None, params={"channel": "default-channel"})

    assert [(one["id"], one["points"], one["left"]) for one in answer.json()["rewards"]] == [(reward, 500, 2)]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_reward_is_taken_and_its_code_is_shown(shop: GivingShop) -> None:
    answer = redeem(shop, shop.reward(), points=500)

    redemption = answer.json()
    assert (answer.status_code, redemption["stage"], redemption["amount"]) == (201, "given", "10.00")
    assert shop.world.saleor.codes.cards.with_code(redemption["code"]) is not None
    assert shop.points()[0] == 700
    assert taken(shop) == {"redemptions": [redemption], "next": None}
    assert shop.differences() == []


def test_the_same_request_again_takes_no_more_points(shop: GivingShop) -> None:
    reward = shop.reward()

    answers = [redeem(shop, reward, once="one press", points=500) for _ in range(3)]

    assert len({answer.text for answer in answers}) == 1
    assert {answer.headers["Idempotency-Key"] for answer in answers} == {"one press"}
    assert shop.points()[0] == 700


def test_the_same_key_for_something_else_is_refused(embedded_shop: GivingShop) -> None:
    first, second = embedded_shop.reward(), embedded_shop.reward()
    redeem(embedded_shop, first, once="key")

    answer = redeem(embedded_shop, second, once="key")

    assert (answer.status_code, code_of(answer)) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert embedded_shop.points()[0] == 700


def test_few_at_once_wait_for_a_reward_and_the_others_lose_nothing(shop: GivingShop) -> None:
    reward, places = shop.reward(), shop.world.services.bulkheads.shoppers
    with ExitStack() as waiting:
        for _ in range(SHOPPERS_MAX - 1):
            waiting.enter_context(places.place(shop.world.store().slug))
        refused = redeem(shop, reward, once="one press", points=500)

    assert (refused.status_code, "Retry-After" in refused.headers, shop.points()[0]) == (503, True, 1200)
    assert redeem(shop, reward, once="one press", points=500).status_code == 201
    assert shop.points()[0] == 700


def test_two_customers_may_choose_the_same_key(shop: GivingShop) -> None:
    reward = shop.reward()
    ada = redeem(shop, reward, once="order-1")

    eve = redeem(shop, reward, once="order-1", by=EVE)

    assert ada.status_code == 201
    assert code_of(eve) == "NO_POINTS"
    assert taken(shop, by=EVE)["redemptions"] == []


def test_without_a_key_nothing_is_taken(embedded_shop: GivingShop) -> None:
    path = f"rewards/{embedded_shop.reward()}/redeem"

    answer = Storefront(embedded_shop.world).ask(path, method="POST")

    assert (answer.status_code, code_of(answer)) == (400, "BAD_REQUEST")
    assert embedded_shop.points() == (1_200, 0)


@pytest.mark.parametrize(
    ("says", "wish", "code", "message"),
    [
        ({"points": 1_201}, {}, "NO_POINTS", "Sie haben nicht genug Punkte für diese Prämie."),
        (
            {},
            {"points": 400},
            "PRICE",
            "Diese Prämie kostet jetzt eine andere Zahl von Punkten. Bitte sehen Sie sie noch einmal an.",
        ),
        ({}, {"currency": "EUR"}, "CURRENCY", "Diese Prämie ist nicht verfügbar."),
        ({}, {"amount": "11"}, "AMOUNT", "Diese Prämie ist nicht verfügbar."),
        ({"channels": "de"}, {"channel": "at"}, "CHANNEL", "Diese Prämie ist nicht verfügbar."),
        ({"is_active": False}, {}, "ENDED", "Diese Prämie ist nicht verfügbar."),
    ],
)
def test_a_refusal_has_a_code_and_a_sentence_for_the_shopper(
    embedded_shop: GivingShop, says: dict[str, Any], wish: dict[str, Any], code: str, message: str
) -> None:
    answer = redeem(embedded_shop, embedded_shop.reward(**says), headers={"Accept-Language": "de"}, **wish)

    assert (answer.status_code, code_of(answer)) == (409, code)
    assert answer.json()["error"]["message"] == message
    assert embedded_shop.points() == (1_200, 0)


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"points": 0}', b'{"points": 4.5}', b'{"amount": 10}', b'{"channel": 5}'])
def test_what_makes_no_sense_takes_nothing(embedded_shop: GivingShop, body: bytes) -> None:
    path = f"rewards/{embedded_shop.reward()}/redeem"

    answer = Storefront(embedded_shop.world).ask(path, method="POST", data=body, headers={"Idempotency-Key": "x"})

    assert (answer.status_code, code_of(answer)) == (400, "BAD_REQUEST")
    assert embedded_shop.points() == (1_200, 0)


@pytest.mark.parametrize("reward", [0, 4_711, 2**63, 10**40])
def test_an_unknown_reward_is_said(embedded_shop: GivingShop, reward: int) -> None:
    assert code_of(redeem(embedded_shop, reward)) == "REWARD_NOT_FOUND"


def test_what_is_taken_goes_back_and_comes_as_points(shop: GivingShop) -> None:
    redemption = redeem(shop, shop.reward()).json()

    answers = [withdraw(shop, redemption["id"]) for _ in range(2)]
    shop.work()
    shop.wait(minutes=11)
    shop.wait(minutes=11)
    over = withdraw(shop, redemption["id"])

    assert [(answer.status_code, answer.json()["stage"]) for answer in answers] == [(200, "withdrawing")] * 2
    assert answers[0].json()["code"] is None
    assert (over.status_code, over.json()["stage"], over.json()["returnedPoints"]) == (200, "withdrawn", 500)
    assert shop.points()[0] == 1_200
    assert shop.differences() == []


def test_what_was_used_cannot_go_back(shop: GivingShop) -> None:
    redemption = redeem(shop, shop.reward()).json()
    checkouts = shop.world.saleor.checkouts
    cart = checkouts.create("60", user=ADA)
    shop.world.saleor.codes.add(cart, redemption["code"])
    checkouts.complete(cart)
    shop.wait(hours=2)

    answer = withdraw(shop, redemption["id"])

    assert (answer.status_code, code_of(answer)) == (409, "NOT_WITHDRAWN")
    assert taken(shop)["redemptions"][0]["stage"] == "used"


def test_nobody_else_sees_it_or_gives_it_back(shop: GivingShop) -> None:
    redemption = redeem(shop, shop.reward()).json()

    strange, unknown = withdraw(shop, redemption["id"], by=EVE), withdraw(shop, uuid4(), by=EVE)

    assert taken(shop, by=EVE) == {"redemptions": [], "next": None}
    assert (strange.status_code, strange.json()) == (unknown.status_code, unknown.json()) == (404, strange.json())
    assert code_of(strange) == "REDEMPTION_NOT_FOUND"
    assert taken(shop)["redemptions"][0]["stage"] == "given"


def test_a_moved_customer_has_the_rewards_from_before(shop: GivingShop) -> None:
    redemption = redeem(shop, shop.reward()).json()
    move(shop.world, ADA, EVE)
    shop.work()

    theirs, nobody_elses = taken(shop, by=EVE), taken(shop)
    gone = withdraw(shop, redemption["id"])
    back = withdraw(shop, redemption["id"], by=EVE)
    shop.work()
    shop.wait(minutes=11)
    shop.wait(minutes=11)

    assert (theirs["redemptions"], nobody_elses["redemptions"]) == ([redemption], [])
    assert (code_of(gone), back.json()["stage"]) == ("REDEMPTION_NOT_FOUND", "withdrawing")
    assert (shop.points(ADA)[0], shop.points(EVE)[0]) == (0, 1_200)
    assert shop.differences() == []


def test_the_limit_of_a_reward_follows_a_moved_customer(shop: GivingShop) -> None:
    once, twice = (shop.reward(points=100, limit_each=limit) for limit in (1, 2))
    for reward in (once, twice):
        redeem(shop, reward)
    move(shop.world, ADA, EVE)
    shop.work()

    again, second, third = (redeem(shop, reward, by=EVE) for reward in (once, twice, twice))

    assert [one.status_code for one in (again, second, third)] == [409, 201, 409]
    assert {code_of(again), code_of(third)} == {"YOURS_TAKEN"}
    assert shop.differences() == []


def test_what_is_taken_at_an_address_after_its_customer_was_moved_stays_there(embedded_shop: GivingShop) -> None:
    reward = embedded_shop.reward(points=100)
    before = redeem(embedded_shop, reward).json()["id"]
    move(embedded_shop.world, ADA, EVE)
    give(embedded_shop.world, ADA, 100)
    after = redeem(embedded_shop, reward).json()["id"]

    assert [one["id"] for one in taken(embedded_shop)["redemptions"]] == [after]
    assert [one["id"] for one in taken(embedded_shop, by=EVE)["redemptions"]] == [before]


def test_a_customer_who_was_moved_away_and_back_has_all_rewards(embedded_shop: GivingShop) -> None:
    reward = embedded_shop.reward(points=100)
    made = [redeem(embedded_shop, reward).json()["id"]]
    move(embedded_shop.world, ADA, EVE)
    made.append(redeem(embedded_shop, reward, by=EVE).json()["id"])
    move(embedded_shop.world, EVE, ADA)
    made.append(redeem(embedded_shop, reward).json()["id"])

    assert [one["id"] for one in taken(embedded_shop)["redemptions"]] == made[::-1]
    assert taken(embedded_shop, by=EVE)["redemptions"] == []


def test_a_voucher_is_a_reward_too(shop: GivingShop) -> None:
    reward = shop.voucher()

    redemption = redeem(shop, reward).json()

    assert (redemption["stage"], redemption["amount"], redemption["points"]) == ("given", None, 300)
    assert redemption["code"]


def test_what_was_taken_comes_page_by_page(embedded_shop: GivingShop) -> None:
    reward = embedded_shop.reward(RewardKind.AMOUNT, points=100)
    made = [redeem(embedded_shop, reward).json()["id"] for _ in range(5)]

    first = taken(embedded_shop, size=3)
    second = taken(embedded_shop, size=3, before=first["next"])

    assert [one["id"] for one in first["redemptions"] + second["redemptions"]] == made[::-1]
    assert second["next"] is None


def test_at_coggins_a_lost_answer_leaves_it_open_until_it_is_known(
    coggins_storefront: Storefront, coggins: StandInCoggins
) -> None:
    shop = opened(coggins_storefront.world)
    reward = shop.reward()
    coggins.faults.once(faults.after_acting(faults.cut()), on="instant")

    answer = redeem(shop, reward, once="key")
    for _ in range(8):
        shop.wait(minutes=6)
    later = redeem(shop, reward, once="key")

    assert (answer.status_code, answer.json()["stage"], answer.json()["code"]) == (202, "asked", None)
    assert (later.status_code, later.json()["stage"], later.json()["id"]) == (201, "given", answer.json()["id"])
    assert shop.points()[0] == 700


def test_at_coggins_what_was_surely_not_taken_is_said(coggins_storefront: Storefront, coggins: StandInCoggins) -> None:
    shop = opened(coggins_storefront.world)
    reward = shop.reward()
    coggins.faults.always(faults.status(503), on="lookup")

    away = redeem(shop, reward, once="key")
    coggins.faults.clear()
    later = redeem(shop, reward, once="key")

    assert (away.status_code, code_of(away)) == (503, "UNAVAILABLE")
    assert "Retry-After" in away.headers
    assert later.status_code == 201
