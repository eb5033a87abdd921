"""Saleor's deliveries: whose signature counts, what is answered, and what a delivery wakes."""

import base64
import gzip
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import requests
from sqlalchemy import make_url
from sqlmodel import select

from app.db.tables import EventRow, OrderRow, StoreRow
from tests.clock import MovableClock
from tests.standins import faults
from tests.standins.faults import Fault
from tests.standins.saleor import SigningKey, StandInSaleor
from tests.standins.saleor.orders import global_id
from tests.standins.serving import Answer
from tests.test_web.calls import ORDER_ID, add_store, ask, deliver, error_of, told
from tests.world import World, open_world

RECORDINGS = Path(__file__).parents[1] / "recordings"
JWKS = (RECORDINGS / "jwks.json").read_text()
ORDER_EVENTS = {
    "OrderCreated",
    "OrderPaid",
    "OrderFullyPaid",
    "OrderRefunded",
    "OrderFullyRefunded",
    "OrderUpdated",
    "OrderCancelled",
    "OrderFulfilled",
}


def recordings(pattern: str, *, of: set[str] | None = None) -> list[Any]:
    """Load recorded deliveries, as parameters named by their files."""
    loaded = [(path.stem, json.loads(path.read_text())) for path in sorted(RECORDINGS.glob(pattern))]
    return [
        pytest.param(recorded, id=name)
        for name, recorded in loaded
        if of is None or json.loads(recorded["body"])["__typename"] in of
    ]


NOT_HEARD = {"OrderConfirmed", "OrderMetadataUpdated"}


def replay(world: World, recorded: dict[str, Any], *, to: str = "orders") -> requests.Response:
    """Send a recorded delivery byte for byte."""
    headers = {name: value for name, value in recorded["headers"].items() if name not in {"Host", "Content-Length"}}
    return ask(world, "POST", f"/api/webhooks/{to}", data=recorded["body"].encode(), headers=headers)


def orders(world: World) -> list[OrderRow]:
    return world.orders()


def order(world: World) -> OrderRow:
    return world.order(ORDER_ID)


def events(world: World) -> dict[str, int]:
    with world.services.database.reading() as session:
        return {event.type: event.count for event in session.exec(select(EventRow))}


def jws(key: SigningKey, body: bytes, middle: str = "", **changes: Any) -> str:
    """Sign a body under a header with changes; a change to None leaves the member out."""
    header = {"alg": "RS256", "b64": False, "crit": ["b64"], "kid": key.kid, "typ": "JWT"} | changes
    head = encoded(json.dumps({name: value for name, value in header.items() if value is not None}).encode())
    return f"{head}.{middle}.{encoded(key._sign(head.encode() + b'.' + body))}"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def raw(world: World) -> bytes:
    return json.dumps(told(world)).encode()


# What a real Saleor sent


@pytest.fixture
def recorded_shop(site: World) -> World:
    add_store(site, jwks=JWKS)
    return site


@pytest.mark.parametrize("recorded", recordings("order_*.json", of=ORDER_EVENTS))
def test_a_recorded_order_event_is_verified_and_wakes_its_order(recorded_shop: World, recorded: dict[str, Any]) -> None:
    answer = replay(recorded_shop, recorded)

    body = json.loads(recorded["body"])
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    [woken] = orders(recorded_shop)
    assert woken.saleor_order_id == body["order"]["id"]
    assert woken.told_at == datetime.fromisoformat(body["order"]["updatedAt"])
    assert events(recorded_shop) == {body["__typename"]: 1}


@pytest.mark.parametrize("recorded", recordings("order_*.json", of=NOT_HEARD))
def test_a_recorded_event_that_nobody_subscribed_to_is_verified_and_refused(
    recorded_shop: World, recorded: dict[str, Any]
) -> None:
    assert error_of(replay(recorded_shop, recorded)) == (400, "BAD_REQUEST")
    assert orders(recorded_shop) == []


@pytest.mark.parametrize("recorded", recordings("order_*.json"))
def test_a_recorded_event_with_one_more_byte_is_refused(recorded_shop: World, recorded: dict[str, Any]) -> None:
    altered = {**recorded, "body": recorded["body"] + " "}

    assert replay(recorded_shop, altered).status_code in {401, 503}
    assert orders(recorded_shop) == []


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("app_deleted", "deleted"),
        ("app_status_changed.deactivated", "inactive"),
        ("app_status_changed.activated", "active"),
    ],
)
def test_a_recorded_event_of_the_app_is_followed(site: World, name: str, state: str) -> None:
    add_store(site, jwks=JWKS, app_id="QXBwOjM=")
    recorded = json.loads((RECORDINGS / f"{name}.json").read_text())

    assert replay(site, recorded, to="app").status_code == 200
    assert site.store().state == state


