"""What the client of the Coggins API concludes from an answer about claims."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
import responses

from app.providers.coggins.http import CogginsProvider
from app.providers.protocol import Accepted, Ask, AskKind, Rejected, Unknown
from tests.clock import MovableClock
from tests.standins import faults
from tests.standins.coggins import StandInCoggins
from tests.standins.coggins.misanswers import fewer_items, more_items, other_amount, other_email
from tests.standins.faults import Fault
from tests.test_points.coggins_calls import ADA, CLAIMS_URL, KEY, TOKEN, URL, claim_answered, claim_item, one, send, some_asks


def test_a_claim_is_accepted_with_its_link_and_last_day(wire: responses.RequestsMock, clock: MovableClock) -> None:
    wire.post(CLAIMS_URL, json=[claim_item(expires=1)])

    outcome = one(send(CogginsProvider(URL, KEY), AskKind.CLAIM, [Ask(uuid4(), 400, ADA, expires_days=1)], clock))

    token = TOKEN.replace("-", "")
    assert outcome == Accepted(f"https://store.example/claim/points/{token}", token, date(2026, 5, 5), doubt=None)


def test_a_claim_whose_answer_names_another_customer_is_accepted_with_doubt(
    coggins: StandInCoggins, client: CogginsProvider, clock: MovableClock
) -> None:
    coggins.faults.once(other_email("eve@example.com"))

    outcome = one(send(client, AskKind.CLAIM, some_asks(400), clock))

    assert isinstance(outcome, Accepted)
    assert outcome.doubt is not None
    assert "@" not in outcome.doubt


@pytest.mark.parametrize("echo", [ADA.upper(), f" {ADA} "])
def test_an_echo_that_is_the_same_customer_raises_no_doubt(wire: responses.RequestsMock, clock: MovableClock, echo: str) -> None:
    assert claim_answered(wire, clock, json=[claim_item(email=echo)]).doubt is None


@pytest.mark.parametrize("echo", [None, "", "eve@example.com", 5, [ADA]])
def test_an_echo_of_no_customer_or_another_raises_doubt(wire: responses.RequestsMock, clock: MovableClock, echo: Any) -> None:
    assert claim_answered(wire, clock, json=[claim_item(email=echo)]).doubt is not None


@pytest.mark.parametrize("echo", [None, "", "  "])
def test_a_claim_for_nobody_is_answered_for_nobody(wire: responses.RequestsMock, clock: MovableClock, echo: Any) -> None:
    wire.post(CLAIMS_URL, json=[claim_item(email=echo)])

    outcome = one(send(CogginsProvider(URL, KEY), AskKind.CLAIM, [Ask(uuid4(), 400)], clock))

    assert isinstance(outcome, Accepted)
    assert outcome.doubt is None


@pytest.mark.parametrize("amount", [400, 400.0, "400", " 400 "])
def test_an_amount_may_be_written_as_text(wire: responses.RequestsMock, clock: MovableClock, amount: Any) -> None:
    assert isinstance(claim_answered(wire, clock, json=[claim_item(amount=amount)]), Accepted)


def test_a_claim_that_does_not_say_created_but_has_a_link_is_accepted(wire: responses.RequestsMock, clock: MovableClock) -> None:
    item = claim_item()
    del item["created"]

    assert isinstance(claim_answered(wire, clock, json=[item]), Accepted)


def test_a_claim_that_was_not_created_is_rejected_with_the_reason_and_the_others_go_through(
    coggins: StandInCoggins, client: CogginsProvider, clock: MovableClock
) -> None:
    coggins.rules.refuse_items(lambda item: item["email"] == ADA, "This customer is blocked.")

    first, second = send(client, AskKind.CLAIM, some_asks(5, 7), clock)  # type: ignore[misc]  # a tuple, or it fails

    assert first == Rejected("The points provider said: This customer is blocked.")
    assert isinstance(second, Accepted)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"created": False}, "The points provider said no, and did not say why."),
        ({"created": False, "message": "Closed."}, "The points provider said: Closed."),
        ({"created": None, "error": {"code": "X", "message": "Closed."}}, "The points provider said: Closed."),
        ({"created": None, "error": "Closed."}, "The points provider said: Closed."),
        ({"created": None, "success": False, "Message": "  Closed\n now. "}, "The points provider said: Closed now."),
        ({"created": None, "success": False, "message": {"odd": 1}}, "The points provider said no, and did not say why."),
    ],
)
def test_a_claims_refusal_is_told_in_the_providers_words(
    wire: responses.RequestsMock, clock: MovableClock, item: dict[str, Any], reason: str
) -> None:
    assert claim_answered(wire, clock, json=[claim_item(**item)]) == Rejected(reason)


@pytest.mark.parametrize(
    "body",
    [
        {"success": False, "message": "Too large."},
        {"message": "Too large."},
        {"Message": "Too large."},
        {"error": {"code": "LARGE", "message": "Too large."}},
        {"title": "Too large.", "status": 400, "errors": {"amount": ["..."]}},
        {"detail": "Too large."},
    ],
)
def test_the_words_of_a_4xx_are_kept(wire: responses.RequestsMock, clock: MovableClock, body: Any) -> None:
    assert claim_answered(wire, clock, status=400, json=body) == Rejected("The points provider said: Too large.")


@pytest.mark.parametrize("body", [b"", b"nonsense", b'"a text"', b"[1]", b"<html>Bad Request</html>"])
def test_a_4xx_without_words_names_its_status(wire: responses.RequestsMock, clock: MovableClock, body: bytes) -> None:
    assert claim_answered(wire, clock, status=400, body=body) == Rejected("The points provider refused the request (status 400).")


@pytest.mark.parametrize("fault", [fewer_items(), more_items()])
def test_claims_answered_in_another_number_are_all_unknown(
    coggins: StandInCoggins, client: CogginsProvider, clock: MovableClock, fault: Fault
) -> None:
    coggins.faults.once(fault)

    reply = send(client, AskKind.CLAIM, some_asks(5, 7), clock)

    assert [type(outcome) for outcome in reply] == [Unknown, Unknown]  # type: ignore[union-attr]  # a tuple, or it fails


def test_a_claim_of_another_amount_is_unknown_and_its_neighbour_is_not(
    coggins: StandInCoggins, client: CogginsProvider, clock: MovableClock
) -> None:
    coggins.faults.once(other_amount(7))

    first, second = send(client, AskKind.CLAIM, some_asks(5, 7), clock)  # type: ignore[misc]  # a tuple, or it fails

    assert isinstance(first, Unknown)
    assert isinstance(second, Accepted)


@pytest.mark.parametrize("fault", [faults.empty(), faults.empty(204), faults.not_json(), faults.status(200, [])])
def test_claims_without_an_answer_are_unknown(
    coggins: StandInCoggins, client: CogginsProvider, clock: MovableClock, fault: Fault
) -> None:
    coggins.faults.once(fault)

    assert isinstance(one(send(client, AskKind.CLAIM, some_asks(5), clock)), Unknown)


@pytest.mark.parametrize(
    "item",
    [
        None,
        5,
        "created",
        [],
        {},
        {"created": True},
        claim_item(amount=None),
        claim_item(amount=True),
        claim_item(amount=400.5),
        claim_item(amount="4OO"),
        claim_item(amount={"value": 400}),
        claim_item(claimToken=None),
        claim_item(claimToken="6037d53f"),
        claim_item(claimToken=12345),
        claim_item(claimUrl=None),
        claim_item(claimUrl=""),
        claim_item(claimUrl="javascript:alert(1)"),
        claim_item(claimUrl="/claim/points/6037d53f408843a28ab6b5cdcd6de290"),
        claim_item(claimUrl="https://"),
        claim_item(claimUrl="https://[::1"),
        claim_item(claimUrl="https://user@evil.example/"),
        claim_item(claimUrl="https://store.example/a\nSet-Cookie: x"),
        claim_item(claimUrl="https://store.example/\x00"),
        claim_item(claimUrl="https://store.example/" + "a" * 2048),
    ],
)
def test_a_claim_whose_answer_does_not_fit_is_unknown(wire: responses.RequestsMock, clock: MovableClock, item: Any) -> None:
    assert isinstance(claim_answered(wire, clock, json=[item]), Unknown)


@pytest.mark.parametrize(
    "body",
    [
        "[{“amount”: 400}]".encode(),
        b"[" * 100_000,
        b"[1e999999, 1]" + b"1" * 5000,
        b"\xff\xfe\x00",
        b"[" + b"9" * 5000 + b"]",
        b'{"items": []}',
    ],
)
def test_a_claim_answered_with_garbage_is_unknown(wire: responses.RequestsMock, clock: MovableClock, body: bytes) -> None:
    assert isinstance(claim_answered(wire, clock, body=body), Unknown)


def test_two_claims_with_one_link_are_both_unknown(wire: responses.RequestsMock, clock: MovableClock) -> None:
    other = claim_item(amount=5, claimToken=str(uuid4()))
    wire.post(CLAIMS_URL, json=[claim_item(), claim_item(claimToken=TOKEN.replace("-", "").upper()), other])

    first, second, third = send(  # type: ignore[misc]  # a tuple, or it fails
        CogginsProvider(URL, KEY), AskKind.CLAIM, [*some_asks(400, 400), Ask(uuid4(), 5, ADA)], clock
    )

    assert [type(outcome) for outcome in (first, second, third)] == [Unknown, Unknown, Accepted]
