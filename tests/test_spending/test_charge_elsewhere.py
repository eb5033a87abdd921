"""Shoppers pay with points that live at Coggins: taken once, never guessed, and never later than the shopper was told."""

from contextlib import ExitStack

import pytest

from app.domain.claim import Balance
from app.domain.spending import ReturnReason, SpendStage
from app.http.bulkhead import PAYMENTS_MAX
from tests.standins import faults
from tests.standins.faults import Fault
from tests.test_spending.paying import ADA, PayingShop, look_on
from tests.test_spending.test_quote import quoted


def coggins_of(shop: PayingShop) -> faults.FaultPlan:
    assert shop.world.coggins is not None
    return shop.world.coggins.faults


def test_points_elsewhere_pay(elsewhere: PayingShop) -> None:
    checkout_id = elsewhere.cart("60")

    first = elsewhere.pay(checkout_id, "15", key="k")
    again = elsewhere.pay(checkout_id, "15", key="k")

    assert first.transaction.charged == again.transaction.charged == 15
    assert first.event.psp_reference == again.event.psp_reference
    assert elsewhere.world.balance(ADA) == Balance(500, 0)
    [spend] = elsewhere.spends()
    assert spend.stage == SpendStage.TAKEN
    assert elsewhere.differences() == []


def test_points_elsewhere_pay_no_more_than_are_there(elsewhere: PayingShop) -> None:
    assert elsewhere.pay(elsewhere.cart("60")).transaction.charged == 20
    assert elsewhere.pay(elsewhere.cart("60")).data["code"] == "no_points"


@pytest.mark.parametrize("fault", [faults.status(429), faults.status(401)])
def test_what_could_not_be_asked_for_is_never_taken_later(elsewhere: PayingShop, fault: Fault) -> None:
    coggins_of(elsewhere).once(fault, on="instant")

    assert elsewhere.pay(elsewhere.cart("60"), "15").data["code"] == "try_again"
    look_on(elsewhere)

    assert [spend.stage for spend in elsewhere.spends()] == [SpendStage.REFUSED]
    assert elsewhere.world.balance(ADA) == Balance(2_000, 0)


def test_an_answer_that_is_lost_is_a_failure_and_found_out_later(elsewhere: PayingShop) -> None:
    coggins_of(elsewhere).once(faults.after_acting(faults.cut()), on="instant")
    checkout_id = elsewhere.cart("60")

    assert elsewhere.pay(checkout_id, "15", key="k").data["code"] == "try_again"
    assert elsewhere.pay(checkout_id, "15", key="k").data["code"] == "try_again"
    assert elsewhere.pay(elsewhere.cart("60"), "5").data["code"] == "busy"
    look_on(elsewhere)

    # It had happened. Saleor has not booked it, so the worker gave it back.
    [spend] = elsewhere.spends()
    assert (spend.stage, spend.answered_at) == (SpendStage.RETURNED, None)
    assert [back.why for back in elsewhere.returns()] == [ReturnReason.NOT_BOOKED]
    assert elsewhere.world.balance(ADA) == Balance(2_000, 0)
    assert elsewhere.differences() == []


def test_a_provider_that_does_not_answer_takes_nothing(elsewhere: PayingShop) -> None:
    coggins_of(elsewhere).once(faults.status(500), on="lookup")

    assert elsewhere.pay(elsewhere.cart("60"), "15").data["code"] == "try_again"
    assert elsewhere.spends() == []


def test_few_at_once_wait_for_a_slow_provider_and_the_others_lose_nothing(elsewhere: PayingShop) -> None:
    places, checkout_id = elsewhere.world.services.bulkheads.payments, elsewhere.cart("60")
    with ExitStack() as waiting:
        for number in range(PAYMENTS_MAX):
            waiting.enter_context(places.place(f"server {number}"))
        refused, told = elsewhere.pay(checkout_id, "15", key="k"), quoted(elsewhere, checkout_id)

    assert (refused.data["code"], told["whyNot"]["code"], elsewhere.spends()) == ("try_again", "try_again", [])
    assert elsewhere.pay(checkout_id, "15", key="k").transaction.charged == 15


def test_embedded_points_wait_for_nobody(shop: PayingShop) -> None:
    places, checkout_id = shop.world.services.bulkheads.payments, shop.cart("60")
    with ExitStack() as waiting:
        for number in range(PAYMENTS_MAX):
            waiting.enter_context(places.place(f"server {number}"))

        assert quoted(shop, checkout_id)["points"] == 2_000
        assert shop.pay(checkout_id, "15").transaction.charged == 15