def test_no_recording_was_forgotten() -> None:
    assert len(recordings("order_*.json", of=ORDER_EVENTS)) + len(recordings("order_*.json", of=NOT_HEARD)) == 33


# Whose signature counts


def refuses(world: World, signature: str, body: bytes) -> None:
    """The delivery is refused for good, and nothing came of it."""
    answer = deliver(world, body, signature=signature)
    assert error_of(answer) == (401, "SIGNATURE_VERIFICATION_FAILED")
    assert orders(world) == []


def test_a_signed_delivery_is_taken(shop: World) -> None:
    answer = deliver(shop, told(shop))

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert order(shop).wakes == 1


def test_a_delivery_signed_with_another_key_under_the_right_name_is_refused(shop: World) -> None:
    body = raw(shop)

    refuses(shop, jws(SigningKey(), body, kid=shop.saleor.key.kid), body)


def test_a_delivery_signed_with_another_key_is_refused(shop: World) -> None:
    body = raw(shop)

    refuses(shop, SigningKey().sign_detached(body), body)


@pytest.mark.parametrize("where", [0, 2])
def test_an_altered_signature_is_refused(shop: World, where: int) -> None:
    body = raw(shop)
    parts = shop.saleor.key.sign_detached(body).split(".")
    parts[where] = parts[where][:20] + ("A" if parts[where][20] != "A" else "B") + parts[where][21:]

    refuses(shop, ".".join(parts), body)


def test_an_altered_body_is_refused(shop: World) -> None:
    body = raw(shop)

    refuses(shop, shop.saleor.key.sign_detached(body), body.replace(b"60.0", b"90.0"))


def test_the_signature_of_another_delivery_is_refused(shop: World) -> None:
    other = json.dumps(told(shop, userEmail="other@example.com")).encode()

    refuses(shop, shop.saleor.key.sign_detached(other), raw(shop))


def test_a_delivery_without_a_signature_is_refused(shop: World) -> None:
    answer = deliver(shop, told(shop), Saleor_Signature=None, X_Saleor_Signature=None)

    assert error_of(answer) == (401, "SIGNATURE_VERIFICATION_FAILED")
    assert orders(shop) == []


def test_the_old_name_of_the_signatures_header_does_not_count(shop: World) -> None:
    assert error_of(deliver(shop, told(shop), Saleor_Signature=None)) == (401, "SIGNATURE_VERIFICATION_FAILED")


def test_a_customers_token_is_no_signature(shop: World) -> None:
    refuses(shop, shop.saleor.user_token(), raw(shop))


def test_a_staff_members_token_is_no_signature(shop: World) -> None:
    refuses(shop, shop.saleor.user_token(is_staff=True), raw(shop))


def test_the_dashboards_token_is_no_signature(shop: World) -> None:
    refuses(shop, shop.saleor.dashboard_token(shop.store().app_id or ""), raw(shop))


def test_a_token_whose_claims_are_a_delivery_is_no_signature(shop: World) -> None:
    body = told(shop)

    refuses(shop, shop.saleor.key.sign_token(body), json.dumps(body).encode())


@pytest.mark.parametrize(
    "changes",
    [
        {"b64": True},
        {"b64": None},
        {"b64": 0},
        {"b64": "false"},
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "RS512"},
        {"alg": "rs256"},
        {"alg": None},
        {"crit": None},
        {"crit": []},
        {"crit": "b64"},
        {"crit": ["b64", "exp"]},
        {"crit": ["exp"]},
        {"kid": None},
        {"kid": 5},
        {"kid": ["a"]},
    ],
    ids=str,
)
def test_a_rightly_signed_header_of_another_kind_is_refused(shop: World, changes: dict[str, Any]) -> None:
    body = raw(shop)

    refuses(shop, jws(shop.saleor.key, body, **changes), body)


def test_the_public_key_is_no_shared_secret(shop: World) -> None:
    body = raw(shop)
    head = encoded(json.dumps({"alg": "HS256", "b64": False, "crit": ["b64"], "kid": shop.saleor.key.kid}).encode())
    public = shop.saleor.key.jwks()["keys"][0]["n"].encode()
    forged = encoded(hmac.new(public, head.encode() + b"." + body, hashlib.sha256).digest())

    refuses(shop, f"{head}..{forged}", body)


