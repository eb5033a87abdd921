"""The Points API stand-in does what its published description says, and no more."""

from datetime import date
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.standins.coggins import Balance, StandInCoggins
from tests.test_standins.recording import Clock
from tests.waiting import PATIENCE_SECONDS

ADA = "ada@example.com"


def post(coggins: StandInCoggins, kind: str, body: Any, **headers: str) -> requests.Response:
    path = f"/api/v1/points?csapikey={coggins.key}" if kind == "claims" else f"/api/v1/points/{coggins.key}/INSTANT"
    return requests.post(coggins.url + path, json=body, headers=headers, timeout=PATIENCE_SECONDS, allow_redirects=False)


def lookup(coggins: StandInCoggins, email: str) -> requests.Response:
    return requests.get(f"{coggins.url}/api/v1/points/{coggins.key}/email/{quote(email, safe='')}/Full", timeout=PATIENCE_SECONDS)


def test_a_claim_echoes_its_request_and_has_a_token_and_a_url(coggins: StandInCoggins) -> None:
    asked = {"amount": 400, "email": ADA, "customerType": "Internal", "expires": 1}

    [answered] = post(coggins, "claims", [asked]).json()

    [claim] = coggins.books().claims
    assert answered == asked | {"claimToken": claim.token, "claimUrl": coggins.url + claim.path, "created": True}
    assert (claim.amount, claim.email, claim.customer_type, claim.expires_on) == (400, ADA, "Internal", date(2026, 3, 2))
    assert coggins.books().balances == {}


def test_a_taken_claim_is_available_and_what_is_spent_is_used(coggins: StandInCoggins) -> None:
    [answered] = post(coggins, "claims", [{"amount": 400, "email": f" {ADA.upper()} "}]).json()

    coggins.take(answered["claimToken"])
    coggins.spend(ADA, 150)

    assert lookup(coggins, ADA).json() == {"AvailablePoints": 250, "UsedPoints": 150}
    assert coggins.books().open_claims == ()


def test_a_claim_without_an_e_mail_is_anybodys_once(coggins: StandInCoggins) -> None:
    [answered] = post(coggins, "claims", [{"amount": 5}]).json()

    coggins.take(answered["claimToken"].replace("-", ""), ADA)

    assert coggins.books().balance(ADA) == Balance(5, 0)
    with pytest.raises(ValueError, match="taken already"):
        coggins.take(answered["claimToken"], ADA)


def test_a_claim_is_not_for_another_customer(coggins: StandInCoggins) -> None:
    [answered] = post(coggins, "claims", [{"amount": 5, "email": ADA}]).json()

    with pytest.raises(ValueError, match="another customer"):
        coggins.take(answered["claimToken"], "eve@example.com")


def test_a_claim_expires_after_its_day_whatever_the_time(coggins: StandInCoggins, clock: Clock) -> None:
    first, second = post(coggins, "claims", [{"amount": 5, "email": ADA, "expires": 1}] * 2).json()
    clock.advance(hours=35)
    coggins.take(first["claimToken"])

    clock.advance(hours=1)

    with pytest.raises(ValueError, match="expired"):
        coggins.take(second["claimToken"])


def test_only_posting_the_claim_page_takes_the_points(coggins: StandInCoggins) -> None:
    [answered] = post(coggins, "claims", [{"amount": 5, "email": ADA}]).json()

    assert "Take 5 points" in requests.get(answered["claimUrl"], timeout=PATIENCE_SECONDS).text
    assert coggins.books().balance(ADA).available == 0
    assert requests.post(answered["claimUrl"], timeout=PATIENCE_SECONDS).status_code == 200
    assert requests.post(answered["claimUrl"], timeout=PATIENCE_SECONDS).status_code == 409

    assert coggins.books().balance(ADA).available == 5
    assert requests.get(f"{coggins.url}/claim/points/{'0' * 32}", timeout=PATIENCE_SECONDS).status_code == 404


def test_instant_moves_balances_at_once_and_trims_the_e_mail(coggins: StandInCoggins) -> None:
    answered = post(coggins, "instant", [{"amount": 400, "email": f"{ADA} "}, {"amount": -500, "email": ADA.upper()}])

    assert answered.status_code == 200
    assert coggins.books().balances == {ADA: Balance(-100, 0)}
    assert [instant.amount for instant in coggins.books().instants] == [400, -500]


