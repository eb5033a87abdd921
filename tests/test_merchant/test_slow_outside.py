"""A provider or a Saleor that says nothing: pages show what is known without it, and say what is missing."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from app.errors import Crowded
from app.http.bulkhead import PLACES, Bulkhead
from tests.standins import faults
from tests.standins.coggins import StandInCoggins
from tests.standins.saleor.orders import global_id
from tests.test_merchant.calls import Desk, once_in, seen
from tests.test_web.calls import deliver, error_of, press_button, told

TOO_MANY = "Too many requests are waiting for the points provider now."
IN_VAIN = "The points provider did not answer in time."
SHORT_SECONDS = 0.2


@pytest.fixture
def crowd() -> Iterator[Callable[[Bulkhead], None]]:
    """Give what takes every place of a bulkhead until the test ends."""
    with ExitStack() as stack:

        def take_all(bulkhead: Bulkhead) -> None:
            for number in range(PLACES):
                try:
                    stack.enter_context(bulkhead.place(f"server {number}"))
                except Crowded:
                    break

        yield take_all


Crowd = Callable[[Bulkhead], None]


def form(coggins: StandInCoggins) -> dict[str, str]:
    return {"kind": "coggins", "url": coggins.url, "key": coggins.key, "test_email": ""}


@pytest.fixture(params=["crowded", "silent"])
def without_provider(
    request: pytest.FixtureRequest, coggins_desk: Desk, coggins: StandInCoggins, crowd: Crowd
) -> tuple[Desk, str]:
    """A desk whose provider does not answer, or finds no place to be asked from; and what its pages then say."""
    look_ups = coggins_desk.world.services.bulkheads.look_ups
    if request.param == "crowded":
        crowd(look_ups)
        return coggins_desk, TOO_MANY
    look_ups.seconds = SHORT_SECONDS
    coggins.faults.always(faults.hang(), on="lookup")
    return coggins_desk, IN_VAIN


def test_the_overview_says_why_the_provider_is_not_reached(without_provider: tuple[Desk, str]) -> None:
    desk, sentence = without_provider

    answer = desk.get("overview/provider")

    assert answer.status_code == 200
    assert sentence in seen(answer)


def test_a_customers_page_shows_everything_but_the_balance(without_provider: tuple[Desk, str]) -> None:
    desk, sentence = without_provider
    desk.world.saleor.shop.place_paid_order("60", email="shopper@example.com")
    desk.world.saleor.deliveries.deliver()

    answer = desk.get("customers?email=shopper@example.com")

    assert answer.status_code == 200
    assert sentence in seen(answer)
    assert "Orders" in seen(answer)


def test_a_connection_is_not_called_good_unheard(without_provider: tuple[Desk, str], coggins: StandInCoggins) -> None:
    desk, _ = without_provider

    for path in ("settings/provider/test", "settings/provider"):
        said = seen(desk.post(path, form(coggins) | {"once": once_in(desk.get("settings"))}))

        assert "did not answer in time" in said or "waiting for an answer already" in said


def test_a_shopper_reads_that_the_points_are_being_prepared(without_provider: tuple[Desk, str]) -> None:
    desk, _ = without_provider
    world = desk.world
    order_id = world.saleor.shop.place_paid_order("60", email="shopper@example.com")
    world.deliver()
    path = world.metadata(order_id)["points_claim_url"].removeprefix(world.url)

    answer = press_button(world, path)

    assert answer.status_code == 200
    assert "being prepared" in answer.text
    assert [claim.state for claim in world.claims(order_id)] == ["open"]


def test_the_box_of_a_customer_asks_to_come_again(desk: Desk, crowd: Crowd) -> None:
    crowd(desk.world.services.bulkheads.look_ups)

    answer = desk.widget("customer", customerId=global_id("User", 1))

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert "Try again in a few seconds" in seen(answer)


def test_the_box_of_a_customer_says_that_saleor_did_not_answer(desk: Desk) -> None:
    desk.world.services.bulkheads.look_ups.seconds = SHORT_SECONDS
    desk.world.saleor.faults.always(faults.hang(), on="Customer")

    answer = desk.widget("customer", customerId=global_id("User", 1))

    assert answer.status_code == 503
    assert "did not answer in time" in seen(answer)


def test_points_in_this_app_need_no_place(desk: Desk, crowd: Crowd) -> None:
    crowd(desk.world.services.bulkheads.look_ups)

    assert "Connected" in seen(desk.get("overview/provider"))


def test_unknown_signatures_wait_for_a_place_and_spend_no_minute(desk: Desk, crowd: Crowd) -> None:
    world = desk.world
    world.saleor.rotate_key()
    before = world.store().jwks_asked_at
    crowd(world.services.bulkheads.keys)

    answer = deliver(world, told(world))

    assert error_of(answer) == (503, "CROWDED")
    assert answer.headers["Retry-After"] == "10"
    assert desk.get("overview").status_code == 503
    assert world.store().jwks_asked_at == before