@pytest.mark.parametrize(
    "shape",
    [
        "{head}",
        "{head}.{tail}",
        "{head}...{tail}",
        "{head}..{tail}.",
        "{head}.{body}.{tail}",
        "{head}.A.{tail}",
        "{head}. .{tail}",
        "..{tail}",
        "{head}..",
        "!!..{tail}",
        "W10..{tail}",
        "bnVsbA..{tail}",
        "{deep}..{tail}",
        "{head}..{tail}{long}",
        "{digest}",
    ],
)
def test_a_signature_of_another_shape_is_refused(shop: World, shape: str) -> None:
    body = raw(shop)
    head, _, tail = shop.saleor.key.sign_detached(body).split(".")
    digest = hashlib.sha256(body).hexdigest()

    refuses(
        shop,
        shape.format(head=head, tail=tail, body=encoded(body), deep=encoded(b"[" * 3000), long="A" * 8000, digest=digest),
        body,
    )


def test_a_shape_that_no_key_could_mend_asks_nobody(shop: World) -> None:
    asked = shop.saleor.counts["jwks"]

    deliver(shop, told(shop), signature=shop.saleor.user_token())
    deliver(shop, told(shop), signature="garbage")

    assert shop.saleor.counts["jwks"] == asked


def test_an_attached_signature_over_an_encoded_body_is_refused(shop: World) -> None:
    body = raw(shop)
    head = encoded(json.dumps({"alg": "RS256", "kid": shop.saleor.key.kid}).encode())
    signed = f"{head}.{encoded(body)}"

    refuses(shop, f"{signed}.{encoded(shop.saleor.key._sign(signed.encode()))}", body)


# Keys that change


def test_a_changed_key_is_asked_for_and_kept(shop: World) -> None:
    asked = shop.saleor.counts["jwks"]
    shop.saleor.rotate_key()

    first, second = deliver(shop, told(shop)), deliver(shop, told(shop))

    assert (first.status_code, second.status_code) == (200, 200)
    assert shop.saleor.counts["jwks"] == asked + 1
    assert json.loads(shop.store().jwks or "") == shop.saleor.key.jwks()


def test_after_a_change_the_old_key_counts_no_more(shop: World, signing_key: SigningKey) -> None:
    body = raw(shop)
    old = shop.saleor.key.sign_detached(body)
    shop.saleor.rotate_key()
    deliver(shop, told(shop, userEmail="other@example.com"))
    shop.clock.advance(minutes=2)

    answer = deliver(shop, body, signature=old)

    assert error_of(answer) == (401, "SIGNATURE_VERIFICATION_FAILED")