@pytest.mark.parametrize(("below_zero", "available", "is_accepted"), [("refuse", 3, False), ("floor", 0, True)])
def test_going_below_zero_can_be_refused_or_floored(clock: Clock, below_zero: Any, available: int, is_accepted: bool) -> None:
    with StandInCoggins(clock, below_zero=below_zero) as coggins:
        coggins.adjust(ADA, 3)

        [answered] = post(coggins, "instant", [{"amount": -5, "email": ADA}]).json()

        assert answered["success"] is is_accepted
        assert coggins.books().balance(ADA).available == available


@pytest.mark.parametrize(("kind", "body"), [("success", b'{"success": true}'), ("empty", b""), ("text", b"OK")])
def test_an_instant_answer_can_be_anything(clock: Clock, kind: Any, body: bytes) -> None:
    with StandInCoggins(clock, instant_answer=kind) as coggins:
        assert post(coggins, "instant", [{"amount": 5, "email": ADA}]).content == body
        assert coggins.books().balance(ADA).available == 5


def test_an_unknown_e_mail_is_404_or_zeros(clock: Clock, coggins: StandInCoggins) -> None:
    assert lookup(coggins, ADA).status_code == 404

    with StandInCoggins(clock, unknown_email="zeros") as other:
        assert lookup(other, ADA).json() == {"AvailablePoints": 0, "UsedPoints": 0}


def test_an_e_mail_is_one_segment_however_odd(coggins: StandInCoggins) -> None:
    odd = "a/b+c%d?#@example.com"
    coggins.adjust(odd, 7)

    assert lookup(coggins, odd).json()["AvailablePoints"] == 7


@pytest.mark.parametrize("body", [{"amount": 5}, [5], [{"email": ADA}], [{"amount": "5"}], [{"amount": True}], None])
def test_a_body_that_is_no_array_of_amounts_is_400_and_nothing_happens(coggins: StandInCoggins, body: Any) -> None:
    assert [post(coggins, kind, body).status_code for kind in ("claims", "instant")] == [400, 400]
    assert coggins.books().claims == ()


def test_keys_are_accounts_of_their_own_and_unknown_ones_are_401(coggins: StandInCoggins) -> None:
    other = coggins.add_key()
    coggins.adjust(ADA, 5)
    assert coggins.books(other).balances == {}

    coggins.revoke_key(coggins.key)

    assert lookup(coggins, ADA).status_code == 401
    assert coggins.books().balance(ADA).available == 5


def test_requests_are_kept_with_the_key_blotted_out(coggins: StandInCoggins) -> None:
    post(coggins, "claims", [{"amount": 5}])
    post(coggins, "instant", [{"amount": 5, "email": ADA}])
    lookup(coggins, ADA)

    paths = [request.path for request in coggins.requests]

    assert paths == [
        "/api/v1/points?csapikey=***",
        "/api/v1/points/***/INSTANT",
        "/api/v1/points/***/email/ada%40example.com/Full",
    ]
    assert coggins.requests[0].body == [{"amount": 5}]
    assert coggins.key not in str(coggins.requests)
    assert coggins.counts == {"claims": 1, "instant": 1, "lookup": 1}


def test_an_idempotency_key_is_ignored_unless_it_is_honoured(coggins: StandInCoggins) -> None:
    answers = [post(coggins, "instant", [{"amount": 5, "email": ADA}], **{"Idempotency-Key": "k"}) for _ in range(2)]

    assert "Idempotency-Key" not in answers[0].headers
    assert coggins.books().balance(ADA).available == 10


def test_an_honoured_key_answers_the_same_again_and_refuses_another_body(clock: Clock) -> None:
    with StandInCoggins(clock, honours_idempotency=True) as coggins:
        first, again = (post(coggins, "claims", [{"amount": 5}], **{"Idempotency-Key": "k"}) for _ in range(2))
        other = post(coggins, "claims", [{"amount": 6}], **{"Idempotency-Key": "k"})

        assert first.headers["Idempotency-Key"] == "k"
        assert again.json() == first.json()
        assert other.status_code == 422
        assert len(coggins.books().claims) == 1
