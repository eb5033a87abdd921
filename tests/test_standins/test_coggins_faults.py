"""The Points API stand-in can fail in every way that a client must survive."""

import pytest
import requests

from tests.standins import faults
from tests.standins.coggins import StandInCoggins
from tests.standins.coggins.misanswers import fewer_items, more_items, other_amount, other_email, success_false
from tests.waiting import PATIENCE_SECONDS, wait_until

ADA = "ada@example.com"
ITEMS = [{"amount": 5, "email": ADA}, {"amount": 7, "email": "bob@example.com"}]


def post(coggins: StandInCoggins, *, timeout: float = PATIENCE_SECONDS, stream: bool = False) -> requests.Response:
    url = f"{coggins.url}/api/v1/points/{coggins.key}/INSTANT"
    return requests.post(url, json=ITEMS, timeout=timeout, stream=stream, allow_redirects=False)


def post_claims(coggins: StandInCoggins) -> requests.Response:
    return requests.post(f"{coggins.url}/api/v1/points?csapikey={coggins.key}", json=ITEMS, timeout=PATIENCE_SECONDS)


def available(coggins: StandInCoggins) -> int:
    return coggins.books().balance(ADA).available


@pytest.mark.parametrize("code", [401, 403, 404, 500, 502, 503])
def test_a_status_comes_before_or_after_acting(coggins: StandInCoggins, code: int) -> None:
    coggins.faults.once(faults.status(code))
    coggins.faults.once(faults.after_acting(faults.status(code)))

    assert post(coggins).status_code == code
    assert available(coggins) == 0
    assert post(coggins).status_code == code
    assert available(coggins) == 5


@pytest.mark.parametrize(("fault", "points"), [(faults.cut(), 0), (faults.after_acting(faults.cut()), 5)])
def test_a_connection_is_cut_before_or_after_acting(coggins: StandInCoggins, fault: faults.Fault, points: int) -> None:
    coggins.faults.once(fault, on="instant")

    with pytest.raises(requests.ConnectionError):
        post(coggins)

    assert available(coggins) == points


@pytest.mark.parametrize(("fault", "points"), [(faults.hang(), 0), (faults.after_acting(faults.hang()), 5)])
def test_a_request_hangs_before_or_after_acting(coggins: StandInCoggins, fault: faults.Fault, points: int) -> None:
    coggins.faults.once(fault)

    with pytest.raises(requests.Timeout):
        post(coggins, timeout=0.2)

    # The client gave up; the service may be on its way still.
    wait_until(lambda: coggins.counts["instant"] == 1, what="the request arrives")
    wait_until(lambda: available(coggins) == points, what="the points are right")


def test_an_answer_drips_a_byte_at_a_time(coggins: StandInCoggins) -> None:
    coggins.faults.once(faults.drip(seconds=1))

    assert len(post(coggins).json()) == 2


def test_an_answer_that_drips_has_begun_long_before_it_ends(coggins: StandInCoggins) -> None:
    coggins.faults.once(faults.drip(seconds=24 * 60 * 60))

    with post(coggins, stream=True) as answer:
        assert answer.raw.read(1) == b"["


def test_an_answer_is_a_page_a_redirect_nothing_or_no_json(coggins: StandInCoggins) -> None:
    for fault in (faults.html(), faults.redirect(), faults.empty(), faults.not_json(), faults.too_many_requests(9)):
        coggins.faults.once(fault)

    answers = [post(coggins) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 302, 200, 200, 429]
    assert answers[0].headers["Content-Type"].startswith("text/html")
    assert (answers[2].content, answers[3].content) == (b"", b"OK, thanks")
    assert answers[4].headers["Retry-After"] == "9"
    assert available(coggins) == 0


def test_an_answer_does_not_match_what_was_asked(coggins: StandInCoggins) -> None:
    for fault in (fewer_items(), more_items(), other_email("x@example.com"), other_amount(1)):
        coggins.faults.once(fault, on="claims")

    answers = [post_claims(coggins).json() for _ in range(4)]

    assert [len(answer) for answer in answers] == [1, 3, 2, 2]
    assert {item["email"] for item in answers[2]} == {"x@example.com"}
    assert {item["amount"] for item in answers[3]} == {1}
    assert len(coggins.books().claims) == 8


def test_a_refusal_comes_with_200(coggins: StandInCoggins) -> None:
    coggins.faults.once(success_false("Closed."))

    assert post(coggins).json() == {"success": False, "message": "Closed."}
    assert available(coggins) == 0


def test_chosen_items_are_refused_and_the_others_go_through(coggins: StandInCoggins) -> None:
    coggins.rules.refuse_items(lambda item: item["email"] == ADA, "Blocked.")

    refused, created = post_claims(coggins).json()

    assert (refused["created"], refused["message"]) == (False, "Blocked.")
    assert created["created"] is True
    assert [claim.email for claim in coggins.books().claims] == ["bob@example.com"]


def test_arrays_are_rejected_for_their_length_or_for_one_item(coggins: StandInCoggins) -> None:
    coggins.rules.reject_arrays_longer_than(1)
    assert post(coggins).status_code == 413
    coggins.rules.clear()
    coggins.rules.reject_arrays_with(lambda item: item["email"] == ADA, 422)
    assert post(coggins).status_code == 422
    coggins.rules.clear()

    assert post(coggins).status_code == 200
    assert available(coggins) == 5


def test_a_fault_is_for_its_kind_and_a_standing_one_lasts_until_cleared(coggins: StandInCoggins) -> None:
    coggins.faults.always(faults.status(503), on="instant")

    assert [post(coggins).status_code, post(coggins).status_code, post_claims(coggins).status_code] == [503, 503, 200]
    coggins.faults.clear()

    assert post(coggins).status_code == 200