def test_unknown_keys_are_asked_for_once_a_minute_and_the_others_are_told_to_come_again(shop: World) -> None:
    asked = shop.saleor.counts["jwks"]

    answers = [deliver(shop, raw(shop), signature=SigningKey().sign_detached(raw(shop))) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [401, 503, 503]
    assert shop.saleor.counts["jwks"] == asked + 1


def test_a_known_key_is_served_while_unknown_ones_must_wait(shop: World) -> None:
    for _ in range(2):
        deliver(shop, raw(shop), signature=SigningKey().sign_detached(raw(shop)))

    assert deliver(shop, told(shop)).status_code == 200


def test_a_key_changed_within_the_minute_is_taken_at_the_next_attempt(shop: World) -> None:
    deliver(shop, raw(shop), signature=SigningKey().sign_detached(raw(shop)))
    shop.saleor.rotate_key()
    body = raw(shop)
    early = deliver(shop, body)

    shop.clock.advance(seconds=61)
    late = deliver(shop, body)

    assert (early.status_code, late.status_code) == (503, 200)


@pytest.mark.parametrize(
    "fault",
    [faults.status(500), faults.status(404), faults.html(), faults.cut(), faults.status(200, {"keys": []})],
    ids=["500", "404", "html", "cut", "empty"],
)
def test_keys_that_cannot_be_had_now_are_no_refusal_for_good(shop: World, fault: Fault) -> None:
    before = shop.store().jwks
    shop.saleor.rotate_key()
    shop.saleor.faults.always(fault, on="jwks")

    answer = deliver(shop, told(shop))

    assert error_of(answer) == (503, "UNAVAILABLE")
    assert answer.headers["Retry-After"].isdecimal()
    assert shop.store().jwks == before


def test_a_store_without_keys_asks_for_them(shop: World) -> None:
    shop.change_store(jwks=None)

    assert deliver(shop, told(shop)).status_code == 200


# What a process remembers of a store between deliveries


@pytest.fixture
def remembered(shop: World) -> World:
    """A shop whose keys this process has in memory. Everything after this is changed past it, as by another process."""
    assert deliver(shop, told(shop, id=global_id("Order", str(UUID(int=99))))).status_code == 200
    return shop


def test_a_store_that_another_process_has_removed_is_refused_at_once(remembered: World) -> None:
    body = told(remembered)
    remembered.change_store(state="deleted", token_sealed=None, app_id=None, jwks=None)

    assert error_of(deliver(remembered, body)) == (401, "NOT_REGISTERED")
    assert len(orders(remembered)) == 1


def test_a_key_that_another_process_has_replaced_counts_no_more(remembered: World) -> None:
    body, old = raw(remembered), remembered.saleor.key.sign_detached(raw(remembered))
    remembered.saleor.rotate_key()
    remembered.change_store(jwks=json.dumps(remembered.saleor.key.jwks()), jwks_asked_at=remembered.clock())

    assert deliver(remembered, body, signature=old).status_code == 503
    assert len(orders(remembered)) == 1


def test_a_key_that_another_process_has_fetched_is_not_fetched_again(remembered: World) -> None:
    remembered.saleor.rotate_key()
    remembered.change_store(jwks=json.dumps(remembered.saleor.key.jwks()))
    asked = remembered.saleor.counts["jwks"]

    answers = [deliver(remembered, told(remembered)) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert remembered.saleor.counts["jwks"] == asked


def test_after_another_process_has_installed_the_app_again_only_the_new_app_is_served(remembered: World) -> None:
    old = told(remembered)
    remembered.change_store(app_id="QXBwOjc3")

    assert deliver(remembered, {**old, "recipient": {"id": "QXBwOjc3"}}).status_code == 200
    assert error_of(deliver(remembered, old)) == (401, "SIGNATURE_VERIFICATION_FAILED")


def test_a_store_that_moved_to_another_address_is_not_served_at_the_old_one(remembered: World) -> None:
    body = told(remembered)
    remembered.change_store(saleor_api_url="https://elsewhere.example/graphql/")

    assert error_of(deliver(remembered, body)) == (401, "NOT_REGISTERED")


def test_a_store_that_is_switched_off_still_wakes(remembered: World) -> None:
    remembered.change_store(state="inactive")

    assert deliver(remembered, told(remembered)).status_code == 200
    assert len(orders(remembered)) == 2


# Whose delivery it is


def test_a_delivery_to_another_app_of_the_same_saleor_is_refused(shop: World) -> None:
    body = {**told(shop), "recipient": {"id": "QXBwOjk5"}}

    assert error_of(deliver(shop, body)) == (401, "SIGNATURE_VERIFICATION_FAILED")
    assert orders(shop) == []


@pytest.mark.parametrize("recipient", [None, {}, [], "QXBwOjE=", {"id": None}, {"id": ["QXBwOjE="]}])
def test_a_delivery_to_nobody_is_refused(shop: World, recipient: Any) -> None:
    assert error_of(deliver(shop, {**told(shop), "recipient": recipient})) == (401, "SIGNATURE_VERIFICATION_FAILED")


def test_a_delivery_of_a_store_that_is_not_installed_is_refused(shop: World) -> None:
    answer = deliver(shop, told(shop), Saleor_Api_Url="https://other.example/graphql/")

    assert error_of(answer) == (401, "NOT_REGISTERED")


def test_a_delivery_that_names_no_store_is_refused(shop: World) -> None:
    assert error_of(deliver(shop, told(shop), Saleor_Api_Url=None)) == (401, "NOT_REGISTERED")


def test_a_delivery_of_a_store_that_has_removed_the_app_is_refused(shop: World) -> None:
    body = told(shop)
    shop.change_store(state="deleted", token_sealed=None, app_id=None)

    assert error_of(deliver(shop, body)) == (401, "NOT_REGISTERED")


def test_one_store_cannot_speak_for_another(shop: World, clock: MovableClock) -> None:
    body = told(shop)
    with StandInSaleor(clock, key=SigningKey()) as other:
        assert other.install(f"{shop.url}/api/manifest").ok
        clock.advance(minutes=2)
        raw_body = json.dumps(body).encode()

        answer = deliver(shop, raw_body, signature=other.key.sign_detached(raw_body))

    assert error_of(answer) == (401, "SIGNATURE_VERIFICATION_FAILED")
    assert orders(shop) == []


def test_the_event_is_what_the_signed_body_says_not_the_header(shop: World) -> None:
    deliver(shop, told(shop), Saleor_Event="order_refunded", X_Saleor_Event="order_refunded")

    assert events(shop) == {"OrderPaid": 1}


def test_a_header_cannot_make_an_order_event_of_another(shop: World) -> None:
    answer = deliver(shop, {**told(shop), "__typename": "OrderConfirmed"}, Saleor_Event="order_paid")

    assert error_of(answer) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("typename", [None, "", 5, [], "AppDeleted", "Order", "x" * 500])
def test_a_delivery_of_no_known_type_is_refused(shop: World, typename: Any) -> None:
    assert error_of(deliver(shop, {**told(shop), "__typename": typename})) == (400, "BAD_REQUEST")


# What the body is


@pytest.mark.parametrize(
    "body",
    [b"", b"not json", b"\xff\xfe", b"[]", b'"text"', b"null", b"5", b"[" * 100_000, b'{"a":' * 100_000, b"{} {}"],
    ids=["empty", "text", "no-utf8", "list", "string", "null", "number", "deep-list", "deep-object", "two"],
)
def test_a_signed_body_that_is_no_object_is_refused(shop: World, body: bytes) -> None:
    assert error_of(deliver(shop, body)) == (400, "BAD_REQUEST")


def test_a_packed_body_is_not_unpacked(shop: World) -> None:
    packed = gzip.compress(raw(shop))

    assert error_of(deliver(shop, packed, Content_Encoding="gzip")) == (400, "BAD_REQUEST")
    assert orders(shop) == []


def test_a_body_over_the_limit_is_refused_before_it_is_read(shop: World) -> None:
    answer = deliver(shop, b" " * (1024 * 1024 + 1))

    assert error_of(answer) == (413, "REQUEST_ENTITY_TOO_LARGE")


def test_a_delivery_whose_order_saleor_could_not_show_is_passed_over(shop: World) -> None:
    answer = deliver(shop, {**told(shop), "order": None, "errors": [{"message": "Internal Server Error"}]})

    assert answer.status_code == 200
    assert orders(shop) == []


def test_a_delivery_that_says_nothing_of_an_order_is_passed_over(shop: World) -> None:
    body = told(shop)
    del body["order"]

    assert deliver(shop, body).status_code == 200


@pytest.mark.parametrize("value", [[], "text", 5, True, {}])
def test_an_order_of_another_form_is_refused(shop: World, value: Any) -> None:
    assert error_of(deliver(shop, {**told(shop), "order": value})) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", None),
        ("id", 5),
        ("id", ""),
        ("id", "Order:00000000-0000-0000-0000-000000000007"),
        ("id", global_id("User", "5")),
        ("id", global_id("Order", "5")),
        ("id", global_id("Order", "00000000-0000-0000-0000-000000000007\n")),
        ("id", ORDER_ID.rstrip("=") + "A"),
        ("id", f"{ORDER_ID} "),
        ("id", "x" * 10_000),
        ("updatedAt", None),
        ("updatedAt", ""),
        ("updatedAt", "yesterday"),
        ("updatedAt", 1_700_000_000),
        ("updatedAt", "2026-05-04T09:00:00"),
        ("updatedAt", "2026-13-04T09:00:00+00:00"),
        ("updatedAt", "0001-01-01T00:00:00+23:59"),
        ("status", None),
        ("status", "x" * 65),
        ("status", "\u0000"),
        ("userEmail", 5),
        ("userEmail", "x" * 321),
        ("userEmail", "a\u0000@example.com"),
        ("userEmail", "a\ud800@example.com"),
        ("total", None),
        ("total", {"gross": None}),
        ("total", {"gross": {"amount": None}}),
        ("total", {"gross": {"amount": "60.00"}}),
        ("total", {"gross": {"amount": True}}),
        ("total", {"gross": {"amount": float("nan")}}),
        ("total", {"gross": {"amount": float("inf")}}),
        ("total", {"gross": {"amount": 10**40}}),
        ("subtotal", []),
        ("shippingPrice", {"gross": []}),
        ("totalCharged", 60),
        ("totalRefunded", {}),
    ],
)
def test_an_order_with_a_field_of_another_form_is_refused(shop: World, field: str, value: Any) -> None:
    assert error_of(deliver(shop, told(shop, **{field: value}))) == (400, "BAD_REQUEST")
    assert orders(shop) == []


