"""Saleor reverses a part of a refund: as many points are taken again, and the rest stays with the customer."""

import pytest

from app.domain.spending import SpendStage
from tests.test_spending.conftest import give
from tests.test_spending.paying import ADA, PayingShop
from tests.test_spending.test_looking_after import look_after
from tests.test_spending.test_refund_requests import refund
from tests.test_spending.test_reversed_refunds import move_on, refunded_order


def undo_a_part(shop: PayingShop, transaction_id: str, amount: str) -> None:
    """Let Saleor note that so much of the newest refund did not happen, and the app hear of it."""
    app = next(one for one in shop.world.saleor.apps.installed.values() if one.is_active)
    shop.world.clock.advance(seconds=1)
    shop.world.saleor.payments.report(app, transaction_id, "REFUND_REVERSE", str(shop.returns()[-1].reference), amount)
    shop.world.deliver()


def held_in_saleor(shop: PayingShop, transaction_id: str) -> int:
    """Give the smallest units that the transaction holds."""
    return int(shop.world.saleor.payments[transaction_id].charged * 100)


@pytest.mark.parametrize(("amount", "points"), [("5", 1_500), ("0.01", 1_999), ("14.99", 501)])
def test_a_part_of_a_whole_refund(shop: PayingShop, amount: str, points: int) -> None:
    transaction_id = refunded_order(shop)

    undo_a_part(shop, transaction_id, amount)
    look_after(shop)

    [spend] = shop.spends()
    assert shop.points()[0] == points
    assert (spend.stage, spend.problem_code, spend.look_at) == (SpendStage.ON_ORDER, None, None)
    assert spend.amount_units - spend.returned_units == held_in_saleor(shop, transaction_id)
    assert shop.differences() == []


def test_what_was_kept_can_be_refunded_again(shop: PayingShop) -> None:
    transaction_id = refunded_order(shop)
    undo_a_part(shop, transaction_id, "5")
    look_after(shop)

    refund(shop, transaction_id)

    assert (shop.points(), held_in_saleor(shop, transaction_id)) == ((2_000, 0), 0)
    assert shop.spends()[0].stage == SpendStage.RETURNED
    assert shop.differences() == []


def test_what_is_left_of_it_is_told_to_saleor_no_second_time(shop: PayingShop) -> None:
    transaction_id = refunded_order(shop)
    undo_a_part(shop, transaction_id, "5")
    look_after(shop)
    refunds = [event for event in shop.world.saleor.payments[transaction_id].events if event.type == "REFUND_SUCCESS"]

    shop.world.saleor.shop.add_note(shop.world.orders()[0].saleor_order_id)
    shop.world.deliver()
    shop.world.clock.advance(days=2)
    look_after(shop)

    after = [event for event in shop.world.saleor.payments[transaction_id].events if event.type == "REFUND_SUCCESS"]
    assert len(refunds) == len(after) == 1


def test_what_is_not_there_any_more_is_owed(shop: PayingShop) -> None:
    transaction_id = refunded_order(shop)
    shop.pay(shop.cart("60"), "18")
    assert shop.points()[0] == 200

    undo_a_part(shop, transaction_id, "5")
    look_after(shop)
    assert (shop.points()[0], [one.owed for one in shop.returns()]) == (0, [300, 0])
    give(shop.world, ADA, 1_000)
    look_after(shop)

    assert (shop.points()[0], [one.owed for one in shop.returns()]) == (700, [0, 0])
    assert shop.differences() == []


def test_of_two_refunds_one_is_reversed_in_part(shop: PayingShop) -> None:
    transaction_id = refunded_order(shop, "3.33")
    refund(shop, transaction_id, "6.67")
    assert shop.points()[0] == 1_500

    undo_a_part(shop, transaction_id, "2.50")
    look_after(shop)

    assert (shop.points()[0], held_in_saleor(shop, transaction_id)) == (1_250, 750)
    assert shop.differences() == []


def test_points_at_coggins_are_taken_again_in_part(elsewhere: PayingShop) -> None:
    transaction_id = refunded_order(elsewhere)
    move_on(elsewhere)
    assert elsewhere.points() == (2_000, 0)

    undo_a_part(elsewhere, transaction_id, "5")
    move_on(elsewhere)

    assert elsewhere.points() == (1_500, 0)
    [spend] = elsewhere.spends()
    assert (spend.stage, spend.problem_code, spend.amount_units - spend.returned_units) == (SpendStage.ON_ORDER, None, 500)
    assert elsewhere.differences() == []
