"""What Saleor sends becomes a value, or is refused: nothing in between."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.domain.order import Payment, facts_of, first_facts_of
from app.saleor.parsing import is_order_id, parse_order, parse_told
from tests.standins.saleor.orders import global_id

ORDER_ID = global_id("Order", str(UUID(int=7)))
RECORDINGS = sorted((Path(__file__).parents[1] / "recordings").glob("order_*.json"))
REFUSED = (KeyError, TypeError, ValueError, ArithmeticError)


def money(amount: Any) -> dict[str, Any]:
    return {"amount": amount, "currency": "USD"}


def node(**changes: Any) -> dict[str, Any]:
    """Make an order as our query is answered."""
    price = {"gross": money(Decimal("60.00")), "net": money(Decimal("50.42"))}
    return {
        "id": ORDER_ID,
        "number": "21",
        "created": "2026-05-04T09:00:00+00:00",
        "updatedAt": "2026-05-04T09:00:00.000001+00:00",
        "status": "UNFULFILLED",
        "userEmail": "shopper@example.com",
        "user": None,
        "channel": {"slug": "default-channel"},
        "total": price,
        "subtotal": price,
        "shippingPrice": {"gross": money(Decimal(0)), "net": money(Decimal(0))},
        "totalCharged": money(Decimal("60.0")),
        "totalRefunded": money(Decimal("0.0")),
        "transactions": [],
        "payments": [],
        "giftCards": [],
        "original": None,
        "fulfillments": [],
        "events": [],
        "lines": [line()],
        "metafields": {},
        **changes,
    }


def line(**changes: Any) -> dict[str, Any]:
    variant = {"product": {"productType": {"kind": "NORMAL"}}}
    price = {"gross": money(Decimal(60)), "net": money(Decimal("50.42"))}
    return {"id": "T3JkZXJMaW5lOjE=", "quantity": 1, "quantityToFulfill": 1, "totalPrice": price, "variant": variant, **changes}


def transaction(*events: tuple[str, str], charged: str = "60", refunded: str = "0", refund_pending: str = "0") -> dict[str, Any]:
    return {
        "createdBy": None,
        "chargedAmount": money(Decimal(charged)),
        "refundedAmount": money(Decimal(refunded)),
        "refundPendingAmount": money(Decimal(refund_pending)),
        "events": [{"type": kind, "amount": money(Decimal(amount))} for kind, amount in events],
    }


# Ids


def test_the_id_of_an_order_is_known() -> None:
    assert is_order_id(ORDER_ID)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_the_ids_of_real_orders_are_known(path: Path) -> None:
    assert is_order_id(json.loads(json.loads(path.read_text())["body"])["order"]["id"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        ORDER_ID[:-1],
        ORDER_ID + "=",
        ORDER_ID + "\n",
        f" {ORDER_ID}",
        ORDER_ID.replace("=", ""),
        ORDER_ID[:4] + "\n" + ORDER_ID[4:],
        "Order:00000000-0000-0000-0000-000000000007",
        global_id("order", str(UUID(int=7))),
        global_id("Orders", str(UUID(int=7))),
        global_id("OrderLine", str(UUID(int=7))),
        global_id("Order", str(UUID(int=7)) + "0"),
        global_id("Order", str(UUID(int=7)).replace("-", "")),
        global_id("Order", str(UUID(int=2**127)).upper().replace("8", "A")),
        global_id("Order", "1"),
        global_id("Order", ""),
        "é" * 8,
        "A" * 1000,
    ],
)
def test_what_is_no_id_of_an_order_is_known_for_it(text: str) -> None:
    assert not is_order_id(text) or text == ORDER_ID.replace("=", "")


# An order of the API


@pytest.mark.parametrize(
    ("amount", "value"),
    [("0.1", "0.1"), ("155.21", "155.21"), ("1980.0", "1980"), ("0.005", "0.005"), ("33333.333", "33333.333"), ("60", "60")],
)
def test_money_keeps_its_digits(amount: str, value: str) -> None:
    parsed = json.loads(amount, parse_float=Decimal)

    assert parse_order(node(totalCharged=money(parsed))).charged == Decimal(value)


@pytest.mark.parametrize("amount", [0.1, 60.0, "60", None, True, [], Decimal("NaN"), Decimal("Infinity"), Decimal("1e40")])
def test_money_that_is_no_exact_number_is_refused(amount: Any) -> None:
    with pytest.raises(REFUSED):
        parse_order(node(total={"gross": money(amount), "net": money(Decimal(1))}))


def test_a_tenth_thrice_is_three_tenths() -> None:
    tenth = {"gross": money(json.loads("0.1", parse_float=Decimal)), "net": money(Decimal("0.1"))}

    order = parse_order(node(lines=[line(totalPrice=tenth)] * 3))

    assert sum(each.gross for each in order.lines) == Decimal("0.3")


def test_a_refund_that_came_back_may_be_below_zero() -> None:
    assert parse_order(node(totalRefunded=money(Decimal("-5.0")))).refunded == Decimal(-5)


def test_a_line_whose_variant_is_gone_says_nothing_of_earning() -> None:
    assert parse_order(node(lines=[line(variant=None)])).lines[0].earns is None


@pytest.mark.parametrize(("kind", "earns"), [("NORMAL", True), ("GIFT_CARD", False), ("A_NEW_KIND", True)])
def test_gift_cards_do_not_earn(kind: str, earns: bool) -> None:
    variant = {"product": {"productType": {"kind": kind}}}

    assert parse_order(node(lines=[line(variant=variant)])).lines[0].earns is earns


@pytest.mark.parametrize("email", [None, ""])
def test_an_order_without_an_address_has_an_empty_one(email: str | None) -> None:
    assert parse_order(node(userEmail=email)).email == ""


def test_an_address_is_kept_as_it_was_written() -> None:
    assert parse_order(node(userEmail="Mixed.Case@Example.COM")).email == "Mixed.Case@Example.COM"


@pytest.mark.parametrize(("user", "is_registered"), [(None, False), ({"id": "VXNlcjox"}, True)])
def test_an_account_makes_a_registered_customer(user: Any, is_registered: bool) -> None:
    assert parse_order(node(user=user)).is_registered is is_registered


def test_times_are_turned_to_utc() -> None:
    order = parse_order(node(created="2026-05-04T11:00:00+02:00"))

    assert order.created_at == datetime(2026, 5, 4, 9, tzinfo=UTC)
    assert order.created_at.tzinfo is UTC


def test_microseconds_are_kept() -> None:
    assert parse_order(node()).updated_at.microsecond == 1


@pytest.mark.parametrize("kind", ["ORDER_FULLY_PAID", "ORDER_MARKED_AS_PAID"])
def test_the_moment_of_payment_is_the_first_of_its_events(kind: str) -> None:
    events = [{"type": kind, "date": f"2026-05-0{day}T09:00:00+00:00"} for day in (6, 4, 5)]

    assert parse_order(node(events=events)).fully_paid_at == datetime(2026, 5, 4, 9, tzinfo=UTC)


def test_events_of_another_kind_or_without_a_date_are_no_moment() -> None:
    events = [{"type": "PLACED", "date": "2026-05-04T09:00:00+00:00"}, {"type": "ORDER_FULLY_PAID", "date": None}]

    assert parse_order(node(events=events)).fully_paid_at is None


def test_only_successful_charges_count_as_paid() -> None:
    paid = transaction(("CHARGE_SUCCESS", "60"), ("CHARGE_REQUEST", "60"), ("CHARGE_FAILURE", "60"), ("REFUND_SUCCESS", "5"))

    [parsed] = parse_order(node(transactions=[paid])).transactions

    assert parsed.succeeded == Decimal(60)


def test_what_was_charged_back_no_longer_counts_as_paid() -> None:
    paid = transaction(("CHARGE_SUCCESS", "60"), ("CHARGE_BACK", "20"))

    [parsed] = parse_order(node(transactions=[paid])).transactions

    assert parsed.succeeded == Decimal(40)


def test_a_refund_that_was_asked_for_is_read() -> None:
    paid = transaction(("CHARGE_SUCCESS", "60"), ("REFUND_REQUEST", "20"), charged="40", refund_pending="20")

    [parsed] = parse_order(node(transactions=[paid])).transactions

    assert (parsed.charged, parsed.refund_pending, parsed.gone_back) == (Decimal(40), Decimal(20), Decimal(0))


def test_a_negative_charge_is_no_charge() -> None:
    paid = transaction(("CHARGE_SUCCESS", "60"), ("CHARGE_SUCCESS", "-20"))

    [parsed] = parse_order(node(transactions=[paid])).transactions

    assert parsed.succeeded == Decimal(60)


@pytest.mark.parametrize(
    "field", ["id", "number", "created", "updatedAt", "status", "userEmail", "user", "channel", "total", "lines", "transactions"]
)
def test_an_order_without_a_field_is_refused(field: str) -> None:
    broken = node()
    del broken[field]

    with pytest.raises(REFUSED):
        parse_order(broken)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", 5),
        ("number", None),
        ("status", "x" * 65),
        ("created", "yesterday"),
        ("updatedAt", "2026-05-04T09:00:00"),
        ("channel", None),
        ("channel", {"slug": "a\0b"}),
        ("userEmail", "x" * 321),
        ("userEmail", "a\ud800@example.com"),
        ("lines", None),
        ("lines", [None]),
        ("lines", [{}]),
        ("transactions", [{}]),
        ("events", [{}]),
    ],
)
def test_an_order_with_a_field_of_another_form_is_refused(field: str, value: Any) -> None:
    with pytest.raises(REFUSED):
        parse_order(node(**{field: value}))


def test_metadata_that_saleor_leaves_out_is_none() -> None:
    assert parse_order(node(metafields=None)).metadata == {}


# What a webhook tells and what the API answers are the same facts


@pytest.mark.parametrize("amounts", ["60", "60.0", "60.00", "6E+1"])
def test_the_same_money_in_other_digits_is_the_same_fact(amounts: str) -> None:
    price = {"gross": money(Decimal(amounts)), "net": money(Decimal("50.42"))}

    assert parse_told(node(total=price, subtotal=price)).facts == facts_of(parse_order(node()))


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_a_recorded_order_tells_the_first_facts_as_a_read_of_it_would(path: Path) -> None:
    told = json.loads(json.loads(path.read_text())["body"], parse_float=Decimal)["order"]
    same = {name: told[name] for name in ("id", "updatedAt", "status", "userEmail", "total", "subtotal", "shippingPrice")}
    charged = {name: told[name] for name in ("totalCharged", "totalRefunded")}

    assert parse_told(told).first_facts == first_facts_of(parse_order(node(**same, **charged)))


def test_a_webhook_of_an_older_version_tells_the_first_facts_alone() -> None:
    told = parse_told({name: value for name, value in node().items() if name not in {"fulfillments", "payments", "number"}})

    assert (told.facts, told.first_facts) == ("", first_facts_of(parse_order(node())))


def test_who_made_a_payment_is_read() -> None:
    makers = [{"__typename": "User"}, {"__typename": "App"}, None]
    order = parse_order(node(transactions=[{**transaction(), "createdBy": maker} for maker in makers]))

    assert [paid.is_by_staff for paid in order.transactions] == [True, False, False]


def test_payments_in_the_older_way_are_read() -> None:
    payments = [{"gateway": "manual", "capturedAmount": money(Decimal(40))}, {"gateway": "app", "capturedAmount": None}]

    assert parse_order(node(payments=payments)).payments == (Payment("manual", Decimal(40)), Payment("app", Decimal(0)))


def test_gift_cards_and_the_original_are_read() -> None:
    order = parse_order(node(giftCards=[{"id": "R2lmdENhcmQ6MQ=="}], original=ORDER_ID))

    assert (order.has_gift_cards, order.is_replacement) == (True, True)


def test_the_pieces_that_came_back_are_added_up_and_those_replaced_are_not() -> None:
    def fulfillment(status: str, *pieces: tuple[str, int]) -> dict[str, Any]:
        return {"status": status, "lines": [{"quantity": number, "orderLine": {"id": id_}} for id_, number in pieces]}

    order = parse_order(
        node(
            fulfillments=[
                fulfillment("FULFILLED", ("a", 5)),
                fulfillment("RETURNED", ("a", 1), ("b", 2)),
                fulfillment("REFUNDED_AND_RETURNED", ("a", 1)),
                fulfillment("REPLACED", ("a", 1)),
                {"status": "RETURNED", "lines": None},
                {"status": "RETURNED", "lines": [{"quantity": 1, "orderLine": None}]},
            ]
        )
    )

    assert order.returned == (("a", 2), ("b", 2))


@pytest.mark.parametrize(
    ("events", "day"),
    [
        ((("PLACED_FROM_DRAFT", 5), ("NOTE_ADDED", 6)), 5),
        ((("PLACED", 4),), 4),
        ((("PLACED_AUTOMATICALLY_FROM_PAID_CHECKOUT", 3),), 3),
        ((("PLACED", 4), ("PLACED_FROM_DRAFT", 5)), 5),
        ((("NOTE_ADDED", 6),), None),
    ],
)
def test_when_an_order_was_placed_is_read(events: tuple[tuple[str, int], ...], day: int | None) -> None:
    history = [{"type": kind, "date": f"2026-05-0{day_of}T09:00:00+00:00"} for kind, day_of in events]

    placed_at = parse_order(node(events=history)).placed_at

    assert (placed_at.day if placed_at is not None else None) == day