@pytest.mark.parametrize("amount", [b"1e999999999", b"1e-999999999", b"0." + b"1" * 100, b"1" * 5000])
def test_an_amount_that_no_shop_has_is_refused(shop: World, amount: bytes) -> None:
    body = raw(shop).replace(b"60.0", amount, 1)

    assert error_of(deliver(shop, body)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("email", [None, "", "Mixed.Case@Example.COM", "ü@müller.example", "x" * 320])
def test_an_order_may_have_any_email_or_none(shop: World, email: str | None) -> None:
    assert deliver(shop, told(shop, userEmail=email)).status_code == 200


def test_an_order_may_have_no_email_field_value_and_whole_amounts(shop: World) -> None:
    assert deliver(shop, told(shop, total={"gross": {"amount": 60}}, totalRefunded={"amount": -5.0})).status_code == 200


def test_what_an_app_version_does_not_know_yet_does_not_matter(shop: World) -> None:
    assert deliver(shop, {**told(shop, news=[1, 2]), "issuedAt": "2026-05-04T09:00:00+00:00"}).status_code == 200


def test_a_refusal_repeats_nothing_of_the_body(shop: World) -> None:
    answer = deliver(shop, told(shop, userEmail="shopper@example.com", total=None))

    assert "shopper@example.com" not in answer.text


# What it wakes: on both databases, because the waking is a statement of the database's own


@pytest.fixture
def wakes_on(database_url: str, clock: MovableClock, saleor: StandInSaleor) -> Iterator[World]:
    with open_world(database_url, clock, saleor) as opened:
        opened.install()
        yield opened


def test_an_order_never_seen_is_woken_now(wakes_on: World) -> None:
    before = wakes_on.clock.now

    deliver(wakes_on, told(wakes_on))

    woken = order(wakes_on)
    assert woken.look_at is not None
    assert before < woken.look_at <= wakes_on.clock.now
    assert (woken.wakes, woken.read_at, woken.due, woken.granted) == (1, None, 0, 0)


def test_each_delivery_of_something_new_counts_as_a_wake(wakes_on: World) -> None:
    for charged in (20.0, 40.0, 60.0):
        deliver(wakes_on, told(wakes_on, totalCharged={"amount": charged}))

    assert order(wakes_on).wakes == 3
    assert len(orders(wakes_on)) == 1


def test_a_wake_never_moves_a_look_to_later(wakes_on: World) -> None:
    deliver(wakes_on, told(wakes_on))
    first = order(wakes_on).look_at
    wakes_on.clock.advance(minutes=5)

    deliver(wakes_on, told(wakes_on, status="FULFILLED"))

    assert order(wakes_on).look_at == first


def test_a_wake_brings_a_later_look_forward(wakes_on: World) -> None:
    deliver(wakes_on, told(wakes_on))
    change_order(wakes_on, look_at=wakes_on.clock() + timedelta(days=7))

    deliver(wakes_on, told(wakes_on))

    assert (order(wakes_on).look_at or wakes_on.clock.now) <= wakes_on.clock.now


def test_what_was_told_last_is_the_newest_not_the_latest(wakes_on: World) -> None:
    newest = "2026-05-04T10:00:00.000002+00:00"
    deliver(wakes_on, told(wakes_on, updatedAt=newest))

    deliver(wakes_on, told(wakes_on, updatedAt="2026-05-04T10:00:00.000001+00:00"))

    assert order(wakes_on).told_at == datetime.fromisoformat(newest)


def test_times_of_other_zones_are_compared_as_moments(wakes_on: World) -> None:
    deliver(wakes_on, told(wakes_on, updatedAt="2026-05-04T10:00:00+00:00"))

    deliver(wakes_on, told(wakes_on, updatedAt="2026-05-04T11:30:00+02:00"))

    assert order(wakes_on).told_at == datetime(2026, 5, 4, 10, tzinfo=UTC)


def settled(world: World) -> str:
    """Pay an order and settle it; what Saleor tells of it again is then nothing new."""
    order_id = world.saleor.shop.place_paid_order("60.00", "0.10", shipping="4.90", email="Mixed@Example.com")
    world.deliver()
    assert world.order(order_id).look_at is None
    return order_id


def test_a_delivery_equal_to_what_was_last_read_wakes_nothing(wakes_on: World) -> None:
    order_id = settled(wakes_on)
    before = wakes_on.order(order_id)

    wakes_on.saleor.shop.add_note(order_id)
    [note] = wakes_on.saleor.deliveries.deliver()

    assert note.state.value == "delivered"
    assert wakes_on.order(order_id) == before


@pytest.mark.parametrize("change", ["refund", "cancel", "email"])
def test_a_delivery_that_differs_from_what_was_last_read_wakes_the_order(wakes_on: World, change: str) -> None:
    order_id = settled(wakes_on)
    changes = {
        "refund": lambda: wakes_on.saleor.till.refund(order_id, "0.01"),
        "cancel": lambda: wakes_on.saleor.shop.cancel(order_id),
        "email": lambda: wakes_on.saleor.shop.change_email(order_id, "mixed@example.com"),
    }

    changes[change]()
    wakes_on.saleor.deliveries.deliver()

    assert wakes_on.order(order_id).look_at is not None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "CANCELED"),
        ("userEmail", "other@example.com"),
        ("total", {"gross": {"amount": 60.01}}),
        ("subtotal", {"gross": {"amount": 59.99}}),
        ("shippingPrice", {"gross": {"amount": 0.01}}),
        ("totalCharged", {"amount": 59.99}),
        ("totalRefunded", {"amount": 0.01}),
    ],
)
def test_each_fact_alone_makes_a_delivery_news(shop: World, field: str, value: Any) -> None:
    facts = "UNFULFILLED|60|60|0|60|0|shopper@example.com"
    deliver(shop, told(shop))
    change_order(shop, read_facts=facts, look_at=None)
    deliver(shop, told(shop))
    assert order(shop).look_at is None

    deliver(shop, told(shop, **{field: value}))

    assert order(shop).look_at is not None


