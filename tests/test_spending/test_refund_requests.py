"""What staff refund of a payment by points comes back as points: as much as is left, once, and exact however it is split."""

from decimal import Decimal

import pytest
import requests
from sqlalchemy import text

from app.domain.spending import SpendStage
from app.usecases.spending.refund import NOTHING_LEFT
from app.web.saleor.payment_requests import NOT_NOW
from tests.standins.saleor.action_requests import Kind
from tests.standins.saleor.app_payments import Session
from tests.test_spending.paying import PayingShop
from tests.waiting import PATIENCE_SECONDS


def paid_order(shop: PayingShop, amount: str = "15", **details: str) -> tuple[str, str]:
    """Pay an order by points alone; gives the order's id and the transaction's."""
    checkout_id = shop.cart(amount, **details)
    session: Session = shop.pay(checkout_id)
    return shop.world.saleor.checkouts.complete(checkout_id), session.transaction.id


def refund(shop: PayingShop, transaction_id: str, amount: str | None = None) -> None:
    shop.world.saleor.requests.ask(transaction_id, amount=amount)
    shop.world.saleor.requests.deliver()


def booked(shop: PayingShop, transaction_id: str) -> tuple[int, int]:
    """Tell what Saleor has as charged and as refunded."""
    transaction = shop.world.saleor.payments[transaction_id]
    return int(transaction.charged), int(transaction.refunded)


def test_a_refund_gives_the_points_back(shop: PayingShop) -> None:
    order_id, transaction_id = paid_order(shop)

    refund(shop, transaction_id, "5")

    assert booked(shop, transaction_id) == (10, 5)
    assert shop.points() == (1_000, 1_000)
    [spend] = shop.spends()
    assert (spend.stage, spend.saleor_order_id, spend.returned_points) == (SpendStage.ON_ORDER, order_id, 500)
    assert shop.differences() == []


def test_four_refunds_of_five_on_fifteen_give_back_fifteen(shop: PayingShop) -> None:
    _order_id, transaction_id = paid_order(shop)
    for _ in range(4):
        shop.world.saleor.requests.ask(transaction_id, amount="5")

    shop.world.saleor.requests.deliver()

    assert booked(shop, transaction_id) == (0, 15)
    assert shop.points() == (2_000, 0)
    assert [back.amount_units for back in shop.returns()] == [500, 500, 500]
    assert len({back.request_event_id for back in shop.returns()}) == 3
    assert shop.world.saleor.payments[transaction_id].events[0].type == "REFUND_FAILURE"
    assert shop.spends()[0].stage == SpendStage.RETURNED


def test_requests_that_nothing_is_left_for_are_refused_under_a_reference_each(shop: PayingShop) -> None:
    _order_id, transaction_id = paid_order(shop, "10")
    for _ in range(3):
        shop.world.saleor.requests.ask(transaction_id, amount="5")
    shop.world.saleor.requests.deliver()

    # Saleor asks for no more than is charged: now for 0.00.
    refund(shop, transaction_id, "5")

    transaction = shop.world.saleor.payments[transaction_id]
    assert booked(shop, transaction_id) == (0, 10)
    assert transaction.refund_pending == 0
    assert shop.points() == (2_000, 0)
    failures = [event for event in transaction.events if event.type == "REFUND_FAILURE"]
    assert [event.message for event in failures] == [NOTHING_LEFT] * 2
    assert {event.amount for event in failures} == {0, 5}
    references = [event.psp_reference for event in failures]
    assert len(set(references)) == 2
    assert all(references)


def test_refunds_that_overlap_give_back_no_more_than_was_paid(shop: PayingShop) -> None:
    _order_id, transaction_id = paid_order(shop)
    for amount in ("10", "10"):
        shop.world.saleor.requests.ask(transaction_id, amount=amount)

    shop.world.saleor.requests.deliver()

    assert booked(shop, transaction_id) == (0, 15)
    assert shop.points() == (2_000, 0)


def test_the_same_delivery_again_is_answered_the_same(shop: PayingShop) -> None:
    _order_id, transaction_id = paid_order(shop)
    request = shop.world.saleor.requests.ask(transaction_id, amount="5")

    shop.world.saleor.requests.deliver()
    shop.world.saleor.requests.send(request)

    assert booked(shop, transaction_id) == (10, 5)
    assert shop.points() == (1_000, 1_000)
    assert len(shop.returns()) == 1


