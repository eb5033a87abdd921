"""What the client of the Coggins API concludes from an answer about balances changed at once."""

from typing import Any

import pytest
import responses

from app.providers.coggins.http import CogginsProvider
from app.providers.protocol import Accepted, AskKind, Rejected, Unknown
from tests.clock import MovableClock
from tests.standins import faults
from tests.standins.coggins import StandInCoggins
from tests.test_points.coggins_calls import ADA, BOB, instants_answered, send, some_asks


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize(
    "answer",
    [
        {"body": b""},
        {"body": b"", "content_type": "text/html"},
        {"body": b"OK", "content_type": "text/html; charset=utf-8"},
        {"body": b"<ArrayOfPoints/>", "content_type": "application/xml"},
        {"json": None},
        {"json": True},
        {"json": []},
        {"json": {}},
        {"json": {"success": True}},
        {"json": {"success": True, "error": None, "errors": []}},
        {"json": [{"amount": 5, "email": ADA}, {"amount": -7, "email": BOB}]},
        {"json": ["ok", "ok", "ok"]},
        {"body": b'[{"amount": 400, "email": "ada@example.com"},]'},
    ],
)
def test_instants_are_accepted_by_any_2xx_that_does_not_say_no(
    wire: responses.RequestsMock, clock: MovableClock, answer: dict[str, Any], status: int
) -> None:
    assert instants_answered(wire, clock, some_asks(5, -7), status=status, **answer) == (Accepted(), Accepted())


@pytest.mark.parametrize(
    "body", ['{"success": fal', '[{"amount": 5}, {"succ', '{"data": [{"amount": 1', "[", '[{"success": false}']
)
def test_instants_whose_answer_breaks_off_are_unknown(wire: responses.RequestsMock, clock: MovableClock, body: str) -> None:
    reply = instants_answered(wire, clock, some_asks(5, -7), body=body)

    assert [type(outcome) for outcome in reply] == [Unknown, Unknown]  # type: ignore[union-attr]  # a tuple, or it fails


def test_an_instant_that_is_refused_is_rejected_and_the_others_go_through(
    coggins: StandInCoggins, client: CogginsProvider, clock: MovableClock
) -> None:
    coggins.rules.refuse_items(lambda item: item["email"] == ADA, "This customer is blocked.")

    reply = send(client, AskKind.INSTANT, some_asks(5, 7), clock)

    assert reply == (Rejected("The points provider said: This customer is blocked."), Accepted())
    assert coggins.books().balance(BOB).available == 7


def test_instants_refused_in_part_without_saying_which_are_unknown(wire: responses.RequestsMock, clock: MovableClock) -> None:
    reply = instants_answered(wire, clock, some_asks(5, 7), json=[{"success": False, "message": "Blocked."}])

    assert [type(outcome) for outcome in reply] == [Unknown, Unknown]  # type: ignore[union-attr]  # a tuple, or it fails


@pytest.mark.parametrize(
    "answer",
    [
        {"json": [{"success": True}]},
        {"json": [{"success": True}] * 3},
        {"body": b'[{"success": true}, {"succ'},
        {"body": b'{"success": fal'},
        {"body": b"["},
    ],
)
def test_instants_whose_answer_may_have_lost_a_no_are_unknown(
    wire: responses.RequestsMock, clock: MovableClock, answer: dict[str, Any]
) -> None:
    reply = instants_answered(wire, clock, some_asks(5, 7), **answer)

    assert [type(outcome) for outcome in reply] == [Unknown, Unknown]  # type: ignore[union-attr]  # a tuple, or it fails


def test_a_refused_instant_among_odd_items_is_still_seen(wire: responses.RequestsMock, clock: MovableClock) -> None:
    reply = instants_answered(wire, clock, some_asks(5, 7), json=["ok", {"success": False, "message": "Blocked."}])

    assert reply == (Accepted(), Rejected("The points provider said: Blocked."))


def test_instants_are_accepted_by_no_content(coggins: StandInCoggins, client: CogginsProvider, clock: MovableClock) -> None:
    coggins.faults.once(faults.after_acting(faults.empty(204)))

    assert send(client, AskKind.INSTANT, some_asks(5, -7), clock) == (Accepted(), Accepted())