def test_a_replay_changes_nothing_of_a_settled_order(wakes_on: World) -> None:
    order_id = settled(wakes_on)
    before, movements = wakes_on.order(order_id), wakes_on.movements(order_id)

    for delivery in wakes_on.saleor.deliveries.sent:
        wakes_on.saleor.deliveries.resend(delivery)
    wakes_on.settle()

    after = wakes_on.order(order_id)
    assert (after.due, after.granted, after.look_at) == (before.due, before.granted, None)
    assert wakes_on.movements(order_id) == movements


def test_a_replay_of_an_older_state_is_looked_at_and_found_out(wakes_on: World) -> None:
    order_id = settled(wakes_on)
    old = wakes_on.saleor.deliveries.sent[-1]
    wakes_on.saleor.till.refund(order_id, "65")
    wakes_on.deliver()
    granted = wakes_on.order(order_id).granted

    wakes_on.saleor.deliveries.resend(old)
    wakes_on.settle()

    assert wakes_on.order(order_id).granted == granted == 0
    assert wakes_on.order(order_id).look_at is None


def test_events_are_counted_by_order_and_type(wakes_on: World) -> None:
    for kind in ("OrderPaid", "OrderUpdated", "OrderPaid"):
        deliver(wakes_on, {**told(wakes_on), "__typename": kind})

    assert events(wakes_on) == {"OrderPaid": 2, "OrderUpdated": 1}


