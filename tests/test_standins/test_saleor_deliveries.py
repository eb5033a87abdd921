"""Deliveries are signed, late, repeated and lost as Saleor's are."""

import base64
import json
import random

import pytest
import requests
from jwt import InvalidTokenError, PyJWK, api_jws

from tests.standins.saleor import Item, State
from tests.standins.serving import Answer, Manner, Request
from tests.test_standins.recording import Clock, Installed
from tests.waiting import PATIENCE_SECONDS

HEADERS = {
    "Host", "User-Agent", "Accept-Encoding", "Accept", "Connection", "Content-Type", "Content-Length", "Saleor-Api-Url",
    "X-Saleor-Event", "X-Saleor-Domain", "X-Saleor-Signature", "Saleor-Event", "Saleor-Domain", "Saleor-Signature",
}  # fmt: skip
FAILING = Answer(500)


def verified(installed: Installed, request: Request) -> bytes:
    keys = requests.get(f"{installed.saleor.server.url}/.well-known/jwks.json", timeout=PATIENCE_SECONDS).json()["keys"]
    payload: bytes = api_jws.decode(
        request.headers["Saleor-Signature"], PyJWK(keys[0]), algorithms=["RS256"], detached_payload=request.body
    )
    return payload


def test_a_delivery_has_saleors_headers_and_its_flat_body(installed: Installed) -> None:
    order_id = installed.saleor.shop.place_order("60")
    installed.saleor.till.charge(order_id, "60")

    sent = installed.saleor.deliveries.deliver()

    request = installed.app.requests[-1]
    assert [delivery.event for delivery in sent] == ["ORDER_PAID", "ORDER_FULLY_PAID", "ORDER_UPDATED"]
    assert set(request.headers) == HEADERS
    assert request.headers["Saleor-Event"] == "order_updated"
    assert request.headers["Saleor-Api-Url"] == installed.saleor.api_url
    assert request.headers["User-Agent"] == "Saleor/3.24"
    assert request.body.startswith(b'{"__typename": "OrderUpdated", "recipient": {"id": "QXBwOjE="}, "order": {"id": ')
    assert b'"totalCharged": {"amount": 60.0}' in request.body


def test_a_signature_is_detached_and_verifies_with_the_key_set(installed: Installed) -> None:
    installed.saleor.shop.place_paid_order("60")
    installed.saleor.deliveries.deliver()

    request = installed.app.requests[-1]
    header, middle, _ = request.headers["Saleor-Signature"].split(".")

    kid = installed.saleor.key.kid
    expected = f'{{"alg":"RS256","b64":false,"crit":["b64"],"kid":"{kid}","typ":"JWT"}}'
    assert base64.urlsafe_b64decode(header + "==").decode() == expected
    assert middle == ""
    assert verified(installed, request) == request.body


def test_an_altered_body_does_not_verify(installed: Installed) -> None:
    installed.saleor.shop.place_paid_order("60")
    installed.saleor.deliveries.deliver()
    request = installed.app.requests[-1]

    altered = Request(request.method, request.path, request.query, request.headers, request.body + b" ")

    with pytest.raises(InvalidTokenError):
        verified(installed, altered)


def test_a_user_token_is_signed_with_the_same_key_and_is_no_signature(installed: Installed) -> None:
    installed.saleor.shop.place_paid_order("60")
    installed.saleor.deliveries.deliver()
    request = installed.app.requests[-1]
    token = installed.saleor.user_token()
    key = PyJWK(installed.saleor.key.jwks()["keys"][0])

    request.headers["Saleor-Signature"] = token

    assert json.loads(api_jws.decode(token, key, algorithms=["RS256"]))["owner"] == "saleor"
    with pytest.raises(InvalidTokenError):
        verified(installed, request)


def test_a_rotated_key_has_another_kid_and_signs_what_comes_later(installed: Installed) -> None:
    old = installed.saleor.key.kid

    installed.saleor.rotate_key()
    installed.saleor.shop.place_paid_order("60")
    installed.saleor.deliveries.deliver()

    assert installed.saleor.key.kid != old
    assert verified(installed, installed.app.requests[-1])


def test_a_payload_shows_the_order_as_it_is_when_it_is_sent(installed: Installed) -> None:
    order_id = installed.saleor.shop.place_paid_order("60")
    installed.saleor.till.refund(order_id, "15")

    installed.saleor.deliveries.deliver()

    charged = {json.loads(body)["order"]["totalCharged"]["amount"] for body in installed.app.bodies}
    assert charged == {45.0}


def test_a_resent_delivery_has_the_old_bytes_and_the_old_signature(installed: Installed, clock: Clock) -> None:
    order_id = installed.saleor.shop.place_paid_order("60")
    [first, *_] = installed.saleor.deliveries.deliver()
    clock.advance(minutes=5)
    installed.saleor.till.refund(order_id, "15")

    installed.saleor.deliveries.resend(first)

    before, after = installed.app.requests[2], installed.app.requests[-1]
    assert (after.body, after.headers["Saleor-Signature"]) == (before.body, before.headers["Saleor-Signature"])


def test_a_duplicate_is_the_same_bytes_twice(installed: Installed) -> None:
    installed.saleor.shop.place_paid_order("60")
    installed.saleor.deliveries.duplicate(lambda delivery: delivery.event == "ORDER_PAID")

    installed.saleor.deliveries.deliver()

    assert len(installed.app.bodies) == 4
    assert installed.app.bodies[0] == installed.app.bodies[1]


