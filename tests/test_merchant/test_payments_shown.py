"""What the merchant sees of payments by points: on the order, in its box, on the customer's page, and on the overview."""

from datetime import timedelta
from typing import Any

from app.db.tables import SpendRow
from app.domain.spending import ReturnReason, SpendStage
from app.usecases.merchants.shown_payments import payments_of_customer, payments_of_order
from app.usecases.spending.look_after_spends import MISSING
from app.usecases.spending.taking_again import OWED_FOR_LONG
from tests.clock import START
from tests.test_merchant.calls import Desk, notified, once_in, seen
from tests.test_merchant.test_spending_page import save
from tests.test_settling.test_refunds import ADA, paid_order
from tests.test_spending.rows import new_return, new_spend

NONE = "\N{EN DASH}"


def pay(desk: Desk, order_id: str | None, **values: Any) -> SpendRow:
    stage = SpendStage.ON_ORDER if order_id is not None else SpendStage.CONFIRMED
    stored = {"store_id": desk.world.store().id, "saleor_order_id": order_id, "stage": stage} | values
    return new_spend(desk.world.services.database, **stored)


def test_an_order_that_no_points_paid_says_nothing_of_it(desk: Desk) -> None:
    order_id = paid_order(desk.world)

    assert "Paid with points" not in seen(desk.get(f"orders/{order_id}"))
    assert "Paid with points" not in seen(desk.get(f"customers/{ADA}"))


def test_an_order_shows_what_points_paid_and_what_went_back(desk: Desk) -> None:
    database = desk.world.services.database
    order_id = paid_order(desk.world)
    spend = pay(desk, order_id, problem="Saleor does not answer.")
    later = START + timedelta(hours=1)
    new_return(database, spend, 400, 400, reported_at=later, credited_at=later)
    new_return(database, spend, 100, 100, why=ReturnReason.STAFF, made_by="olga@example.com")
    new_return(database, spend, 200, 200, cancelled_at=later)

    text = seen(desk.get(f"orders/{order_id}"))

    assert f"{ADA} 10.00 USD 1,000 5.00 USD 500 Paid Saleor does not answer." in text
    assert "4.00 USD 400 Refunded Done" in text
    assert "1.00 USD 100 Released by staff Under way olga@example.com" in text
    assert "2.00 USD 200 Refunded Undone" in text
    box = seen(desk.widget("order", orderId=order_id))
    assert "10.00 USD paid with 1,000 points; 5.00 USD given back." in box


def test_a_payment_that_was_refused_is_not_in_the_box(desk: Desk) -> None:
    order_id = paid_order(desk.world)
    pay(desk, order_id, stage=SpendStage.REFUSED, taken_at=None)

    assert "Not taken" in seen(desk.get(f"orders/{order_id}"))
    assert "paid with" not in seen(desk.widget("order", orderId=order_id))


def test_amounts_have_the_digits_of_their_currency(desk: Desk) -> None:
    order_id = paid_order(desk.world)
    pay(desk, order_id, currency="JPY", amount_units=1500)
    pay(desk, order_id, currency="KWD", amount_units=1500)

    text = seen(desk.get(f"orders/{order_id}"))

    assert "1,500 JPY" in text
    assert "1.500 KWD" in text


def test_a_customers_page_lists_their_payments_of_checkouts_and_orders(desk: Desk) -> None:
    order_id = paid_order(desk.world)
    pay(desk, order_id)
    pay(desk, None)
    pay(desk, None, email="bob@example.com", email_key="bob@example.com")

    text = seen(desk.get(f"customers/{ADA}"))

    assert f"checkout 10.00 USD 1,000 {NONE} {NONE} Paid, checkout open" in text
    assert f"#{desk.world.order(order_id).number} 10.00 USD 1,000 {NONE} {NONE} Paid" in text
    assert text.count("10.00 USD") == 2


def test_another_stores_payments_are_not_shown(desk: Desk) -> None:
    database, store_id = desk.world.services.database, desk.world.store().id or 0
    new_spend(database, saleor_order_id="T3JkZXI6MQ==", stage=SpendStage.ON_ORDER)

    with database.reading() as session:
        assert payments_of_order(session, store_id, "T3JkZXI6MQ==") == ()
        assert payments_of_customer(session, store_id, ADA) == ()


def test_the_overview_says_the_open_liability_in_money_once_points_can_pay(desk: Desk) -> None:
    paid_order(desk.world, "1234.56")
    assert "for 1.00" not in seen(desk.get("overview"))

    desk.world.saleor.apps.permit(desk.app_id, "MANAGE_ORDERS", "HANDLE_PAYMENTS")
    save(desk, points_per_unit="7")

    # 1,234 points, of which 7 pay 1.00: rounded down.
    assert "1,234 points that customers have or can still claim; 176.28 at 7 points for 1.00" in seen(desk.get("overview"))


