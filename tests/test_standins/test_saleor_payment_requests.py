"""Payments of an app at the stand-in do what a running Saleor was seen to do: giving back, and what the app reports."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.standins.saleor.refusals import Refusal
from tests.standins.serving import json_answer
from tests.test_standins.paying import Paying, answers, charges, fails, hangs_up

NOT_DELIVERED = "Failed to delivery request."
REPORT = """
mutation Report($id: ID!, $type: TransactionEventTypeEnum!, $psp: String!, $amount: PositiveDecimal) {
  transactionEventReport(id: $id, type: $type, pspReference: $psp, amount: $amount) {
    alreadyProcessed
    transaction { chargedAmount { amount } refundedAmount { amount } order { id } checkout { id } events { type pspReference } }
    errors { field code }
  }
}
"""


def on_order(paying: Paying, charged: str = "15") -> tuple[str, str]:
    """Pay an order in full by one transaction; returns the order's and the transaction's id."""
    paying.saleor.shop.register_customer("ada@example.com")
    checkout_id = paying.saleor.checkouts.create(charged, user="ada@example.com")
    paying.app.answer = charges("charge")
    transaction = paying.pay(checkout_id)
    order_id = paying.saleor.checkouts.complete(checkout_id)
    paying.saleor.deliveries.lose()
    return order_id, transaction.id


def on_checkout(paying: Paying, charged: str = "60") -> tuple[str, str]:
    paying.saleor.shop.register_customer("ada@example.com")
    checkout_id = paying.saleor.checkouts.create(charged, user="ada@example.com")
    paying.app.answer = charges("charge")
    return checkout_id, paying.pay(checkout_id).id


def sums(paying: Paying, transaction_id: str) -> tuple[int, int]:
    """Return what is charged and what is refunded."""
    transaction = paying.saleor.payments[transaction_id]
    return int(transaction.charged), int(transaction.refunded)


def report(paying: Paying, transaction_id: str, kind: str, psp: str, amount: int | None = None) -> dict[str, Any]:
    answer = paying.installed.ask(REPORT, id=transaction_id, type=kind, psp=psp, amount=amount)
    told: dict[str, Any] = answer["data"]["transactionEventReport"]
    return told


def refunds(psp: str) -> Any:
    return lambda told: json_answer({"result": "REFUND_SUCCESS", "pspReference": psp, "amount": told["action"]["amount"]})


def test_a_request_is_noted_at_once_and_sent_later(paying: Paying) -> None:
    order_id, transaction_id = on_order(paying)
    paying.saleor.requests.ask(transaction_id, amount="5")
    assert len(paying.app.asked) == 1
    assert paying.saleor.payments[transaction_id].events[0].type == "REFUND_REQUEST"
    assert sums(paying, transaction_id) == (15, 0)

    paying.app.answer = refunds("back")
    paying.saleor.requests.deliver()

    assert sums(paying, transaction_id) == (10, 5)
    assert paying.saleor.book[order_id].charge_status == "PARTIAL"
    assert [delivery.event for delivery in paying.saleor.deliveries.queued] == ["ORDER_REFUNDED", "ORDER_UPDATED"]


def test_the_webhook_lists_the_newest_event_first_which_is_its_own(paying: Paying) -> None:
    _order_id, transaction_id = on_order(paying)

    request = paying.saleor.requests.ask(transaction_id, amount="5")
    paying.saleor.requests.deliver()

    told = paying.app.asked[-1]
    assert told["__typename"] == "TransactionRefundRequested"
    assert told["action"] == {"amount": 5.0, "currency": "USD", "actionType": "REFUND"}
    newest = told["transaction"]["events"][0]
    assert newest == {"id": request.event.id, "type": "REFUND_REQUEST", "pspReference": "", "amount": {"amount": 5.0}}


def test_requests_are_not_counted_against_each_other(paying: Paying) -> None:
    _order_id, transaction_id = on_order(paying)
    for _ in range(4):
        paying.saleor.requests.ask(transaction_id, amount="5")
    references = iter(("a", "b", "c", "d"))
    paying.app.answer = lambda _told: json_answer({"pspReference": next(references)})

    paying.saleor.requests.deliver()
    assert sums(paying, transaction_id) == (-5, 0)
    report(paying, transaction_id, "REFUND_FAILURE", "d")

    assert sums(paying, transaction_id) == (0, 0)


def test_no_request_asks_for_more_than_is_charged(paying: Paying) -> None:
    _order_id, transaction_id = on_order(paying)

    request = paying.saleor.requests.ask(transaction_id, amount="20")

    assert request.event.amount == 15


def test_after_an_answer_5xx_the_retry_is_empty_and_signed(paying: Paying) -> None:
    _order_id, transaction_id = on_order(paying)
    paying.app.answer = fails(503)
    paying.saleor.requests.ask(transaction_id, amount="5")
    paying.saleor.requests.deliver()
    assert paying.saleor.payments[transaction_id].events[0].type == "REFUND_REQUEST"

    paying.saleor.requests.retry_failed()

    assert paying.app.bodies_asked[-1] == b""
    failure = paying.saleor.payments[transaction_id].events[0]
    assert (failure.type, failure.counts) == ("REFUND_FAILURE", False)
    assert sums(paying, transaction_id) == (15, 0)


def test_a_time_out_is_a_failure_and_is_not_retried(paying: Paying) -> None:
    _order_id, transaction_id = on_order(paying)
    paying.app.answer = hangs_up
    paying.saleor.requests.ask(transaction_id, amount="5")

    paying.saleor.requests.deliver()

    assert paying.saleor.requests.waiting == []
    failure = paying.saleor.payments[transaction_id].events[0]
    assert (failure.type, failure.message) == ("REFUND_FAILURE", NOT_DELIVERED)


def test_a_report_mends_a_failure_of_saleors_own_making(paying: Paying) -> None:
    _order_id, transaction_id = on_order(paying)
    paying.app.answer = hangs_up
    paying.saleor.requests.ask(transaction_id, amount="5")
    paying.saleor.requests.deliver()

    told = report(paying, transaction_id, "REFUND_SUCCESS", "back", 5)

    assert (told["alreadyProcessed"], told["errors"]) == (False, [])
    assert sums(paying, transaction_id) == (10, 5)


def test_a_reported_charge_mends_a_silence(paying: Paying) -> None:
    checkout_id = paying.saleor.checkouts.create("60")
    paying.app.answer = hangs_up
    transaction_id = paying.pay(checkout_id, "15").id

    report(paying, transaction_id, "CHARGE_SUCCESS", "late", 15)
    again = report(paying, transaction_id, "CHARGE_SUCCESS", "late", 15)
    other = report(paying, transaction_id, "CHARGE_SUCCESS", "late", 14)

    assert again["alreadyProcessed"] is True
    assert [error["code"] for error in other["errors"]] == ["INCORRECT_DETAILS"]
    assert paying.saleor.payments[transaction_id].events[0].type == "CHARGE_FAILURE"
    assert sums(paying, transaction_id) == (15, 0)


def test_information_moves_nothing_and_shows_the_transaction_as_it_is(paying: Paying) -> None:
    _order_id, transaction_id = on_order(paying)
    paying.saleor.serve_orders_as_of(paying.saleor.clock() - timedelta(days=1))

    told = report(paying, transaction_id, "INFO", "look")

    assert told["transaction"]["chargedAmount"] == {"amount": 15.0}
    assert told["transaction"]["events"][0] == {"type": "INFO", "pspReference": "look"}
    assert report(paying, transaction_id, "INFO", "look")["alreadyProcessed"] is False
    assert paying.saleor.deliveries.queued == []


def test_a_refund_may_be_reported_that_nobody_asked_for(paying: Paying) -> None:
    checkout_id, transaction_id = on_checkout(paying)

    told = report(paying, transaction_id, "REFUND_SUCCESS", "back", 60)

    assert told["transaction"]["checkout"] == {"id": checkout_id}
    assert paying.saleor.checkouts[checkout_id].balance == -60
    paying.app.answer = charges("again")
    assert paying.pay(checkout_id).charged == 60


def test_a_reported_refund_can_be_reversed(paying: Paying) -> None:
    order_id, transaction_id = on_order(paying)
    report(paying, transaction_id, "REFUND_SUCCESS", "back", 15)

    told = report(paying, transaction_id, "REFUND_REVERSE", "back")

    assert told["transaction"]["order"] == {"id": order_id}
    assert sums(paying, transaction_id) == (15, 0)


def test_a_checkout_that_became_an_order_is_told_by_the_answer(paying: Paying) -> None:
    order_id, transaction_id = on_order(paying)

    told = report(paying, transaction_id, "INFO", "look")["transaction"]

    assert (told["order"], told["checkout"]) == ({"id": order_id}, None)


def test_cancelling_an_order_asks_for_no_refund(paying: Paying) -> None:
    order_id, transaction_id = on_order(paying)

    paying.saleor.shop.cancel(order_id)

    assert paying.saleor.requests.queued == []
    assert sums(paying, transaction_id) == (15, 0)


def test_reporting_needs_the_permission_and_the_same_app(paying: Paying) -> None:
    _order_id, transaction_id = on_order(paying)
    other = paying.saleor.apps.create("Another", "HANDLE_PAYMENTS")
    variables = {"id": transaction_id, "type": "INFO", "psp": "look"}

    by_another = paying.installed.ask(REPORT, token=other.token, **variables)
    by_staff = paying.installed.ask(REPORT, token=paying.saleor.user_token(is_staff=True), **variables)
    paying.saleor.apps.permit(paying.installed.app_id, "MANAGE_ORDERS")
    without = paying.installed.ask(REPORT, **variables)

    for answer in (by_another, by_staff, without):
        assert answer["errors"][0]["extensions"]["exception"]["code"] == "PermissionDenied"


def test_old_checkouts_are_released_once_where_the_channel_asks_for_it(paying: Paying) -> None:
    checkout_id, transaction_id = on_checkout(paying)
    paying.installed.saleor.clock.advance(hours=7)  # type: ignore[attr-defined]
    assert paying.saleor.requests.release_expired() == []

    paying.saleor.checkouts.release_funds.add("default-channel")
    [request] = paying.saleor.requests.release_expired()
    assert paying.saleor.requests.release_expired() == []
    paying.app.answer = refunds("back")
    paying.saleor.requests.deliver()

    assert request.event.amount == 60
    assert paying.app.asked[-1]["transaction"]["checkout"] == {"id": checkout_id}
    assert paying.app.asked[-1]["issuingPrincipal"] is None
    assert sums(paying, transaction_id) == (0, 60)


def test_a_removed_app_leaves_its_transactions_until_it_is_installed_again(paying: Paying) -> None:
    order_id, transaction_id = on_order(paying)
    checkout_id, _other = on_checkout(paying)
    read = "query Read($id: ID!) { order(id: $id) { transactions { createdBy { ... on App { id } } } } }"
    other = paying.saleor.apps.create("Another", "MANAGE_ORDERS")

    def made_by() -> Any:
        [transaction] = paying.installed.ask(read, token=other.token, id=order_id)["data"]["order"]["transactions"]
        return transaction["createdBy"]

    assert made_by() == {"id": paying.installed.app_id}

    paying.saleor.apps.uninstall(paying.installed.app_id)

    assert made_by() is None
    with pytest.raises(Refusal, match="No app"):
        paying.saleor.requests.ask(transaction_id)
    assert paying.saleor.payments[transaction_id].events[0].type == "REFUND_FAILURE"
    with pytest.raises(Refusal, match="not found"):
        paying.pay(checkout_id)
    assert paying.saleor.book[paying.saleor.checkouts.complete(checkout_id)].charged == 60

    installed = paying.saleor.install(paying.app.manifest_url)

    assert made_by() == {"id": installed.app_id}
    paying.app.answer = refunds("back")
    paying.saleor.requests.ask(transaction_id)
    paying.saleor.requests.deliver()
    assert sums(paying, transaction_id) == (0, 15)


def test_cancel_requests_ask_for_what_is_authorized(paying: Paying) -> None:
    checkout_id = paying.saleor.checkouts.create("60")
    paying.app.answer = answers(result="AUTHORIZATION_SUCCESS", pspReference="hold", amount=20)
    transaction_id = paying.pay(checkout_id, "20", action="AUTHORIZATION").id
    assert paying.saleor.payments[transaction_id].authorized == Decimal(20)

    paying.saleor.requests.ask(transaction_id, "CANCEL")
    paying.app.answer = answers(result="CANCEL_SUCCESS", pspReference="gone", amount=20)
    paying.saleor.requests.deliver()

    assert paying.app.asked[-1]["__typename"] == "TransactionCancelationRequested"
    assert paying.saleor.payments[transaction_id].authorized == Decimal(0)
