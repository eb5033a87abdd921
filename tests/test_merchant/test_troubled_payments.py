"""Payments by points that need a person: on the overview, in the home box, and under Extensions."""

from app.db.tables import SpendRow
from app.db.troubled_payments import LISTED_MAX
from app.domain.spending import SpendStage
from app.usecases.operating.tell_problems import tell_problems
from app.usecases.spending.look_after_spends import MISSING, NOT_ALLOWED, REFUSED
from tests.clock import START
from tests.test_merchant.calls import Desk, seen
from tests.test_merchant.test_overview import QUERIES_MAX, counted
from tests.test_merchant.test_payments_shown import pay
from tests.test_settling.test_refunds import ADA, paid_order
from tests.test_spending.rows import new_return


def test_a_payment_that_needs_a_person_is_listed_with_what_to_do(desk: Desk) -> None:
    order_id = paid_order(desk.world)
    pay(desk, order_id, problem_code="missing", problem=MISSING)
    pay(desk, None, problem_code="permission", problem=NOT_ALLOWED)

    page = desk.get("overview")

    number = desk.world.order(order_id).number
    assert f"Payment of 10.00 USD with points for order {number} {MISSING} The customer's points stay taken." in seen(page)
    assert f"Payment of 10.00 USD with points by {ADA} {NOT_ALLOWED} Open the settings of paying with points" in seen(page)
    assert "Needs you 2" in seen(page)
    assert f'href="/app/orders/{order_id}"' in page.text
    assert f'href="/app/customers/{ADA}"' in page.text


def test_a_payment_of_an_order_that_was_not_read_yet_leads_to_the_customer(desk: Desk) -> None:
    pay(desk, "T3JkZXI6OTk5", problem_code="refused", problem=REFUSED)

    assert f'href="/app/customers/{ADA}"' in desk.get("overview").text


def test_a_payment_that_nobody_can_mend_is_not_listed(desk: Desk) -> None:
    order_id = paid_order(desk.world)
    pay(desk, order_id)
    pay(desk, order_id, stage=SpendStage.REFUSED, problem_code="rejected", problem="Too few points.")
    database = desk.world.services.database
    returned = pay(desk, order_id, problem_code="refused", problem=REFUSED)
    new_return(database, returned, 1_000, 1_000, reported_at=START, credited_at=START)
    with database.writing() as session:
        session.get_one(SpendRow, returned.id).stage = SpendStage.RETURNED

    assert "Needs you Nothing to do." in seen(desk.get("overview"))


def test_orders_and_payments_are_counted_together_by_few_queries(desk: Desk) -> None:
    desk.world.saleor.shop.place_paid_order("60", email="")
    desk.world.deliver()
    for _ in range(LISTED_MAX + 3):
        pay(desk, None, problem_code="refused", problem=REFUSED)

    with counted(desk.world.services.database) as sent:
        page = seen(desk.get("overview"))

    # One more than without payments: they are listed by a query of their own.
    assert 0 < len(sent) <= QUERIES_MAX + 1, sent
    assert f"Needs you {LISTED_MAX + 4}" in page
    assert page.count(REFUSED) == LISTED_MAX
    assert f"The newest {LISTED_MAX} of {LISTED_MAX + 3} payments." in page


def test_the_home_box_counts_payments_and_names_some(desk: Desk) -> None:
    for _ in range(3):
        pay(desk, None, problem_code="refused", problem=REFUSED)

    box = desk.widget("home")

    assert "Needs you: 3" in seen(box)
    assert seen(box).count(f"Payment by {ADA}") == 2
    assert "All 3 on the Overview" in seen(box)


def test_saleor_is_told_how_many_payments_need_a_person(desk: Desk) -> None:
    world = desk.world
    spend = pay(desk, None, problem_code="refused", problem=REFUSED)

    tell_problems(world.services)
    told = world.store().problems_told
    with world.services.database.writing() as session:
        mended = session.get_one(SpendRow, spend.id)
        mended.problem_code = mended.problem = None
    tell_problems(world.services)

    assert told == '{"points-payments": "Payments with points that need a person: 1. Open Saleor Points to see what to do."}'
    assert world.store().problems_told == "{}"
