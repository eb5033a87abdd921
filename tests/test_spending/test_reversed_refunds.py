"""A refund gave points back, and Saleor notes later that it failed or was reversed: the points are taken again."""

from datetime import timedelta

import pytest

from app.domain.spending import SpendStage
from app.usecases.moving.move_waiting import move_waiting
from tests.test_spending.conftest import give
from tests.test_spending.paying import ADA, PayingShop
from tests.test_spending.test_looking_after import later, look_after
from tests.test_spending.test_refund_requests import refund


def refunded_order(shop: PayingShop, amount: str | None = None) -> str:
    """Pay an order of 15.00 by points, and refund it whole or in part; gives the transaction."""
    checkout_id = shop.cart("15")
    session = shop.pay(checkout_id)
    shop.world.saleor.checkouts.complete(checkout_id)
    later(shop, minutes=2)
    refund(shop, session.transaction.id, amount)
    later(shop, minutes=2)
    shop.world.deliver()
    return session.transaction.id


def undo(shop: PayingShop, transaction_id: str, kind: str = "REFUND_REVERSE") -> None:
    """Let Saleor note that the newest refund did not happen, and the app hear of it."""
    app = next(one for one in shop.world.saleor.apps.installed.values() if one.is_active)
    back = shop.returns()[-1]
    shop.world.clock.advance(seconds=1)
    amount = back.amount_units / 100
    shop.world.saleor.payments.report(app, transaction_id, kind, str(back.reference), amount)
    shop.world.deliver()


@pytest.mark.parametrize("kind", ["REFUND_REVERSE", "REFUND_FAILURE"])
def test_the_points_of_a_refund_that_did_not_happen_are_taken_again(shop: PayingShop, kind: str) -> None:
    transaction_id = refunded_order(shop)
    assert (shop.points(), shop.spends()[0].stage) == ((2_000, 0), SpendStage.RETURNED)

    undo(shop, transaction_id, kind)
    look_after(shop)

    assert shop.points() == (500, 1_500)
    [spend], [back] = shop.spends(), shop.returns()
    assert (spend.stage, spend.returned_points, spend.look_at, spend.ended_at) == (SpendStage.ON_ORDER, 0, None, None)
    assert (back.cancelled_at is not None, back.taken_again_points) == (True, 1_500)
    assert shop.differences() == []


def test_after_that_it_can_be_refunded_again(shop: PayingShop) -> None:
    transaction_id = refunded_order(shop)
    undo(shop, transaction_id)
    look_after(shop)

    refund(shop, transaction_id, "5")
    assert shop.points() == (1_000, 1_000)
    refund(shop, transaction_id, "10")

    assert shop.points() == (2_000, 0)
    assert shop.spends()[0].stage == SpendStage.RETURNED
    assert shop.differences() == []


def test_what_the_customer_has_spent_meanwhile_is_owed_and_taken_later(shop: PayingShop) -> None:
    transaction_id = refunded_order(shop)
    shop.pay(shop.cart("60"), "18")
    assert shop.points() == (200, 1_800)

    undo(shop, transaction_id)
    look_after(shop)

    assert shop.points() == (0, 2_000)
    begun = shop.returns()[0].cancelled_at
    assert begun is not None
    assert shop.spends()[0].look_at == begun + timedelta(hours=1)
    give(shop.world, ADA, 500)
    assert shop.pay(shop.cart("60"), "1").data["code"] == "no_points", "what is owed cannot be spent"
    later(shop, hours=1)
    assert shop.points() == (0, 2_500)
    assert shop.returns()[0].taken_again_points == 700
    assert shop.differences() == []


def test_a_later_refund_is_set_against_what_is_owed(shop: PayingShop) -> None:
    transaction_id = refunded_order(shop)
    shop.pay(shop.cart("60"), "20")
    undo(shop, transaction_id)
    look_after(shop)
    assert shop.points() == (0, 2_000)

    refund(shop, transaction_id)

    assert shop.points() == (0, 2_000)
    assert shop.spends()[0].stage == SpendStage.RETURNED
    assert shop.returns()[0].taken_again_points == 1_500
    assert shop.differences() == []


def test_where_the_store_lets_balances_fall_below_zero_all_is_taken_at_once(shop: PayingShop) -> None:
    shop.world.change_store(debt_policy="negative")
    transaction_id = refunded_order(shop)
    shop.pay(shop.cart("60"), "18")

    undo(shop, transaction_id)
    look_after(shop)

    assert shop.points() == (-1_300, 3_300)
    assert shop.differences() == []


def test_a_part_that_did_not_happen_is_taken_again(shop: PayingShop) -> None:
    transaction_id = refunded_order(shop, "5")
    assert shop.points() == (1_000, 1_000)

    undo(shop, transaction_id)
    look_after(shop)

    assert shop.points() == (500, 1_500)
    assert int(shop.world.saleor.payments[transaction_id].charged) == 15


def test_points_at_coggins_are_taken_again(elsewhere: PayingShop) -> None:
    transaction_id = refunded_order(elsewhere)
    move_on(elsewhere)
    assert elsewhere.points() == (2_000, 0)

    undo(elsewhere, transaction_id)
    move_on(elsewhere)

    assert elsewhere.points() == (500, 0)
    assert elsewhere.spends()[0].stage == SpendStage.ON_ORDER
    assert elsewhere.returns()[0].taken_again_points == 1_500
    assert elsewhere.differences() == []


def test_of_what_is_left_at_coggins_all_is_taken_and_the_rest_later(elsewhere: PayingShop) -> None:
    transaction_id = refunded_order(elsewhere)
    move_on(elsewhere)
    assert elsewhere.world.coggins is not None
    elsewhere.world.coggins.adjust(ADA, -1_800)

    undo(elsewhere, transaction_id)
    move_on(elsewhere)
    assert elsewhere.points() == (0, 0)
    elsewhere.world.coggins.adjust(ADA, 2_000)
    later(elsewhere, hours=1)
    move_on(elsewhere)

    assert elsewhere.points() == (700, 0)
    assert elsewhere.differences() == []


def move_on(shop: PayingShop) -> None:
    for _ in range(3):
        look_after(shop)
        while move_waiting(shop.world.services):
            pass
        shop.world.clock.advance(minutes=10)
