"""A clock that was a day ahead is put back: what it wrote of payments by points holds none of them up."""

from datetime import timedelta

from app.domain.spending import ReturnReason, SpendStage
from app.usecases.operating.housekeeping import do_housekeeping
from tests.standins import faults
from tests.test_spending.paying import PayingShop
from tests.test_spending.test_looking_after import REPORTS, booked, later, look_after


def put_back(shop: PayingShop) -> None:
    shop.world.clock.advance(days=-1)
    do_housekeeping(shop.world.services)
    look_after(shop)


def test_a_payment_that_was_taken_then_is_confirmed_after_two_minutes(shop: PayingShop) -> None:
    shop.world.clock.advance(days=1)
    shop.pay(shop.cart(), "15")

    put_back(shop)
    assert shop.spends()[0].stage == SpendStage.TAKEN
    later(shop, minutes=2)

    assert shop.spends()[0].stage == SpendStage.CONFIRMED


def test_a_checkout_that_was_left_then_gives_back_after_its_hours(shop: PayingShop) -> None:
    shop.world.clock.advance(days=1)
    session = shop.pay(shop.cart(), "15")
    later(shop, minutes=2)
    assert shop.spends()[0].stage == SpendStage.CONFIRMED

    put_back(shop)
    later(shop, minutes=2)
    later(shop, hours=24)

    assert booked(shop, session) == (0, 15)
    assert shop.points() == (2_000, 0)


def test_a_payment_for_which_saleor_did_not_answer_then_is_confirmed(shop: PayingShop) -> None:
    shop.pay(shop.cart(), "15")
    shop.world.clock.advance(days=1)
    shop.world.saleor.faults.always(faults.cut(), on=REPORTS)
    look_after(shop)
    shop.world.saleor.mend()
    assert shop.spends()[0].failures == 1

    put_back(shop)
    later(shop, minutes=2)

    assert shop.spends()[0].stage == SpendStage.CONFIRMED


def test_what_was_paid_above_the_total_then_comes_back_after_an_hour(shop: PayingShop) -> None:
    checkout_id = shop.cart("10", "5")
    session = shop.pay(checkout_id)
    shop.world.saleor.checkouts.change_lines(checkout_id, "10")
    shop.world.saleor.checkouts.complete(checkout_id)
    shop.world.clock.advance(days=1)
    look_after(shop)
    assert shop.spends()[0].overcharged_since is not None

    put_back(shop)
    later(shop, minutes=2)
    later(shop, hours=1)

    assert booked(shop, session) == (10, 5)
    assert shop.returns()[0].why == ReturnReason.OVERCHARGED


def test_a_payment_that_needs_a_person_is_looked_at_within_a_day(shop: PayingShop) -> None:
    shop.pay(shop.cart(), "15")
    shop.world.saleor.apps.permit(shop.world.store().app_id or "", "MANAGE_ORDERS")
    shop.world.clock.advance(days=1)
    look_after(shop)
    assert shop.spends()[0].problem_code == "permission"

    put_back(shop)

    look_at = shop.spends()[0].look_at
    assert look_at is not None
    assert look_at <= shop.world.clock() + timedelta(minutes=2)


def test_nothing_is_written_where_all_is_right(shop: PayingShop) -> None:
    shop.pay(shop.cart(), "15")
    shop.pay(shop.cart(), "1")
    later(shop, minutes=2)
    before = shop.spends()

    do_housekeeping(shop.world.services)

    assert shop.spends() == before
