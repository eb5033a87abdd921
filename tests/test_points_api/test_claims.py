"""Claims: as the vendor documents them, item by item, and by the store's settings."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import requests

from app.sealing import fingerprint
from tests.served_points import TIMEOUT, ServedPoints

# The vendor's own example. Its answer names test012 where test011 was asked for, and breaks the URL in two: mended here.
EXAMPLE = {"amount": 400, "email": "test011@atest.com", "customerType": "Internal", "expires": 1}


def created(api: ServedPoints, *items: Any) -> list[dict[str, Any]]:
    answer = api.claims(list(items))
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def refusals(api: ServedPoints, *items: Any) -> list[str]:
    """Ask for items that must all be refused, and give the codes."""
    answers = created(api, *items)
    assert [answer["created"] for answer in answers] == [False] * len(items), answers
    assert api.stored_claims() == []
    return [answer["error"]["code"] for answer in answers]


def test_the_documented_example_is_answered_as_documented(api: ServedPoints) -> None:
    [answer] = created(api, EXAMPLE)

    token = answer["claimToken"]
    assert str(UUID(token)) == token
    assert list(answer.items()) == [
        *EXAMPLE.items(),
        ("claimToken", token),
        ("claimUrl", f"{api.url}/claim/points/{token.replace('-', '')}"),
        ("created", True),
    ]


def test_the_claim_that_a_link_leads_to_can_be_taken(api: ServedPoints) -> None:
    [answer] = created(api, {**EXAMPLE, "email": "ada@example.com"})

    page = requests.post(answer["claimUrl"], timeout=TIMEOUT)

    assert page.status_code == 200
    assert api.balance("ada@example.com").json() == {"AvailablePoints": 400, "UsedPoints": 0}


def test_many_claims_are_answered_in_their_order_and_one_that_is_refused_stops_no_other(api: ServedPoints) -> None:
    answers = created(api, {"amount": 1}, {"amount": 0}, {"amount": 3}, None, {"amount": 5, "email": "no address"})

    assert [(answer.get("amount"), answer["created"]) for answer in answers] == [
        (1, True),
        (0, False),
        (3, True),
        (None, False),
        (5, False),
    ]
    assert [claim.amount for claim in api.stored_claims()] == [1, 3]


def test_an_empty_array_is_answered_by_one(api: ServedPoints) -> None:
    assert created(api) == []


@pytest.mark.parametrize("amount", [0, -1, 2**31, 10**30, 1.5, "400", True, None, [], {}])
def test_an_amount_must_be_positive_and_whole(api: ServedPoints, amount: Any) -> None:
    assert refusals(api, {"amount": amount}, {}) == ["INVALID_AMOUNT"] * 2


@pytest.mark.parametrize("body", ['[{"amount": 400.0}]', '\ufeff[{"amount":400}]'])
def test_what_means_a_whole_number_is_one(api: ServedPoints, body: str) -> None:
    answer = api.ask("POST", f"/api/v1/points?csapikey={api.key}", data=body.encode())

    assert answer.json()[0]["amount"] == 400


@pytest.mark.parametrize(
    "email",
    ["nobody", "a@b", "@example.com", "a b@example.com", "a\n@example.com", "\ud800@example.com", "x" * 250 + "@a.de", 7, ["a"]],
)
def test_an_e_mail_must_be_sane(api: ServedPoints, email: Any) -> None:
    assert refusals(api, {"amount": 5, "email": email}) == ["INVALID_EMAIL"]


@pytest.mark.parametrize("email", [None, "", "  "])
def test_without_an_e_mail_anybody_who_has_the_link_can_take_the_claim(api: ServedPoints, email: str | None) -> None:
    [answer] = created(api, {"amount": 5, "email": email})

    assert "email" not in answer
    assert api.stored_claims()[0].email == ""


def test_blanks_around_an_e_mail_are_trimmed(api: ServedPoints) -> None:
    [answer] = created(api, {"amount": 5, "email": "  ada@example.com \t"})

    assert (answer["email"], api.stored_claims()[0].email) == ("ada@example.com", "ada@example.com")


def test_an_address_that_grows_when_it_is_compared_is_refused_where_it_grows_too_long(api: ServedPoints) -> None:
    assert refusals(api, {"amount": 5, "email": "ΐ" * 200 + "@example.com"}) == ["INVALID_EMAIL"]


def test_a_customer_type_that_the_store_does_not_list_is_refused_by_its_name(api: ServedPoints) -> None:
    api.change(customer_types=["Internal", "VIP"])

    [refused, taken] = created(api, {"amount": 5, "customerType": "Stranger"}, {"amount": 6, "customerType": "VIP"})

    assert refused["error"]["code"] == "UNKNOWN_CUSTOMER_TYPE"
    assert '"Stranger"' in refused["error"]["message"]
    assert (taken["created"], api.stored_claims()[0].customer_type) == (True, "VIP")


def test_a_store_without_a_list_takes_any_customer_type(api: ServedPoints) -> None:
    assert created(api, {"amount": 5, "customerType": "Anything"})[0]["created"]


@pytest.mark.parametrize("customer_type", ["", "  ", "a\nb", "x" * 129, "\x00", 7, []])
def test_a_customer_type_must_be_a_name(api: ServedPoints, customer_type: Any) -> None:
    assert refusals(api, {"amount": 5, "customerType": customer_type}) == ["INVALID_CUSTOMER_TYPE"]


@pytest.mark.parametrize("expires", [-1, 36501, 1.5, "1", True])
def test_days_must_be_a_whole_number(api: ServedPoints, expires: Any) -> None:
    assert refusals(api, {"amount": 5, "expires": expires}) == ["INVALID_EXPIRES"]


@pytest.mark.parametrize(
    ("zone", "ends"),
    [
        ("UTC", datetime(2026, 5, 6, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 5, 5, 22, tzinfo=UTC)),
        ("Pacific/Auckland", datetime(2026, 5, 5, 12, tzinfo=UTC)),
    ],
)
def test_a_claim_can_be_taken_until_the_end_of_the_nth_day_where_the_store_is(
    api: ServedPoints, zone: str, ends: datetime
) -> None:
    api.change(time_zone=zone)
    [answer] = created(api, {"amount": 5, "email": "ada@example.com", "expires": 1})
    assert api.stored_claims()[0].expires_at == ends

    api.clock.now = ends
    requests.post(answer["claimUrl"], timeout=TIMEOUT)

    assert api.balance("ada@example.com").status_code == 404


def test_the_stores_default_holds_where_no_days_are_given(api: ServedPoints) -> None:
    created(api, {"amount": 1})
    api.change(default_expires_days=2)
    created(api, {"amount": 2}, {"amount": 3, "expires": 0}, {"amount": 4, "expires": None})

    ends = [claim.expires_at for claim in api.stored_claims()]
    assert ends == [None, datetime(2026, 5, 7, tzinfo=UTC), datetime(2026, 5, 5, tzinfo=UTC), datetime(2026, 5, 7, tzinfo=UTC)]


def test_a_token_is_stored_sealed_and_found_by_its_mark(api: ServedPoints) -> None:
    [answer] = created(api, {"amount": 5})
    token = answer["claimToken"].replace("-", "")

    [claim] = api.stored_claims()
    assert token not in str(claim.model_dump())
    assert claim.token_mark == fingerprint(token)
    assert api.services.sealer.open(claim.token_sealed) == token


def test_what_cannot_be_echoed_is_left_out_and_breaks_nothing(api: ServedPoints) -> None:
    body = b'[{"amount": 1.5, "email": {"a": 1}, "customerType": "\\ud800", "expires": 1, "other": "x"}]'

    answer = api.ask("POST", f"/api/v1/points?csapikey={api.key}", data=body)

    assert answer.json() == [
        {
            "customerType": "\ud800",
            "expires": 1,
            "created": False,
            "error": {"code": "INVALID_AMOUNT", "message": "amount must be a whole number from 1 to 2147483647."},
        }
    ]
