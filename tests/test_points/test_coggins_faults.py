"""What the client of the Coggins API concludes from refusals, faults and silence, whatever it asked for."""

import socket
from contextlib import closing
from datetime import timedelta
from uuid import uuid4

import pytest
import responses

from app.providers.coggins.http import CogginsProvider
from app.providers.protocol import AskKind, NotSent, RefusedWhole, Rejected, Reply, Unknown
from tests.clock import MovableClock
from tests.standins import faults
from tests.standins.coggins import StandInCoggins
from tests.standins.coggins.misanswers import success_false
from tests.standins.faults import Fault
from tests.test_points.coggins_calls import KEY, KINDS, instants_answered, one, send, some_asks
from tests.waiting import call_that_arrives


@KINDS
def test_a_refusal_with_200_of_an_array_of_one_is_that_items(
    coggins: StandInCoggins, client: CogginsProvider, clock: MovableClock, kind: AskKind
) -> None:
    coggins.faults.once(success_false("The store is closed."))

    assert send(client, kind, some_asks(5), clock) == (Rejected("The points provider said: The store is closed."),)


@KINDS
def test_a_refusal_with_200_of_a_longer_array_is_of_the_whole(
    coggins: StandInCoggins, client: CogginsProvider, clock: MovableClock, kind: AskKind
) -> None:
    coggins.faults.once(success_false("The store is closed."))

    assert send(client, kind, some_asks(5, 7), clock) == RefusedWhole("The points provider said: The store is closed.")


@KINDS
@pytest.mark.parametrize("status", [400, 402, 406, 409, 410, 413, 415, 422])
def test_a_4xx_rejects_an_item_alone_and_refuses_a_longer_array_as_a_whole(
    coggins: StandInCoggins, client: CogginsProvider, clock: MovableClock, kind: AskKind, status: int
) -> None:
    coggins.faults.always(faults.status(status))

    alone, many = (send(client, kind, asks, clock) for asks in (some_asks(5), some_asks(5, 7)))

    reason = f"The points provider refused the request (status {status})."
    assert (alone, many) == ((Rejected(reason),), RefusedWhole(reason))


@KINDS
def test_a_refused_connection_is_not_sent(clock: MovableClock, kind: AskKind) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    assert send(CogginsProvider(url, KEY), kind, some_asks(5), clock) == NotSent("The points provider cannot be reached.")


@pytest.mark.parametrize("url", ["http://no-such-host.invalid", "http://a..b", "api.coggins.example"])
def test_an_address_that_leads_nowhere_is_not_sent(clock: MovableClock, url: str) -> None:
    assert isinstance(send(CogginsProvider(url, KEY), AskKind.INSTANT, some_asks(5), clock), NotSent)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("7", timedelta(seconds=7)),
        ("0", timedelta(0)),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("999999999999", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_a_429_asks_for_patience_for_as_long_as_it_says(
    wire: responses.RequestsMock, clock: MovableClock, header: str, wait: timedelta | None
) -> None:
    reply = instants_answered(wire, clock, some_asks(5), status=429, headers={"Retry-After": header})

    assert reply == NotSent("The points provider asks for patience.", retry_after=wait)


@KINDS
@pytest.mark.parametrize("status", [401, 403, 404, 405])
def test_a_key_or_address_that_is_not_served_is_the_accounts_fault(
    coggins: StandInCoggins, client: CogginsProvider, clock: MovableClock, kind: AskKind, status: int
) -> None:
    coggins.faults.once(faults.status(status))

    reply = send(client, kind, some_asks(5, 7), clock)

    assert isinstance(reply, NotSent)
    assert reply.is_accounts_fault


@KINDS
@pytest.mark.parametrize("fault", [faults.html(), faults.html(404), faults.redirect(), faults.redirect(code=308)])
def test_a_web_page_or_a_redirect_is_the_accounts_fault(
    coggins: StandInCoggins, client: CogginsProvider, clock: MovableClock, kind: AskKind, fault: Fault
) -> None:
    coggins.faults.once(fault)

    reply = send(client, kind, some_asks(5, 7), clock)

    assert isinstance(reply, NotSent)
    assert reply.is_accounts_fault


@pytest.mark.parametrize("page", [b"\xef\xbb\xbf\n <!DOCTYPE html><p>Hello", b"<HTML>", b"<h1>Down</h1>"])
def test_a_web_page_is_known_by_its_looks(wire: responses.RequestsMock, clock: MovableClock, page: bytes) -> None:
    reply = instants_answered(wire, clock, some_asks(5), body=page, content_type="text/html")

    assert isinstance(reply, NotSent)
    assert reply.is_accounts_fault


def test_a_redirect_is_not_followed_with_the_key(coggins: StandInCoggins, client: CogginsProvider, clock: MovableClock) -> None:
    coggins.faults.once(faults.redirect(f"{coggins.url}/api/v1/points/{coggins.key}/INSTANT", 307))

    send(client, AskKind.INSTANT, some_asks(5), clock)

    assert len(coggins.requests) == 1


def test_an_unknown_key_is_the_accounts_fault(coggins: StandInCoggins, clock: MovableClock) -> None:
    reply = send(CogginsProvider(coggins.url, str(uuid4())), AskKind.INSTANT, some_asks(5), clock)

    assert reply == NotSent("The points provider does not accept our API key.", is_accounts_fault=True)


@KINDS
@pytest.mark.parametrize(
    "fault",
    [
        faults.cut(),
        faults.after_acting(faults.cut()),
        faults.cut_in_the_middle(),
        faults.status(500),
        faults.status(503),
        faults.html(502),
        faults.after_acting(faults.status(504)),
        faults.status(408),
    ],
)
def test_what_may_have_happened_is_unknown_for_each_item(
    coggins: StandInCoggins, client: CogginsProvider, clock: MovableClock, kind: AskKind, fault: Fault
) -> None:
    coggins.faults.once(fault)

    reply = send(client, kind, some_asks(5, 7), clock)

    assert [type(outcome) for outcome in reply] == [Unknown, Unknown]  # type: ignore[union-attr]  # a tuple, or it fails


@KINDS
@pytest.mark.parametrize("fault", [faults.hang(), faults.after_acting(faults.hang()), faults.drip(24 * 60 * 60)])
def test_an_answer_that_does_not_come_in_time_is_unknown(
    coggins: StandInCoggins, clock: MovableClock, kind: AskKind, fault: Fault
) -> None:
    coggins.faults.always(fault)

    def ask_within(seconds: float) -> Reply:
        return send(CogginsProvider(coggins.url, coggins.key, total_seconds=seconds), kind, some_asks(5), clock)

    reply = call_that_arrives(ask_within, lambda: bool(coggins.requests))

    assert one(reply) == Unknown("The points provider did not answer in time.")


@KINDS
def test_an_answer_too_long_to_read_is_unknown(
    coggins: StandInCoggins, client: CogginsProvider, clock: MovableClock, kind: AskKind
) -> None:
    coggins.faults.once(faults.oversized())

    assert isinstance(one(send(client, kind, some_asks(5), clock)), Unknown)