def test_shuffling_depends_on_the_seed_alone(installed: Installed) -> None:
    orders = [installed.saleor.shop.place_paid_order("60") for _ in range(5)]
    in_order = [delivery.event for delivery in installed.saleor.deliveries.queued]

    sent = installed.saleor.deliveries.deliver(shuffled=random.Random(1))

    assert len(orders) * 3 == len(sent)
    assert [delivery.event for delivery in sent] != in_order


def test_what_is_lost_is_never_sent(installed: Installed) -> None:
    installed.saleor.shop.place_paid_order("60")

    [lost] = installed.saleor.deliveries.lose(lambda delivery: delivery.event == "ORDER_PAID")
    installed.saleor.deliveries.deliver()

    assert lost.state is State.LOST
    assert len(installed.app.bodies) == 2


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Answer(200), State.DELIVERED),
        (Answer(204), State.DELIVERED),
        (Answer(302, headers=(("Location", "/"),)), State.FAILED),
        (Answer(404), State.FAILED),
        (Answer(429), State.FAILED),
        (Answer(500), State.WAITING),
        (Answer(503), State.WAITING),
        (Answer(manner=Manner.CUT), State.WAITING),
    ],
)
def test_only_server_errors_are_tried_again(installed: Installed, answer: Answer, state: State) -> None:
    order_id = installed.saleor.shop.place_order("60")
    installed.saleor.shop.add_note(order_id)
    installed.app.answers = [answer]

    [delivery] = installed.saleor.deliveries.deliver()

    assert delivery.state is state


def test_an_app_that_says_nothing_is_tried_again(installed: Installed) -> None:
    order_id = installed.saleor.shop.place_order("60")
    installed.saleor.shop.add_note(order_id)
    installed.app.answers = [Answer(manner=Manner.HANG)]
    installed.saleor.deliveries.seconds = 1

    [delivery] = installed.saleor.deliveries.deliver()

    assert delivery.state is State.WAITING


def test_after_five_retries_a_delivery_has_failed_for_good(installed: Installed) -> None:
    order_id = installed.saleor.shop.place_order("60")
    installed.saleor.shop.add_note(order_id)
    installed.app.answers = [FAILING] * 6

    [delivery] = installed.saleor.deliveries.deliver()
    for _ in range(5):
        assert delivery.state is State.WAITING
        installed.saleor.deliveries.retry_failed()

    assert delivery.state is State.FAILED
    assert installed.saleor.deliveries.retry_failed() == []
    assert len(set(installed.app.bodies)) == 1


def test_an_app_that_is_down_is_tried_again(installed: Installed) -> None:
    order_id = installed.saleor.shop.place_order("60")
    installed.saleor.shop.add_note(order_id)
    installed.app.server.stop()
    [delivery] = installed.saleor.deliveries.deliver()
    states = [delivery.state]

    installed.app.server.start()
    installed.saleor.deliveries.retry_failed()

    assert [*states, delivery.state] == [State.WAITING, State.DELIVERED]


def test_a_broken_field_makes_the_order_null_beside_errors(installed: Installed) -> None:
    order_id = installed.saleor.shop.place_order("60")
    installed.saleor.shop.add_note(order_id)
    installed.saleor.break_order(order_id)

    installed.saleor.deliveries.deliver()

    body = json.loads(installed.app.bodies[-1])
    assert body["order"] is None
    assert body["errors"][0]["path"] == ["event", "order", "status"]


def test_metadata_is_not_told_to_a_webhook_that_does_not_ask(installed: Installed) -> None:
    order_id = installed.saleor.shop.place_order("60")

    installed.saleor.shop.update_metadata(order_id, {"a": "1"})

    assert installed.saleor.deliveries.queued == []


def test_an_app_hears_of_its_own_pause_and_of_nothing_else_until_it_ends(installed: Installed) -> None:
    installed.saleor.apps.deactivate(installed.app_id)
    installed.saleor.shop.place_paid_order("60")
    installed.saleor.apps.activate(installed.app_id)

    sent = installed.saleor.deliveries.deliver()

    assert [delivery.event for delivery in sent] == ["APP_STATUS_CHANGED", "APP_STATUS_CHANGED"]
    assert installed.app.requests[-1].path == "/api/webhooks/app"


def test_what_was_queued_before_a_pause_fails(installed: Installed) -> None:
    installed.saleor.shop.place_paid_order("60")
    installed.saleor.apps.deactivate(installed.app_id)

    sent = installed.saleor.deliveries.deliver()

    assert {delivery.state for delivery in sent[:-1]} == {State.FAILED}
    assert json.loads(installed.app.bodies[0])["app"] == {"id": installed.app_id, "isActive": False}


def test_an_app_hears_of_its_own_end(installed: Installed) -> None:
    installed.saleor.apps.uninstall(installed.app_id)

    [delivery] = installed.saleor.deliveries.deliver()

    assert (delivery.event, delivery.state) == ("APP_DELETED", State.DELIVERED)
    assert json.loads(installed.app.bodies[0])["app"]["isActive"] is False
    assert installed.orders()["data"]["orders"] is None


def test_automatic_delivery_sends_within_the_mutation(installed: Installed) -> None:
    installed.saleor.auto_deliver = True

    installed.saleor.shop.place_paid_order(Item("60"))

    assert len(installed.app.bodies) == 3
