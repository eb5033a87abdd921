"""Bad input and bad days while points pay: each has a clear answer, nothing is lost, and nothing is done twice."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from app.domain.claim import Balance
from app.domain.spending import SpendStage
from app.usecases.spending.release_spend import release_spend
from tests.standins import faults
from tests.standins.saleor.refusals import Refusal
from tests.test_spending.paying import ADA, PayingShop, look_on
from tests.test_spending.test_charge import refusal
from tests.test_spending.test_looking_after import _answer_lost, booked, later, look_after
from tests.test_spending.test_quote import quoted
from tests.test_spending.test_refund_requests import paid_order, refund


@pytest.mark.parametrize("amount", ["-1", "-0.01", "0", "0.004"])
def test_an_amount_that_is_zero_or_below_pays_nothing(shop: PayingShop, amount: str) -> None:
    assert refusal(shop, shop.cart("60"), amount) == "amount"
    assert shop.spends() == []


def test_of_an_amount_above_the_balance_points_pay_what_is_there(shop: PayingShop) -> None:
    checkout_id = shop.cart("60")

    assert shop.pay(checkout_id, "60").transaction.charged == 20
    assert shop.world.saleor.checkouts[checkout_id].balance == -40


def test_an_amount_of_no_whole_points_is_paid_as_far_as_whole_points_go(shop: PayingShop) -> None:
    shop.set_rule(points_per_unit=Decimal(3))

    session = shop.pay(shop.cart("60"), "10.50")

    assert (session.transaction.charged, session.data["points"]) == (Decimal("10.33"), 31)
    assert shop.points() == (1_969, 31)


@pytest.mark.parametrize(("amount", "code"), [(None, "amount"), ("0", "amount"), ("5", "nothing_due")])
def test_a_checkout_that_costs_nothing_takes_no_points_and_completes(shop: PayingShop, amount: str | None, code: str) -> None:
    checkout_id = shop.cart("0")

    assert refusal(shop, checkout_id, amount) == code
    assert shop.world.saleor.checkouts.complete(checkout_id)
    assert shop.points() == (2_000, 0)


def test_a_rule_that_changes_between_asking_and_taking_is_the_one_of_the_taking(shop: PayingShop) -> None:
    checkout_id = shop.cart("60")
    assert quoted(shop, checkout_id)["greatest"] == {"points": 2_000, "amount": "20.00"}
    shop.set_rule(points_per_unit=Decimal(200))

    session = shop.pay(checkout_id, "20")

    assert session.transaction.charged == 10
    assert session.data == {"points": 2_000, "amount": "10.00"}


def test_a_rule_that_changes_after_the_taking_changes_no_answer_and_no_refund(shop: PayingShop) -> None:
    checkout_id = shop.cart("15")
    first = shop.pay(checkout_id, "15", key="k")
    shop.set_rule(points_per_unit=Decimal(200), is_active=False)

    again = shop.pay(checkout_id, "15", key="k")
    shop.world.saleor.checkouts.complete(checkout_id)
    refund(shop, first.transaction.id, "5")

    assert (again.event.psp_reference, again.data) == (first.event.psp_reference, first.data)
    assert shop.points() == (1_000, 1_000)
    assert shop.pay(shop.cart("60"), "1").data["code"] == "off"


def test_after_silence_the_same_call_again_is_answered_and_takes_no_more(shop: PayingShop) -> None:
    """Saleor waits 18 seconds, and notes a failure. The transaction stays, and the storefront asks again."""
    asking, checkout_id = shop.world.saleor.payments.asking, shop.cart("60")
    as_ever, asking.call = asking.call, _answer_lost
    failed = shop.pay(checkout_id, "15", key="k")
    asking.call = as_ever

    again = shop.pay(checkout_id, "15", key="k")
    later(shop, minutes=2)

    assert (failed.event.type, again.event.type) == ("CHARGE_FAILURE", "CHARGE_SUCCESS")
    assert booked(shop, again) == (15, 0)
    assert shop.points() == (500, 1_500)
    assert [spend.stage for spend in shop.spends()] == [SpendStage.CONFIRMED]


def test_a_silent_provider_takes_nothing_for_good(elsewhere: PayingShop) -> None:
    assert elsewhere.world.coggins is not None
    elsewhere.world.services.bulkheads.payments.seconds = 0.5
    elsewhere.world.coggins.faults.once(faults.after_acting(faults.hang()), on="instant")

    assert elsewhere.pay(elsewhere.cart("60"), "15").data["code"] == "try_again"
    elsewhere.world.services.bulkheads.payments.seconds = 60
    look_on(elsewhere)

    assert elsewhere.world.balance(ADA) == Balance(2_000, 0)
    # On a slow machine the time is over before anything was sent.
    assert {spend.stage for spend in elsewhere.spends()} <= {SpendStage.RETURNED, SpendStage.REFUSED}
    assert elsewhere.differences() == []


def _switch_off(shop: PayingShop) -> Callable[[], None]:
    """Switch the app off in Saleor; gives what switches it on."""
    app_id, apps = shop.world.store().app_id or "", shop.world.saleor.apps
    apps.deactivate(app_id)
    shop.world.deliver()
    return lambda: apps.activate(app_id)


def test_while_the_app_is_switched_off_nothing_is_paid_and_nothing_lost(shop: PayingShop) -> None:
    _order_id, transaction_id = paid_order(shop)
    left = shop.pay(shop.cart("60"), "4")
    switch_on = _switch_off(shop)

    with pytest.raises(Refusal, match="not found"):
        shop.pay(shop.cart("60"), "1")
    later(shop, hours=30)
    assert shop.points() == (100, 1_900), "Saleor was told nothing, so nothing came back"
    switch_on()
    shop.world.deliver()
    later(shop, hours=2)
    refund(shop, transaction_id)

    assert booked(shop, left) == (0, 4)
    assert shop.points() == (2_000, 0)
    assert [spend.stage for spend in shop.spends()] == [SpendStage.RETURNED] * 2
    assert shop.differences() == []


def test_a_payment_that_was_open_while_the_app_was_removed_is_released_by_staff(shop: PayingShop) -> None:
    session = shop.pay(shop.cart("60"), "15")
    later(shop, minutes=2)
    shop.world.saleor.apps.uninstall(shop.world.store().app_id or "")
    shop.world.deliver()
    shop.world.clock.advance(minutes=2)
    shop.world.install()
    assert shop.spends()[0].problem_code == "stranded"
    shop.open()
    later(shop, minutes=1)

    release_spend(shop.world.services, shop.world.store().slug, shop.spends()[0].id or 0, who="Olga")
    look_after(shop)

    assert booked(shop, session) == (0, 15)
    assert shop.points() == (2_000, 0)
    assert shop.differences() == []


def test_a_cart_that_shrinks_after_points_paid_gives_back_what_is_too_much(shop: PayingShop) -> None:
    checkout_id = shop.cart("20")
    session = shop.pay(checkout_id)
    shop.world.saleor.checkouts.change_lines(checkout_id, "12")
    shop.world.saleor.checkouts.complete(checkout_id)
    shop.world.deliver()

    later(shop, minutes=2)
    later(shop, hours=1)

    assert booked(shop, session) == (12, 8)
    assert shop.points() == (800, 1_200)
    assert shop.differences() == []
