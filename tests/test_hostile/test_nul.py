"""A NUL in text is refused once, at the edge: PostgreSQL can store none, and no text that people write holds one."""

import json

import pytest

from tests.test_hostile.conftest import Target
from tests.test_hostile.requests_of_strangers import Asked
from tests.test_web.calls import ORDER_ID, told

FORM = "application/x-www-form-urlencoded"
STRANGERS = {
    "shell": Asked("GET", "/app/", query="saleorApiUrl=%00"),
    "order widget": Asked("POST", "/app/widgets/order", body=b"saleorApiUrl=%00&accessToken=a.b.c", content_type=FORM),
    "order link": Asked("GET", "/orders/a%00b", query=f"o={ORDER_ID}"),
    "order": Asked("GET", "/orders/a", query="o=a%00b"),
    "claim": Asked("POST", "/claim/points/%00", body=b"email=a%00b", content_type=FORM),
    "registration": Asked("POST", "/api/register", body=b'{"auth_token":"a\\u0000b"}', content_type="application/json"),
}


@pytest.mark.parametrize("asked", STRANGERS.values(), ids=STRANGERS.keys())
def test_a_strangers_nul_is_refused(target: Target, asked: Asked) -> None:
    answer = target.ask(asked)

    assert answer.status_code == 400, answer.get_data(as_text=True)


def test_a_nul_in_an_address_that_is_looked_up_is_refused(target: Target) -> None:
    answer = target.ask(Asked("GET", f"/api/v1/points/{target.api_key}/email/a%00b@x.y/Full"))

    assert (answer.status_code, json.loads(answer.data)["error"]["code"]) == (400, "BAD_REQUEST")


def test_a_nul_in_a_reason_is_refused(target: Target) -> None:
    form = b"points=5&reason=a%00b&once=1"
    vouched = (("Authorization", f"Bearer {target.staff_token()}"), ("Saleor-Api-Url", target.world.saleor.api_url))

    answer = target.ask(Asked("POST", "/app/pages/customers/a@b.example/adjust", headers=vouched, body=form, content_type=FORM))

    assert (answer.status_code, "NUL" in answer.get_data(as_text=True)) == (422, True)


def test_a_nul_in_a_segment_of_a_page_is_refused(target: Target) -> None:
    vouched = (("Authorization", f"Bearer {target.staff_token()}"), ("Saleor-Api-Url", target.world.saleor.api_url))

    answers = [target.ask(Asked("GET", f"/app/pages/{page}/a~00b", headers=vouched)) for page in ("customers", "rules/channel")]

    assert [answer.status_code for answer in answers] == [400, 400]


@pytest.mark.parametrize("name", ["userEmail", "id", "updatedAt"])
def test_a_nul_in_a_signed_delivery_is_refused(target: Target, name: str) -> None:
    body = json.dumps(told(target.world, **{name: "a\x00b"})).encode()

    answer = target.ask(
        Asked(
            "POST",
            "/api/webhooks/orders",
            headers=tuple(target.world.saleor.webhook_headers("order_paid", body).items()),
            body=body,
        )
    )

    assert answer.status_code == 400


def test_text_that_only_looks_like_a_nul_is_taken(target: Target) -> None:
    body = json.dumps({**told(target.world), "note": "C:\\u0000"}).encode()
    assert b"\\\\u0000" in body

    answer = target.ask(
        Asked(
            "POST",
            "/api/webhooks/orders",
            headers=tuple(target.world.saleor.webhook_headers("order_paid", body).items()),
            body=body,
        )
    )

    assert answer.status_code == 200


def test_an_item_with_a_nul_is_refused_by_itself(target: Target) -> None:
    items = [{"amount": 5, "email": "a\x00b@x.example"}, {"amount": 5, "customerType": "a\x00b"}, {"amount": 5}]

    answer = target.ask(Asked("POST", "/api/v1/points", query=f"csapikey={target.api_key}", body=json.dumps(items).encode()))

    assert [item["created"] for item in json.loads(answer.data)] == [False, False, True]