def test_a_payment_that_saleor_has_no_more_is_settled_on_the_page_of_its_order(desk: Desk) -> None:
    order_id = paid_order(desk.world)
    spend = pay(desk, order_id, problem_code="missing", problem=MISSING)
    page = desk.get(f"orders/{order_id}")
    assert "Give the points back" in seen(page)
    form = {"once": once_in(page), "payment": str(spend.id), "gives_back": "no"}

    refused = desk.post(f"orders/{order_id}/settle-payment", form)
    settled = desk.post(
        f"orders/{order_id}/settle-payment", form | {"once": once_in(refused), "settle_why": "They got the goods."}
    )

    assert (refused.status_code, settled.status_code) == (422, 200)
    assert "Please say why" in seen(refused)
    assert "Points written off" in notified(settled).values()
    assert "Written off: nobody got these points. They got the goods." in seen(settled)
    assert "Give the points back" not in seen(settled)


def test_it_is_settled_on_the_page_of_its_customer(desk: Desk) -> None:
    spend = pay(desk, None, problem_code="missing", problem=MISSING)
    page = desk.get(f"customers/{ADA}")
    form = {"once": once_in(page), "payment": str(spend.id), "gives_back": "no", "settle_why": "Fraud."}

    refused = desk.post(f"customers/{ADA}/settle-payment", form)
    settled = desk.post(f"customers/{ADA}/settle-payment", form | {"email": ADA})

    assert refused.status_code == 422
    assert "Points written off" in notified(settled).values()
    assert "Written off: nobody got these points. Fraud." in seen(settled)


def test_the_box_of_a_customer_says_what_points_pay(desk: Desk) -> None:
    order_id = paid_order(desk.world)
    number = desk.world.order(order_id).number
    user_id = desk.world.saleor.shop.register_customer(ADA)
    pay(desk, order_id)
    pay(desk, None, amount_units=500, points=500)
    pay(desk, None, stage=SpendStage.REFUSED, taken_at=None)

    box = seen(desk.widget("customer", customerId=user_id))

    assert f"10.00 USD paid with 1,000 points, order {number}." in box
    assert "5.00 USD paid with 500 points, in a checkout that is still open." in box
    assert box.count("paid with") == 2


def owing(desk: Desk, order_id: str | None) -> SpendRow:
    """Store a payment of which a refund was reversed, after its points were spent."""
    spend = pay(desk, order_id)
    new_return(desk.world.services.database, spend, 400, 400, credited_at=START, reported_at=START, cancelled_at=START)
    return spend


def test_what_is_owed_is_written_off_on_the_page_of_its_order(desk: Desk) -> None:
    order_id = paid_order(desk.world)
    spend = owing(desk, order_id)
    page = desk.get(f"orders/{order_id}")
    assert "400 points that a refund of the payment" in seen(page)
    form = {"once": once_in(page), "payment": str(spend.id), "way": "write_off"}

    refused = desk.post(f"orders/{order_id}/settle-debt", form)
    settled = desk.post(f"orders/{order_id}/settle-debt", form | {"once": once_in(refused), "settle_why": "A mistake."})

    assert (refused.status_code, settled.status_code) == (422, 200)
    assert "Please say why" in seen(refused)
    assert "Points written off" in notified(settled).values()
    assert "are owed" not in seen(settled)


def test_what_is_owed_is_looked_for_on_the_page_of_its_customer(desk: Desk) -> None:
    spend = owing(desk, None)
    page = desk.get(f"customers/{ADA}")
    form = {"once": once_in(page), "payment": str(spend.id), "email": ADA, "way": "look_again"}

    looked = desk.post(f"customers/{ADA}/settle-debt", form)

    assert "Looking again" in notified(looked).values()
    with desk.world.services.database.reading() as session:
        assert session.get_one(SpendRow, spend.id).look_at is not None
    assert desk.post(f"customers/{ADA}/settle-debt", form | {"way": "sideways"}).status_code == 422


def test_what_is_owed_for_long_needs_a_person(desk: Desk) -> None:
    spend = owing(desk, None)
    with desk.world.services.database.writing() as session:
        row = session.get_one(SpendRow, spend.id)
        row.problem_code, row.problem = "owed", OWED_FOR_LONG

    page = seen(desk.get("overview"))

    assert f"{OWED_FOR_LONG} Wait until the customer has points again" in page