def test_the_same_order_id_in_two_stores_is_two_orders(shop: World, clock: MovableClock) -> None:
    body = told(shop)
    with StandInSaleor(clock, key=shop.saleor.key) as second:
        assert second.install(f"{shop.url}/api/manifest").ok
        deliver(shop, body)
        deliver(shop, body, Saleor_Api_Url=second.api_url)

    assert len({row.store_id for row in orders(shop)}) == 2


def change_order(world: World, **values: Any) -> None:
    with world.services.database.writing() as session:
        row = session.exec(select(OrderRow)).one()
        for name, value in values.items():
            setattr(row, name, value)
        session.add(row)


# What becomes of the app


def app_told(world: World, kind: str, *, is_active: Any, app_id: str | None = None) -> dict[str, Any]:
    own = world.store().app_id
    return {"__typename": kind, "recipient": {"id": own}, "app": {"id": app_id or own, "isActive": is_active}}


def test_the_end_of_the_app_wipes_its_secrets_and_keeps_the_books(embedded_world: World) -> None:
    order_id = embedded_world.saleor.shop.place_paid_order("60")
    embedded_world.deliver()
    [app] = embedded_world.saleor.apps.installed.values()

    embedded_world.saleor.apps.uninstall(app.id)
    [delivery] = embedded_world.saleor.deliveries.deliver()

    store = embedded_world.store()
    assert delivery.state.value == "delivered"
    assert (store.state, store.token_sealed, store.app_id, store.jwks) == ("deleted", None, None, None)
    assert embedded_world.order(order_id).granted == 60
    assert len(embedded_world.movements(order_id)) == 1


def test_the_end_told_twice_is_told_once(shop: World) -> None:
    body = app_told(shop, "AppDeleted", is_active=False)

    answers = [deliver(shop, body, to="app").status_code for _ in range(2)]

    assert answers == [200, 401]
    assert shop.store().state == "deleted"


def test_the_end_of_an_earlier_installation_does_not_end_a_later_one(shop: World) -> None:
    body = app_told(shop, "AppDeleted", is_active=False)
    [app] = shop.saleor.apps.installed.values()
    shop.saleor.apps.uninstall(app.id)
    shop.install()

    answer = deliver(shop, body, to="app")

    assert error_of(answer) == (401, "SIGNATURE_VERIFICATION_FAILED")
    assert shop.store().state == "active"


def test_a_pause_and_its_end_are_followed(shop: World) -> None:
    [app] = shop.saleor.apps.installed.values()
    states = []

    for switch in (shop.saleor.apps.deactivate, shop.saleor.apps.activate):
        switch(app.id)
        shop.saleor.deliveries.deliver()
        states.append(shop.store().state)

    assert states == ["inactive", "active"]
    assert shop.store().token_sealed is not None


def test_a_paused_stores_orders_wait_and_are_settled_afterwards(shop: World) -> None:
    [app] = shop.saleor.apps.installed.values()
    order_id = shop.saleor.shop.place_paid_order("60")
    shop.saleor.deliveries.deliver()
    shop.saleor.apps.deactivate(app.id)
    shop.deliver()
    paused = shop.order(order_id)

    shop.saleor.apps.activate(app.id)
    shop.deliver()

    assert (paused.granted, paused.look_at is None) == (0, False)
    assert shop.order(order_id).granted == 60


