"""What the client of the Coggins API sends, and when it sends nothing."""

from uuid import uuid4

import pytest

from app.providers.coggins.http import CLAIMS_MAX, IDEMPOTENCY_KEY, INSTANTS_MAX, CogginsProvider
from app.providers.protocol import Accepted, Ask, AskKind, Unknown
from tests.clock import MovableClock
from tests.standins import faults
from tests.standins.coggins import StandInCoggins
from tests.test_points.coggins_calls import ADA, BOB, CALL, KEY, KINDS, URL, send, some_asks


def test_a_claim_is_sent_as_an_array_with_only_what_was_asked(
    coggins: StandInCoggins, client: CogginsProvider, clock: MovableClock
) -> None:
    full = Ask(uuid4(), 400, f" {ADA} ", customer_type="Internal", expires_days=1)

    send(client, AskKind.CLAIM, [full, Ask(uuid4(), 5, "  ")], clock)

    [request] = coggins.requests
    assert request.body == [{"amount": 400, "email": ADA, "customerType": "Internal", "expires": 1}, {"amount": 5}]


def test_an_instant_is_sent_with_a_trimmed_e_mail_and_its_sign(
    coggins: StandInCoggins, client: CogginsProvider, clock: MovableClock
) -> None:
    send(client, AskKind.INSTANT, [Ask(uuid4(), 400, ADA), Ask(uuid4(), -100, f"{BOB} ")], clock)

    [request] = coggins.requests
    assert request.body == [{"amount": 400, "email": ADA}, {"amount": -100, "email": BOB}]


@KINDS
def test_each_call_carries_its_id_and_asks_for_json(
    coggins: StandInCoggins, client: CogginsProvider, clock: MovableClock, kind: AskKind
) -> None:
    send(client, kind, some_asks(5), clock)

    [request] = coggins.requests
    assert (request.headers[IDEMPOTENCY_KEY], request.headers["Accept"]) == (str(CALL), "application/json")


@KINDS
def test_nothing_asked_is_nothing_sent(
    coggins: StandInCoggins, client: CogginsProvider, clock: MovableClock, kind: AskKind
) -> None:
    assert send(client, kind, [], clock) == ()
    assert coggins.requests == []


def test_a_claim_cannot_be_changed(coggins: StandInCoggins, client: CogginsProvider, clock: MovableClock) -> None:
    with pytest.raises(ValueError, match="cannot be changed"):
        send(client, AskKind.CHANGE, some_asks(5), clock)

    assert coggins.requests == []


def test_no_claim_can_be_seen(coggins: StandInCoggins, client: CogginsProvider, clock: MovableClock) -> None:
    assert client.seen_claims(["a mark"], now=clock()) == {}
    assert coggins.requests == []


def test_few_balances_hang_on_one_answer() -> None:
    provider = CogginsProvider(URL, KEY)

    assert (provider.array_max(AskKind.CLAIM), provider.array_max(AskKind.INSTANT)) == (CLAIMS_MAX, INSTANTS_MAX) == (100, 25)


def test_an_echoed_idempotency_key_is_noted(clock: MovableClock) -> None:
    noted: list[bool] = []
    with StandInCoggins(clock, honours_idempotency=True) as coggins:
        provider = CogginsProvider(coggins.url, coggins.key, note_echo=lambda: noted.append(True))
        send(provider, AskKind.INSTANT, some_asks(5), clock)

    assert noted == [True]


def test_no_echo_is_noted_where_there_is_none(coggins: StandInCoggins, clock: MovableClock) -> None:
    noted: list[bool] = []
    provider = CogginsProvider(coggins.url, coggins.key, note_echo=lambda: noted.append(True))

    send(provider, AskKind.INSTANT, some_asks(5), clock)
    provider.balances([ADA])

    assert noted == []


def test_one_call_sent_twice_to_an_account_that_honours_keys_happens_once(clock: MovableClock) -> None:
    with StandInCoggins(clock, honours_idempotency=True) as coggins:
        provider = CogginsProvider(coggins.url, coggins.key)
        coggins.faults.once(faults.after_acting(faults.cut()))
        asks = some_asks(5, 7)

        lost, again = (send(provider, AskKind.INSTANT, asks, clock) for _ in range(2))

        assert [type(outcome) for outcome in lost] == [Unknown, Unknown]  # type: ignore[union-attr]  # a tuple, or it fails
        assert again == (Accepted(), Accepted())
        assert coggins.books().balance(ADA).available == 5
