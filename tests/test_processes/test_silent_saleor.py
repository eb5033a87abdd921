"""A Saleor that accepts connections and says nothing: whoever sends its registrations holds up nobody."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import requests

from app.bootstrap import utc_now
from tests.demo.app_process import AppProcess
from tests.standins.faults import hang
from tests.standins.saleor import SigningKey, StandInSaleor, State
from tests.test_processes.conftest import Run, Start
from tests.waiting import wait_until

REGISTRATIONS = 40
# Longer than any of this takes on a slow machine, and shorter than forty registrations one after the other.
PATIENCE_SECONDS = 120


@pytest.fixture
def silent(signing_key: SigningKey) -> Iterator[list[StandInSaleor]]:
    with ExitStack() as stack:
        saleors = [stack.enter_context(StandInSaleor(utc_now, key=signing_key)) for _ in range(2)]
        for saleor in saleors:
            saleor.faults.always(hang(), on="OwnApp")
        yield saleors


def _register(app: AppProcess, saleor: StandInSaleor) -> tuple[int, str, str]:
    answer = requests.post(
        f"{app.url}/api/register",
        json={"auth_token": "a token"},
        headers={"Saleor-Api-Url": saleor.api_url},
        timeout=PATIENCE_SECONDS,
    )
    return answer.status_code, answer.json()["error"]["code"], answer.headers["Retry-After"]


def test_a_silent_saleor_holds_up_neither_webhooks_nor_the_end(
    start: Start, run_here: Run, live_saleor: StandInSaleor, silent: list[StandInSaleor]
) -> None:
    run_here("migrate")
    app = start("web", "--threads", "1").wait_until_ready()
    assert live_saleor.install(f"{app.url}/api/manifest").ok
    live_saleor.deliveries.sent.clear()

    with ThreadPoolExecutor(REGISTRATIONS) as pool:
        asked = [pool.submit(_register, app, silent[number % 2]) for number in range(REGISTRATIONS)]
        wait_until(lambda: all(one.counts["OwnApp"] for one in silent), what="both are asked")

        assert requests.get(f"{app.url}/healthz", timeout=PATIENCE_SECONDS).status_code == 200
        live_saleor.shop.place_paid_order("60.00")
        assert {delivery.state for delivery in live_saleor.deliveries.sent} == {State.DELIVERED}

        answers = [one.result() for one in asked]

    in_hand = [answer for answer in answers if answer == (503, "SALEOR_UNREACHABLE", "10")]
    surplus = [answer for answer in answers if answer == (503, "CROWDED", "10")]
    assert len(in_hand) == sum(one.counts["OwnApp"] for one in silent)
    assert len(in_hand) + len(surplus) == REGISTRATIONS
    assert surplus


def test_registrations_in_hand_are_answered_before_the_end(start: Start, run_here: Run, silent: list[StandInSaleor]) -> None:
    run_here("migrate")
    app = start("web", "--threads", "1").wait_until_ready()

    with ThreadPoolExecutor(len(silent)) as pool:
        asked = [pool.submit(_register, app, one) for one in silent]
        wait_until(lambda: all(one.counts["OwnApp"] for one in silent), what="both are asked")

        assert app.stop() == 0

        # What the server gave up on would have no answer.
        assert [one.result() for one in asked] == [(503, "SALEOR_UNREACHABLE", "10")] * len(silent)
