"""Rewards by the served API, as a storefront calls it."""

from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest
import requests

from app.http.bulkhead import PROGRAMS_MAX
from app.usecases.api.manage_keys import create_key
from tests.test_rewards.conftest import opened
from tests.test_rewards.giving import ADA, GivingShop
from tests.waiting import PATIENCE_SECONDS
from tests.world import World


class Storefront:
    """A storefront's server, with a key of the shop."""

    def __init__(self, shop: GivingShop) -> None:
        self.shop = shop
        self.key = create_key(shop.world.services, shop.world.store().slug)

    def ask(self, method: str, path: str, body: Any = None, *, once: str | None = None, key: str = "") -> requests.Response:
        headers = {"X-Api-Key": key or self.key} | ({"Idempotency-Key": once} if once is not None else {})
        url = f"{self.shop.world.url}/api/v1{path}"
        return requests.request(method, url, json=body, headers=headers, timeout=PATIENCE_SECONDS)

    def redeem(self, reward: int, *, once: str = "", email: Any = ADA, **body: Any) -> requests.Response:
        return self.ask("POST", f"/rewards/{reward}/redeem", {"email": email, **body}, once=once or uuid4().hex)


@pytest.fixture
def storefront(embedded_world: World) -> Storefront:
    """Keys open embedded points only. Ada has 1,200."""
    return Storefront(opened(embedded_world))


def test_a_storefront_lists_what_can_be_taken_now(storefront: Storefront) -> None:
    shop = storefront.shop
    reward = shop.reward(days_valid=30, limit_in_all=2)
    shop.reward(is_active=False)
    shop.reward(channels="de at")
    shop.taken(reward)

    listed = requests.get(
        f"{shop.world.url}/api/v1/rewards?csapikey={storefront.key}&channel=default-channel", timeout=PATIENCE_SECONDS
    ).json()["rewards"]

    assert [(one["id"], one["points"], one["left"], one["daysValid"]) for one in listed] == [(reward, 500, 1, 30)]
    assert listed[0]["amounts"] == [{"currency": "USD", "amount": "10.00", "pointsPerUnit": None}]


def test_a_reward_is_taken_seen_and_given_back(storefront: Storefront) -> None:
    shop = storefront.shop

    answer = storefront.redeem(shop.reward(), points=500, currency="USD")
    assert answer.status_code == 201
    redemption = answer.json()
    assert (redemption["stage"], redemption["amount"], redemption["used"]) == ("given", "10.00", "0.00")
    assert shop.world.saleor.codes.cards.with_code(redemption["code"]) is not None
    assert storefront.ask("GET", f"/redemptions/{redemption['id']}").json() == redemption

    back = storefront.ask("POST", f"/redemptions/{redemption['id']}/withdraw")
    assert (back.status_code, back.json()["stage"], back.json()["code"]) == (200, "withdrawing", None)
    assert storefront.ask("POST", f"/redemptions/{redemption['id']}/withdraw").status_code == 200
    shop.work()
    shop.wait(minutes=11)

    assert storefront.ask("GET", f"/redemptions/{redemption['id']}").json()["returnedPoints"] == 500
    again = storefront.ask("POST", f"/redemptions/{redemption['id']}/withdraw")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "NOT_WITHDRAWN")
    assert shop.differences() == []


def test_the_same_request_again_is_done_once_and_another_under_its_key_is_refused(storefront: Storefront) -> None:
    reward = storefront.shop.reward()

    first, again = storefront.redeem(reward, once="one"), storefront.redeem(reward, once="one")

    assert first.json() == again.json()
    assert storefront.redeem(reward, once="one", email="ben@example.com").status_code == 422
    assert len(storefront.shop.cards()) == 1
    assert storefront.shop.points()[0] == 700


def test_a_refusal_is_a_code_and_a_sentence(storefront: Storefront) -> None:
    shop = storefront.shop
    dear, voucher = shop.reward(points=5_000), shop.reward(ends_at=shop.world.clock.now)

    refused = storefront.redeem(dear)

    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "NO_POINTS")
    assert storefront.redeem(voucher).json()["error"]["code"] == "OVER"
    assert storefront.redeem(dear, points=4_999).json()["error"]["code"] == "PRICE"
    assert storefront.redeem(987_654).status_code == 404


@pytest.mark.parametrize(
    "body",
    [{"email": ""}, {"email": 5}, {"amount": 12.5}, {"amount": "NaN"}, {"amount": "much"}, {"points": 0}, {"currency": "US\nD"}],
)
def test_what_makes_no_sense_is_refused(storefront: Storefront, body: dict[str, Any]) -> None:
    assert storefront.redeem(storefront.shop.reward(), **body).status_code == 400


def test_a_key_is_needed_and_another_stores_redemption_is_unknown(storefront: Storefront) -> None:
    reward = storefront.shop.reward()

    assert storefront.ask("POST", f"/rewards/{reward}/redeem", {"email": ADA}).status_code == 400
    assert storefront.ask("GET", "/rewards", key=str(uuid4())).status_code == 401
    assert storefront.ask("GET", f"/redemptions/{uuid4()}").status_code == 404
    assert storefront.ask("POST", f"/redemptions/{uuid4()}/withdraw").status_code == 404


def test_few_at_once_wait_for_a_code_and_the_others_lose_nothing(storefront: Storefront) -> None:
    reward, places = storefront.shop.reward(), storefront.shop.world.services.bulkheads.programs
    with ExitStack() as waiting:
        for number in range(PROGRAMS_MAX):
            waiting.enter_context(places.place(f"server {number}"))
        refused = storefront.redeem(reward, once="one press")

    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "CROWDED")
    assert storefront.shop.points()[0] == 1_200
    assert storefront.redeem(reward, once="one press").status_code == 201


def test_points_of_a_reward_are_no_spend_of_a_till(storefront: Storefront) -> None:
    """They come back with the code alone, or the customer has both."""
    shop = storefront.shop
    redemption = storefront.redeem(shop.reward()).json()

    answer = storefront.ask("POST", f"/spends/{redemption['id']}/give-back", {}, once="one")

    assert answer.status_code == 404
    assert storefront.ask("GET", f"/spends/{redemption['id']}").status_code == 404
    assert shop.points()[0] == 700
    assert shop.differences() == []
