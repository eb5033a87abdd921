"""What the client of the Coggins API never repeats: keys, claim tokens and addresses."""

import logging

import pytest
import requests
import responses

from app.providers.coggins.answers import REASON_LENGTH_MAX
from app.providers.coggins.http import CogginsProvider
from app.providers.protocol import AskKind, RefusedWhole, Unknown
from tests.clock import MovableClock
from tests.standins import faults
from tests.standins.coggins import StandInCoggins
from tests.standins.faults import Fault
from tests.test_points.coggins_calls import (
    ADA,
    CLAIMS_URL,
    KEY,
    KINDS,
    TOKEN,
    URL,
    claim_answered,
    claim_item,
    instants_answered,
    send,
    some_asks,
)


def test_a_reason_repeats_neither_key_nor_token_nor_address(wire: responses.RequestsMock, clock: MovableClock) -> None:
    plain = TOKEN.replace("-", "")
    message = (
        f"{ADA} ada%40example.com 'ada@localhost' {TOKEN} {plain.upper()} {KEY.upper()} "
        f"{URL}/api/v1/points/{KEY}/email/{ADA}/Full https://store.example/claim/points/{plain}"
    )

    reason = claim_answered(wire, clock, json=[claim_item(created=False, message=message)]).reason

    for secret in ("ada", "localhost", TOKEN, plain, KEY):
        assert secret.lower() not in reason.lower()


@pytest.mark.parametrize("status", [200, 400, 422])
def test_a_refusal_of_the_whole_repeats_nothing_private_either(
    wire: responses.RequestsMock, clock: MovableClock, status: int
) -> None:
    body = {"success": False, "message": f"{ADA} has no account under {KEY}."}

    reply = instants_answered(wire, clock, some_asks(5, 7), status=status, json=body)

    assert reply == RefusedWhole("The points provider said: ••• has no account under •••.")


def test_a_reason_is_never_long(wire: responses.RequestsMock, clock: MovableClock) -> None:
    outcome = claim_answered(wire, clock, json=[claim_item(created=False, message="no " * 10_000)])

    assert len(outcome.reason) < REASON_LENGTH_MAX + 50


@KINDS
@pytest.mark.parametrize(
    "fault",
    [faults.cut(), faults.status(500), faults.html(), faults.redirect(), faults.status(401), faults.not_json(), faults.hang()],
)
def test_neither_log_nor_outcome_of_a_fault_holds_key_or_address(
    coggins: StandInCoggins, clock: MovableClock, caplog: pytest.LogCaptureFixture, kind: AskKind, fault: Fault
) -> None:
    # As `set_up_logging` has it: below warnings, urllib3 writes whole addresses.
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, logger="urllib3")
    coggins.faults.always(fault)
    provider = CogginsProvider(coggins.url, coggins.key, total_seconds=0.3)

    reply = send(provider, kind, some_asks(5), clock)
    looked_up = provider.balances([ADA])

    for text in (repr(reply), repr(looked_up), caplog.text):
        assert coggins.key not in text
        assert ADA not in text


def test_no_exception_of_a_lost_call_leaves_the_client(wire: responses.RequestsMock, clock: MovableClock) -> None:
    leaky = requests.exceptions.ChunkedEncodingError(f"cut at {CLAIMS_URL}")

    outcome = claim_answered(wire, clock, body=leaky)

    assert isinstance(outcome, Unknown)
    assert KEY not in outcome.reason