@pytest.mark.parametrize("parts", [("5", "5", "5"), ("0.01", "14.99"), ("7.77", "7.23")])
def test_any_split_of_a_refund_ends_on_all_points(shop: PayingShop, parts: tuple[str, ...]) -> None:
    shop.set_rule(points_per_unit=Decimal(30))
    _order_id, transaction_id = paid_order(shop)

    for part in parts:
        refund(shop, transaction_id, part)

    assert booked(shop, transaction_id) == (0, 15)
    assert shop.points() == (2_000, 0)
    assert shop.differences() == []


def test_a_payment_that_is_being_checked_is_confirmed_by_the_request_itself(shop: PayingShop) -> None:
    _order_id, transaction_id = paid_order(shop)
    with shop.world.services.database.writing() as session:
        [spend] = shop.spends()
        spend.stage = SpendStage.CHECKING
        session.add(spend)

    refund(shop, transaction_id, "5")

    assert shop.points() == (1_000, 1_000)
    assert shop.spends()[0].stage == SpendStage.ON_ORDER


def test_a_refund_of_a_transaction_that_is_not_ours_fails(shop: PayingShop) -> None:
    _order_id, transaction_id = paid_order(shop)
    transaction = shop.world.saleor.payments[transaction_id]
    other = shop.world.saleor.payments.initialize(shop.cart("10"), shop.gateway, "5", by=None).transaction

    shop.world.saleor.payments.report(
        next(app for app in shop.world.saleor.apps.installed.values() if app.is_active), other.id, "CHARGE_SUCCESS", "x", "5"
    )
    refund(shop, other.id)

    assert shop.world.saleor.payments[other.id].events[0].type == "REFUND_FAILURE"
    assert shop.world.saleor.payments[transaction_id] == transaction


def test_a_request_to_cancel_is_refused_in_words(shop: PayingShop) -> None:
    _order_id, transaction_id = paid_order(shop)

    shop.world.saleor.requests.ask(transaction_id, "CANCEL")
    shop.world.saleor.requests.deliver()

    failure = shop.world.saleor.payments[transaction_id].events[0]
    assert (failure.type, failure.message[:22]) == ("CANCEL_FAILURE", "Points are charged at ")
    assert shop.points() == (500, 1_500)


@pytest.mark.parametrize("kind", ["CANCEL", "CHARGE"])
def test_each_request_that_cannot_be_done_is_refused_under_a_reference_of_its_own(shop: PayingShop, kind: Kind) -> None:
    _order_id, transaction_id = paid_order(shop)

    first = shop.world.saleor.requests.ask(transaction_id, kind)
    shop.world.saleor.requests.ask(transaction_id, kind)
    shop.world.saleor.requests.deliver()
    shop.world.saleor.requests.send(first)

    failures = [one for one in shop.world.saleor.payments[transaction_id].events if one.type == f"{kind}_FAILURE"]
    references = [one.psp_reference for one in failures]
    assert all(references)
    assert len(set(references)) == 2
    assert shop.points() == (500, 1_500)


@pytest.mark.parametrize("kind", ["REFUND", "CANCEL", "CHARGE"])
def test_what_cannot_be_answered_now_fails_under_a_reference_of_its_own(shop: PayingShop, kind: Kind) -> None:
    _order_id, transaction_id = paid_order(shop)
    with shop.world.services.database.writing() as session:
        # A statement on this table fails from now on, as if the database were away.
        session.connection().execute(text("ALTER TABLE store RENAME TO store_away"))

    shop.world.saleor.requests.ask(transaction_id, kind)
    shop.world.saleor.requests.deliver()

    failure = shop.world.saleor.payments[transaction_id].events[0]
    assert (failure.type, failure.message) == (f"{kind}_FAILURE", NOT_NOW)
    assert failure.psp_reference


def test_an_empty_body_is_a_failure_that_saleor_does_not_retry(shop: PayingShop) -> None:
    url = f"{shop.world.url}/api/webhooks/payments/refund"
    headers = shop.world.saleor.webhook_headers("TRANSACTION_REFUND_REQUESTED", b"")

    answer = requests.post(url, data=b"", headers=headers, timeout=PATIENCE_SECONDS)

    assert answer.status_code == 400


def test_a_forged_request_moves_nothing(shop: PayingShop) -> None:
    _order_id, transaction_id = paid_order(shop)
    request = shop.world.saleor.requests.ask(transaction_id, amount="5")
    shop.world.clock.advance(minutes=2)
    headers = shop.world.saleor.webhook_headers("TRANSACTION_REFUND_REQUESTED", b"another body")

    answer = requests.post(request.webhook.target_url, data=request.body, headers=headers, timeout=PATIENCE_SECONDS)

    assert answer.status_code == 401
    assert shop.returns() == []
