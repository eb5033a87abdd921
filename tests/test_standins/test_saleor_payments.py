"""Payments of an app at the stand-in do what a running Saleor was seen to do: charging."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from tests.standins.saleor.orders import Order
from tests.standins.saleor.refusals import Refusal
from tests.test_standins.paying import Paying, answers, charges, fails, hangs_up

NOT_DELIVERED = "Failed to delivery request."
COMPLETE = "mutation Complete($id: ID!) { checkoutComplete(id: $id) { order { id } errors { code message } } }"
INITIALIZE = """
mutation Pay($id: ID!, $amount: PositiveDecimal, $key: String, $gateway: PaymentGatewayToInitialize!) {
  transactionInitialize(id: $id, amount: $amount, idempotencyKey: $key, paymentGateway: $gateway) {
    transaction { id chargedAmount { amount } createdBy { ... on App { identifier } } }
    transactionEvent { type pspReference message }
    data
    errors { field code message }
  }
}
"""
GATEWAY = {"id": "points.example", "data": {"use": True}}
GATEWAYS = """
mutation Gateways($id: ID!) {
  paymentGatewayInitialize(id: $id, paymentGateways: [{id: "points.example"}, {id: "another.example"}]) {
    gatewayConfigs { id data errors { code } }
    errors { code }
  }
}
"""


def cart(paying: Paying, *prices: str, **details: str) -> str:
    """Make a cart of a customer with an account."""
    paying.saleor.shop.register_customer("ada@example.com")
    return paying.saleor.checkouts.create(*(prices or ("60",)), **{"user": "ada@example.com", **details})


def begin(paying: Paying, **variables: Any) -> dict[str, Any]:
    """Call transactionInitialize as a storefront does."""
    answer: dict[str, Any] = paying.installed.ask(INITIALIZE, gateway=GATEWAY, **variables)["data"]["transactionInitialize"]
    return answer


def balance(paying: Paying, checkout_id: str) -> Decimal:
    return paying.saleor.checkouts[checkout_id].balance


def test_what_the_app_charges_lowers_what_is_due_and_not_the_price(paying: Paying) -> None:
    paying.app.answer = charges("one")
    checkout_id = cart(paying)

    transaction = paying.pay(checkout_id, "15")

    assert transaction.charged == 15
    assert balance(paying, checkout_id) == -45
    assert paying.saleor.checkouts[checkout_id].total.gross == 60


def test_the_app_is_told_whose_checkout_it_is_and_who_asks(paying: Paying) -> None:
    checkout_id = cart(paying, email="somebody.else@example.com")
    ada = paying.saleor.shop.customer_with("ada@example.com")
    assert ada is not None

    paying.installed.ask(
        INITIALIZE, gateway=GATEWAY, token=paying.saleor.user_token(email="ada@example.com"), id=checkout_id, key="k"
    )

    [told] = paying.app.asked
    assert told["issuingPrincipal"] == {"__typename": "User", "id": ada.id, "email": "ada@example.com"}
    assert told["sourceObject"]["user"] == {"id": ada.id, "email": "ada@example.com", "isConfirmed": True, "isActive": True}
    assert told["sourceObject"]["email"] == "somebody.else@example.com"
    assert told["sourceObject"]["totalBalance"] == {"amount": -60.0}
    assert told["action"] == {"amount": 60.0, "currency": "USD", "actionType": "CHARGE"}
    assert (told["idempotencyKey"], told["data"]) == ("k", {"use": True})
    assert told["merchantReference"] == told["transaction"]["id"]


def test_a_stranger_may_ask_and_a_checkout_of_nobody_has_no_user(paying: Paying) -> None:
    checkout_id = paying.saleor.checkouts.create("60", email="ada@example.com")

    begin(paying, token="no token", id=checkout_id)

    [told] = paying.app.asked
    assert told["issuingPrincipal"] is None
    assert told["sourceObject"]["user"] is None


@pytest.mark.parametrize("answered", ["5", "25"])
def test_another_amount_is_booked_as_it_is_answered(paying: Paying, answered: str) -> None:
    paying.app.answer = charges("one", answered)

    assert paying.pay(cart(paying), "15").charged == Decimal(answered)


def test_saleor_caps_nothing(paying: Paying) -> None:
    paying.app.answer = charges("one")

    assert paying.pay(cart(paying), "999").charged == 999


@pytest.mark.parametrize(
    ("channel", "asked", "booked"),
    [
        ("default-channel", "1.005", "1.00"),
        ("default-channel", "1.015", "1.02"),
        ("default-channel", "0.004", "0"),
        ("japan", "100.5", "100"),
        ("kuwait", "1.2345", "1.234"),
    ],
)
def test_amounts_are_rounded_half_to_even(paying: Paying, channel: str, asked: str, booked: str) -> None:
    paying.app.answer = charges("one")

    assert paying.pay(cart(paying, "2000", channel=channel), asked).charged == Decimal(booked)


def test_the_same_key_asks_again_and_the_same_reference_counts_once(paying: Paying) -> None:
    checkout_id = cart(paying)
    paying.app.answer = charges("one")
    first = paying.pay(checkout_id, "15", key="k")

    again = paying.pay(checkout_id, "15", key="k")

    assert len(paying.app.asked) == 2
    assert (again.id, again.charged) == (first.id, Decimal(15))


def test_the_same_key_with_another_reference_counts_twice(paying: Paying) -> None:
    checkout_id = cart(paying)
    paying.app.answer = charges("one")
    paying.pay(checkout_id, "15", key="k")
    paying.app.answer = charges("two")

    assert paying.pay(checkout_id, "15", key="k").charged == 30


def test_two_calls_with_one_key_at_the_same_moment_count_once(paying: Paying) -> None:
    checkout_id = cart(paying)
    paying.app.answer = charges("one")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _turn: paying.pay(checkout_id, "15", key="k"), range(2)))

    assert balance(paying, checkout_id) == -45


def test_a_key_serves_one_amount_of_one_checkout(paying: Paying) -> None:
    checkout_id, other = cart(paying), cart(paying)
    paying.app.answer = charges("one")
    paying.pay(checkout_id, "15", key="k")

    for source_id, amount in ((checkout_id, "14"), (other, "15")):
        with pytest.raises(Refusal, match="idempotency key"):
            paying.pay(source_id, amount, key="k")

    assert len(paying.app.asked) == 1


def test_another_key_is_another_transaction(paying: Paying) -> None:
    checkout_id = cart(paying)
    paying.app.answer = charges("one")
    paying.pay(checkout_id, "15", key="k")

    paying.pay(checkout_id, "15", key="l")

    assert balance(paying, checkout_id) == -30


@pytest.mark.parametrize("answer", [hangs_up, fails(503)])
def test_without_an_answer_a_failure_is_noted_and_the_same_key_may_succeed(paying: Paying, answer: object) -> None:
    checkout_id = cart(paying)
    paying.app.answer = answer  # type: ignore[assignment]

    failed = paying.saleor.payments.initialize(checkout_id, paying.gateway, "15", key="k")
    paying.app.answer = charges("one")
    again = paying.pay(checkout_id, "15", key="k")

    assert (failed.event.type, failed.event.message) == ("CHARGE_FAILURE", NOT_DELIVERED)
    assert (again.id, again.charged) == (failed.transaction.id, Decimal(15))


def test_a_refusal_reaches_the_storefront_with_its_data(paying: Paying) -> None:
    checkout_id = cart(paying)
    paying.app.answer = answers(result="CHARGE_FAILURE", message="Not enough.", data={"code": "too_little"})

    answer = begin(paying, id=checkout_id, amount=15)

    assert answer["transactionEvent"] == {"type": "CHARGE_FAILURE", "pspReference": "", "message": "Not enough."}
    assert answer["data"] == {"code": "too_little"}
    assert answer["transaction"]["createdBy"] == {"identifier": "points.example"}


def test_a_success_without_a_reference_is_a_failure(paying: Paying) -> None:
    paying.app.answer = answers(result="CHARGE_SUCCESS", amount=15)

    assert paying.pay(cart(paying), "15").events[0].type == "CHARGE_FAILURE"


def test_what_is_pending_counts_as_paid_and_completes_the_checkout(paying: Paying) -> None:
    checkout_id = cart(paying)
    paying.app.answer = answers(result="CHARGE_REQUEST", pspReference="one", amount=60)

    paying.pay(checkout_id)

    assert balance(paying, checkout_id) == 0
    order = paying.saleor.book[paying.saleor.checkouts.complete(checkout_id)]
    assert (order.charged, order.charge_status) == (Decimal(0), "NONE")


def test_an_app_without_permission_is_not_asked(paying: Paying) -> None:
    checkout_id = cart(paying)
    paying.saleor.apps.permit(paying.installed.app_id, "MANAGE_ORDERS")

    session = paying.saleor.payments.initialize(checkout_id, paying.gateway, "15")

    assert (session.event.type, session.event.message) == ("CHARGE_FAILURE", NOT_DELIVERED)
    assert paying.app.asked == []


def test_an_app_switched_off_is_not_found(paying: Paying) -> None:
    checkout_id = cart(paying)
    paying.saleor.apps.deactivate(paying.installed.app_id)

    answer = paying.installed.ask(INITIALIZE, gateway=GATEWAY, token="no token", id=checkout_id, amount=15)["data"][
        "transactionInitialize"
    ]

    assert [error["code"] for error in answer["errors"]] == ["NOT_FOUND"]


def test_points_and_a_card_side_by_side_make_an_order_of_the_whole(paying: Paying) -> None:
    checkout_id = cart(paying, "100", shipping="5")
    paying.app.answer = charges("points")
    paying.pay(checkout_id, "15")
    paying.app.answer = charges("card")
    paying.pay(checkout_id)

    order = paying.saleor.book[paying.saleor.checkouts.complete(checkout_id)]

    assert (order.total.gross, order.charged, order.charge_status) == (Decimal(105), Decimal(105), "FULL")
    assert [part.charged for part in order.transactions] == [15, 90]
    events = [delivery.event for delivery in paying.saleor.deliveries.queued]
    assert events == ["ORDER_PAID", "ORDER_FULLY_PAID", "ORDER_UPDATED"]


def test_what_is_not_paid_does_not_complete(paying: Paying) -> None:
    checkout_id = cart(paying)
    paying.app.answer = charges("one")
    paying.pay(checkout_id, "14")

    answer = paying.installed.ask(COMPLETE, id=checkout_id)["data"]["checkoutComplete"]

    assert [error["code"] for error in answer["errors"]] == ["CHECKOUT_NOT_FULLY_PAID"]


def test_a_cart_that_shrinks_is_overcharged_and_completes(paying: Paying) -> None:
    checkout_id = cart(paying, "60", "40")
    paying.app.answer = charges("one")
    paying.pay(checkout_id)
    paying.saleor.checkouts.change_lines(checkout_id, "60")

    order = paying.saleor.book[paying.saleor.checkouts.complete(checkout_id)]

    assert (order.charge_status, order.charged - order.total.gross) == ("OVERCHARGED", Decimal(40))


def test_an_unpaid_order_is_charged_like_a_checkout(paying: Paying) -> None:
    order_id = paying.saleor.shop.place_order("60", email="ada@example.com", is_registered=True)
    paying.app.answer = charges("one")
    paying.saleor.deliveries.lose()

    paying.pay(order_id)

    order = paying.saleor.book[order_id]
    assert isinstance(order, Order)
    assert (order.charged, order.status) == (Decimal(60), "UNFULFILLED")
    assert paying.app.asked[0]["sourceObject"]["__typename"] == "Order"
    events = [delivery.event for delivery in paying.saleor.deliveries.queued]
    assert events == ["ORDER_PAID", "ORDER_FULLY_PAID", "ORDER_UPDATED"]


def test_a_channel_may_complete_paid_checkouts_by_itself(paying: Paying) -> None:
    checkout_id = cart(paying)
    paying.app.answer = charges("one")
    paying.pay(checkout_id)
    assert paying.saleor.checkouts.complete_paid() == []

    paying.saleor.checkouts.complete_by_themselves.add("default-channel")
    [order_id] = paying.saleor.checkouts.complete_paid()

    assert paying.saleor.checkouts.complete(checkout_id) == order_id


def test_gateways_say_what_the_app_says_and_who_is_none(paying: Paying) -> None:
    checkout_id = cart(paying)
    paying.app.answer = answers(data={"points": 300})

    answer = paying.installed.ask(GATEWAYS, token="no token", id=checkout_id)["data"]["paymentGatewayInitialize"]

    assert answer["gatewayConfigs"] == [
        {"id": "points.example", "data": {"points": 300}, "errors": []},
        {"id": "another.example", "data": None, "errors": [{"code": "NOT_FOUND"}]},
    ]
    assert paying.app.asked[0]["amount"] == 60


def test_a_lagging_replica_knows_nothing_of_a_charge(paying: Paying) -> None:
    checkout_id = cart(paying)
    before = paying.saleor.clock()
    paying.installed.saleor.book.moment()
    paying.app.answer = charges("one")
    transaction = paying.pay(checkout_id, "15")
    read = "query Read($id: ID!) { transaction(id: $id) { chargedAmount { amount } } }"

    paying.saleor.serve_orders_as_of(before)
    lagging = paying.installed.ask(read, id=transaction.id)["data"]["transaction"]
    paying.saleor.mend()

    assert lagging is None
    assert paying.installed.ask(read, id=transaction.id)["data"]["transaction"] == {"chargedAmount": {"amount": 15.0}}