@pytest.mark.parametrize("is_active", [None, "false", 0, {}])
def test_a_change_of_status_that_says_no_status_is_refused(shop: World, is_active: Any) -> None:
    body = app_told(shop, "AppStatusChanged", is_active=is_active)

    assert error_of(deliver(shop, body, to="app")) == (400, "BAD_REQUEST")
    assert shop.store().state == "active"


@pytest.mark.parametrize("app", [None, [], "QXBwOjE=", {}])
def test_a_delivery_about_no_app_is_refused(shop: World, app: Any) -> None:
    body = {**app_told(shop, "AppDeleted", is_active=False), "app": app}

    assert error_of(deliver(shop, body, to="app")) == (400, "BAD_REQUEST")
    assert shop.store().state == "active"


def test_the_end_of_another_app_is_not_ours(shop: World) -> None:
    body = app_told(shop, "AppDeleted", is_active=False, app_id="QXBwOjk5")

    assert error_of(deliver(shop, body, to="app")) == (400, "BAD_REQUEST")
    assert shop.store().state == "active"


def test_an_order_event_at_the_apps_address_is_refused(shop: World) -> None:
    assert error_of(deliver(shop, told(shop), to="app")) == (400, "BAD_REQUEST")
    assert orders(shop) == []


def test_an_unsigned_end_ends_nothing(shop: World) -> None:
    body = app_told(shop, "AppDeleted", is_active=False)

    assert deliver(shop, body, to="app", signature="garbage").status_code == 401
    assert shop.store().state == "active"


# What a retry can mend


def test_a_database_that_is_gone_is_no_refusal_for_good(shop: World) -> None:
    body = told(shop)
    shop.services.database.close()
    path = Path(make_url(shop.settings.database).database or "")
    path.rename(path.with_suffix(".away"))
    path.mkdir()

    answer = deliver(shop, body)
    path.rmdir()

    assert error_of(answer) == (503, "UNAVAILABLE")
    assert answer.headers["Retry-After"].isdecimal()


def test_a_locked_database_is_no_refusal_for_good(shop: World) -> None:
    body = told(shop)
    with shop.services.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=10")
        connection.rollback()
    engine = shop.services.database.engine
    with engine.connect() as locker:
        with engine.connect() as other:
            other.exec_driver_sql("PRAGMA busy_timeout=10")
            other.rollback()
        locker.execution_options(begin_immediate=True).begin()

        answer = deliver(shop, body)
        locker.rollback()

    assert error_of(answer) == (503, "UNAVAILABLE")
    assert deliver(shop, body).status_code == 200


def test_connections_that_the_database_has_ended_are_replaced(
    fresh_postgresql: Callable[[], str], clock: MovableClock, saleor: StandInSaleor
) -> None:
    with open_world(fresh_postgresql(), clock, saleor) as world:
        world.install()
        body = told(world)
        before = deliver(world, body)
        with world.services.database.engine.connect() as connection:
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            connection.exec_driver_sql(f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE {others}")

        answers = [deliver(world, body) for _ in range(2)]

    assert before.status_code == 200
    assert [answer.status_code for answer in answers] == [503, 200]


def test_a_database_without_tables_tells_none_of_its_text(shop: World) -> None:
    body = told(shop)
    with shop.services.database.writing() as session:
        session.connection().exec_driver_sql("DROP TABLE event")

    answer = deliver(shop, body)

    assert answer.status_code >= 500
    assert all(word not in answer.text for word in ("event", "INSERT", ORDER_ID))


@pytest.mark.parametrize("path", ["orders", "app"])
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD"])
def test_only_posts_are_taken(shop: World, path: str, method: str) -> None:
    assert ask(shop, method, f"/api/webhooks/{path}").status_code == 405


def test_saleor_itself_counts_our_answers_as_delivered(shop: World) -> None:
    shop.saleor.shop.place_paid_order("60")

    sent = shop.saleor.deliveries.deliver()

    assert {delivery.state.value for delivery in sent} == {"delivered"}


def test_saleor_delivers_again_what_met_a_fault(shop: World) -> None:
    shop.saleor.rotate_key()
    shop.saleor.faults.once(lambda _act: Answer(500), on="jwks")
    order_id = shop.saleor.shop.place_order("60")
    shop.saleor.till.mark_as_paid(order_id)
    shop.saleor.deliveries.deliver()
    assert orders(shop) == []

    shop.clock.advance(seconds=70)
    shop.saleor.deliveries.retry_failed()

    assert len(orders(shop)) == 1


def test_the_stores_row_is_not_needed_to_stay_as_it_was_read(shop: World) -> None:
    shop.saleor.rotate_key()
    shop.change_store(name="A shop with a new name")

    deliver(shop, told(shop))

    with shop.services.database.reading() as session:
        assert session.exec(select(StoreRow)).one().name == "A shop with a new name"
