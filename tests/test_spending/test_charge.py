"""Shoppers pay with embedded points: once for each payment, whoever asks how often."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.db.tables import OrderRow
from app.domain.spending import SpendStage
from app.usecases.spending.look_after_spends import look_after_spends
from tests.test_spending.conftest import give
from tests.test_spending.paying import ADA, PayingShop

BOB = "bob@example.com"


def refusal(shop: PayingShop, source_id: str, amount: str | None = None, **options: object) -> str:
    """Try to pay, and give the code of the refusal."""
    session = shop.pay(source_id, amount, **options)  # type: ignore[arg-type]  # what `pay` takes
    assert session.event.type == "CHARGE_FAILURE"
    assert session.transaction.charged == 0
    assert session.event.message == session.data["message"]
    return str(session.data["code"])


def test_points_pay_a_part_of_a_checkout(shop: PayingShop) -> None:
    checkout_id = shop.cart("60")

    session = shop.pay(checkout_id, "15")

    [spend] = shop.spends()
    assert session.event.type == "CHARGE_SUCCESS"
    assert (session.transaction.charged, session.transaction.psp_reference) == (Decimal(15), str(spend.reference))
    assert session.data == {"points": 1_500, "amount": "15.00"}
    assert shop.world.saleor.checkouts[checkout_id].balance == -45
    assert shop.points() == (500, 1_500)
    assert (spend.stage, spend.points, spend.amount_units) == (SpendStage.TAKEN, 1_500, 1_500)
    assert spend.answered_at is not None
    assert spend.look_at == spend.answered_at + timedelta(minutes=2)
    assert shop.differences() == []


def test_without_an_amount_points_pay_as_much_as_they_can(shop: PayingShop) -> None:
    session = shop.pay(shop.cart("60"))

    assert session.transaction.charged == 20
    assert shop.points() == (0, 2_000)


def test_the_same_call_again_gets_the_same_answer(shop: PayingShop) -> None:
    checkout_id = shop.cart("60")
    first = shop.pay(checkout_id, "15", key="k")
    shop.world.clock.advance(minutes=1)

    again = shop.pay(checkout_id, "15", key="k")

    assert again.transaction.id == first.transaction.id
    assert (again.event.psp_reference, again.data) == (first.event.psp_reference, first.data)
    assert again.transaction.charged == 15
    assert shop.points() == (500, 1_500)
    [spend] = shop.spends()
    assert spend.answered_at is not None
    assert spend.answered_at >= shop.world.clock.now - timedelta(seconds=1)
    assert spend.look_at == spend.answered_at + timedelta(minutes=2)


def test_the_same_call_twice_at_once_takes_the_points_once(shop: PayingShop) -> None:
    checkout_id = shop.cart("60")

    with ThreadPoolExecutor(2) as pool:
        sessions = list(pool.map(lambda _: shop.pay(checkout_id, "15", key="k"), range(2)))

    assert len({session.event.psp_reference for session in sessions}) == 1
    assert shop.points() == (500, 1_500)
    assert len(shop.spends()) == 1


def test_two_checkouts_at_once_share_one_balance(shop: PayingShop) -> None:
    checkouts = [shop.cart("60") for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        sessions = list(pool.map(lambda checkout_id: shop.pay(checkout_id, "15"), checkouts))

    assert sorted(session.transaction.charged for session in sessions) == [0, 0, 5, 15]
    assert shop.points() == (0, 2_000)
    assert shop.differences() == []


def test_another_key_is_another_payment(shop: PayingShop) -> None:
    checkout_id = shop.cart("60")
    shop.pay(checkout_id, "5", key="one")
    shop.pay(checkout_id, "5", key="two")

    assert shop.world.saleor.checkouts[checkout_id].balance == -50
    assert shop.points() == (1_000, 1_000)


def test_points_never_pay_more_than_is_due(shop: PayingShop) -> None:
    checkout_id = shop.cart("12")
    shop.pay(checkout_id, "10")

    assert shop.pay(checkout_id, "10").transaction.charged == 2
    assert refusal(shop, checkout_id, "10") == "nothing_due"
    assert shop.points() == (800, 1_200)


def test_what_saleor_has_not_booked_yet_counts_as_paid(shop: PayingShop) -> None:
    checkout_id = shop.cart("12")
    shop.pay(checkout_id, "10", key="one")
    # Saleor got the answer, and has not booked it yet when the next call is on its way.
    shop.world.saleor.payments.asking.calls.clear()
    [spend] = shop.spends()
    shop.world.saleor.payments.change(
        spend.saleor_transaction_id, lambda old: old.__class__(**{**vars(old), "charged": Decimal(0)}), None
    )

    assert shop.pay(checkout_id, "10", key="two").transaction.charged == 2


def test_points_pay_the_share_that_the_rule_allows(shop: PayingShop) -> None:
    shop.set_rule(greatest_share=Decimal("0.25"))
    checkout_id = shop.cart("60")
    shop.pay(checkout_id, "10")

    assert shop.pay(checkout_id).transaction.charged == 5
    assert refusal(shop, checkout_id) == "share"


def test_what_paid_the_checkout_counts_in_the_share_of_its_unpaid_order(shop: PayingShop) -> None:
    shop.set_rule(greatest_share=Decimal("0.5"), unpaid_orders=True)
    checkout_id = shop.cart("20")
    shop.pay(checkout_id, "8")
    shop.world.clock.advance(minutes=2)
    look_after_spends(shop.world.services)
    checkouts = shop.world.saleor.checkouts
    checkouts.allow_unpaid.add(checkouts[checkout_id].channel.slug)

    order_id = checkouts.complete(checkout_id)

    assert shop.pay(order_id).transaction.charged == 2
    assert refusal(shop, order_id) == "share"


@pytest.mark.parametrize("amount", ["0.004", "0"])
def test_an_amount_that_is_none_is_refused(shop: PayingShop, amount: str) -> None:
    assert refusal(shop, shop.cart("60"), amount) in {"amount", "too_small"}
    assert shop.points() == (2_000, 0)


def test_nobody_who_is_not_signed_in_spends_points(shop: PayingShop) -> None:
    checkout_id = shop.cart("60")

    assert refusal(shop, checkout_id, "15", by=None) == "not_signed_in"
    assert shop.spends() == []


def test_a_stranger_with_the_id_of_a_checkout_spends_nobodys_points(shop: PayingShop) -> None:
    shop.customer(BOB)
    give(shop.world, BOB, 5_000)
    checkout_id = shop.cart("60")

    assert refusal(shop, checkout_id, "15", by=BOB) == "not_yours"
    assert (shop.points(), shop.points(BOB)) == ((2_000, 0), (5_000, 0))


def test_the_address_on_a_checkout_says_nothing(shop: PayingShop) -> None:
    give(shop.world, BOB, 5_000)
    checkout_id = shop.cart("60")
    shop.world.saleor.checkouts.change_email(checkout_id, BOB)

    shop.pay(checkout_id, "15")

    assert (shop.points(), shop.points(BOB)) == ((500, 1_500), (5_000, 0))


def test_a_checkout_of_nobody_is_nobodys(shop: PayingShop) -> None:
    shop.customer(ADA)
    checkout_id = shop.cart("60", user=None, email=ADA)

    assert refusal(shop, checkout_id, "15") == "not_yours"


@pytest.mark.parametrize(("is_what", "code"), [({"is_confirmed": False}, "not_confirmed"), ({"is_active": False}, "not_active")])
def test_only_a_confirmed_and_active_customer_pays(shop: PayingShop, is_what: dict[str, bool], code: str) -> None:
    checkout_id = shop.cart("60")
    shop.customer(ADA, **is_what)

    assert refusal(shop, checkout_id, "15") == code
    assert shop.points() == (2_000, 0)


def test_a_shop_without_a_rule_takes_no_points(shop: PayingShop) -> None:
    shop.set_rule(is_active=False)

    assert refusal(shop, shop.cart("60"), "15") == "off"


def test_a_customer_without_points_is_told_so_and_is_not_made_a_customer_by_it(shop: PayingShop) -> None:
    checkout_id = shop.cart("60", user=BOB)

    assert refusal(shop, checkout_id, "15", by=BOB) == "no_points"
    assert shop.points(BOB) == (0, 0)


def test_a_payment_takes_at_least_the_points_that_the_rule_says(shop: PayingShop) -> None:
    shop.set_rule(least_points=500)
    session = shop.pay(shop.cart("60", language="DE"), "4")

    assert session.data == {"code": "too_few", "message": "Eine Zahlung braucht mindestens 500 Punkte."}


def test_points_that_a_refund_takes_back_cannot_be_spent(shop: PayingShop) -> None:
    store_id = shop.world.store().id or 0
    with shop.world.services.database.writing() as session:
        owing: dict[str, Any] = {"email": ADA, "email_key": ADA, "shortfall": 1_900, "created_at": shop.world.clock.now}
        session.add(OrderRow(store_id=store_id, saleor_order_id="T3JkZXI6MQ==", **owing))

    assert shop.pay(shop.cart("60")).transaction.charged == 1


def test_an_unpaid_order_takes_points_only_where_the_rule_lets_it(shop: PayingShop) -> None:
    shop.customer(ADA)
    order_id = shop.world.saleor.shop.place_order("60", email=ADA)

    assert refusal(shop, order_id, "15") == "unpaid_order"
    shop.set_rule(unpaid_orders=True)
    assert shop.pay(order_id, "15").transaction.charged == 15
    assert [spend.saleor_order_id for spend in shop.spends()] == [order_id]


@pytest.mark.parametrize(
    ("stage", "is_told"),
    [(SpendStage.TAKEN, True), (SpendStage.CHECKING, False), (SpendStage.CONFIRMED, True)],
)
def test_a_repeated_call_is_answered_by_what_is_sure(shop: PayingShop, stage: SpendStage, *, is_told: bool) -> None:
    checkout_id = shop.cart("60")
    first = shop.pay(checkout_id, "15", key="k")
    with shop.world.services.database.writing() as session:
        spend = shop.spends()[0]
        spend.stage = stage
        session.add(spend)

    again = shop.pay(checkout_id, "15", key="k")

    assert again.transaction.charged == 15
    assert (again.event.psp_reference == first.event.psp_reference) is is_told
    assert ((again.data or {}).get("code") == "try_again") is not is_told
    assert shop.points() == (500, 1_500)


def test_yen_have_no_digits(shop: PayingShop) -> None:
    shop.set_rule(points_per_unit=Decimal("0.3"))
    checkout_id = shop.cart("1000", channel="japan")

    assert shop.pay(checkout_id, "101").transaction.charged == 100
    assert shop.points() == (1_970, 30)
