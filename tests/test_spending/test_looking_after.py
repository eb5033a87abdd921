"""The worker confirms payments by points, and gives back what Saleor did not book, what was left, cancelled, or too much."""

from datetime import timedelta
from typing import Any

import requests

from app.domain.spending import ReturnReason, SpendStage
from app.ledger import spending
from app.usecases.spending.look_after_spends import look_after_spends
from tests.standins import faults
from tests.standins.saleor.app_payments import Session
from tests.standins.saleor.calls import call
from tests.standins.serving import Answer
from tests.test_spending.paying import ADA, PayingShop

REPORTS = "ReportPayments"


def look_after(shop: PayingShop) -> None:
    while look_after_spends(shop.world.services):
        pass


def later(shop: PayingShop, **duration: int) -> None:
    shop.world.clock.advance(**duration)
    look_after(shop)


def booked(shop: PayingShop, session: Session) -> tuple[int, int]:
    transaction = shop.world.saleor.payments[session.transaction.id]
    return int(transaction.charged), int(transaction.refunded)


def events(shop: PayingShop, session: Session) -> list[str]:
    """List the events of a transaction, the oldest first."""
    return [event.type for event in reversed(shop.world.saleor.payments[session.transaction.id].events)]


def test_what_saleor_booked_is_confirmed_after_two_minutes(shop: PayingShop) -> None:
    session = shop.pay(shop.cart(), "15")
    look_after(shop)
    assert shop.spends()[0].stage == SpendStage.TAKEN

    later(shop, minutes=2)

    [spend] = shop.spends()
    assert spend.stage == SpendStage.CONFIRMED
    assert spend.look_at == (spend.taken_at or spend.asked_at) + timedelta(hours=24)
    assert booked(shop, session) == (15, 0)
    assert shop.points() == (500, 1_500)


def test_what_became_an_order_is_confirmed_with_its_order_and_rests(shop: PayingShop) -> None:
    checkout_id = shop.cart("15")
    shop.pay(checkout_id)
    order_id = shop.world.saleor.checkouts.complete(checkout_id)

    later(shop, minutes=2)

    [spend] = shop.spends()
    assert (spend.stage, spend.saleor_order_id, spend.look_at) == (SpendStage.ON_ORDER, order_id, None)


def test_what_saleor_did_not_book_comes_back(shop: PayingShop) -> None:
    shop.world.saleor.payments.asking.call = _answer_lost
    session = shop.pay(shop.cart(), "15")
    assert session.event.type == "CHARGE_FAILURE"
    assert shop.points() == (500, 1_500)

    later(shop, minutes=2)

    [spend] = shop.spends()
    assert (spend.stage, spend.look_at) == (SpendStage.RETURNED, None)
    assert shop.points() == (2_000, 0)
    assert booked(shop, session) == (0, 0)
    assert shop.differences() == []


def test_a_lagging_replica_decides_nothing(shop: PayingShop) -> None:
    before = shop.world.clock()
    shop.world.clock.advance(seconds=1)
    session = shop.pay(shop.cart(), "15")
    shop.world.saleor.serve_orders_as_of(before)

    later(shop, minutes=2)

    assert shop.spends()[0].stage == SpendStage.CONFIRMED
    assert booked(shop, session) == (15, 0)


def test_a_checkout_that_was_left_gives_back_after_a_day(shop: PayingShop) -> None:
    session = shop.pay(shop.cart(), "15")
    later(shop, minutes=2)

    later(shop, hours=24)

    assert booked(shop, session) == (0, 15)
    assert shop.points() == (2_000, 0)
    [spend], [back] = shop.spends(), shop.returns()
    assert (spend.stage, back.why) == (SpendStage.RETURNED, ReturnReason.ABANDONED)
    assert back.reported_at is not None
    assert shop.differences() == []


def test_saleor_is_told_before_the_customer_has_the_points(shop: PayingShop) -> None:
    session = shop.pay(shop.cart(), "15")
    later(shop, minutes=2)
    shop.world.clock.advance(hours=24)
    # The look is answered; the report of the refund is carried out, and its answer is lost.
    shop.world.saleor.faults.once(lambda act: act(), on=REPORTS)
    shop.world.saleor.faults.once(faults.after_acting(faults.cut()), on=REPORTS)

    look_after(shop)

    assert booked(shop, session) == (0, 15)
    assert shop.points() == (500, 1_500)

    later(shop, minutes=1)
    assert booked(shop, session) == (0, 15)
    assert shop.points() == (2_000, 0)


def test_a_checkout_that_became_an_order_in_the_last_moment_keeps_its_points(shop: PayingShop) -> None:
    checkout_id = shop.cart("15")
    session = shop.pay(checkout_id)
    later(shop, minutes=2)
    shop.world.clock.advance(hours=24)

    def complete_before_the_refund(act: faults.Act) -> Answer:
        shop.world.saleor.checkouts.complete(checkout_id)
        return act()

    shop.world.saleor.faults.once(lambda act: act(), on=REPORTS)
    shop.world.saleor.faults.once(complete_before_the_refund, on=REPORTS)
    look_after(shop)

    assert events(shop, session)[-2:] == ["REFUND_SUCCESS", "REFUND_REVERSE"]
    assert booked(shop, session) == (15, 0)
    assert shop.points() == (500, 1_500)
    [spend], [back] = shop.spends(), shop.returns()
    assert spend.stage == SpendStage.ON_ORDER
    assert back.cancelled_at is not None
    assert shop.differences() == []


def test_a_completed_checkout_keeps_its_points_after_a_day(shop: PayingShop) -> None:
    checkout_id = shop.cart("15")
    session = shop.pay(checkout_id)
    later(shop, minutes=2)
    shop.world.saleor.checkouts.complete(checkout_id)

    later(shop, hours=24)

    assert shop.spends()[0].stage == SpendStage.ON_ORDER
    assert "REFUND_SUCCESS" not in events(shop, session)


def test_a_refund_whose_answer_was_lost_is_reported(shop: PayingShop) -> None:
    checkout_id = shop.cart("15")
    session = shop.pay(checkout_id)
    shop.world.saleor.checkouts.complete(checkout_id)
    later(shop, minutes=2)
    shop.world.saleor.payments.asking.call = _answer_lost
    shop.world.saleor.requests.ask(session.transaction.id, amount="5")
    shop.world.saleor.requests.deliver()
    assert booked(shop, session) == (15, 0)
    assert shop.points() == (1_000, 1_000)

    later(shop, minutes=2)

    assert booked(shop, session) == (10, 5)
    assert shop.points() == (1_000, 1_000)
    assert shop.spends()[0].look_at is None


def test_while_saleor_is_away_nothing_is_decided(shop: PayingShop) -> None:
    shop.pay(shop.cart(), "15")
    shop.world.saleor.faults.always(faults.cut(), on=REPORTS)
    shop.world.clock.advance(minutes=2)

    look_after(shop)

    [spend] = shop.spends()
    assert spend.stage == SpendStage.TAKEN
    assert spend.failures == 1
    assert (spend.look_at or shop.world.clock()) > shop.world.clock()
    shop.world.saleor.mend()
    later(shop, minutes=1)
    assert shop.spends()[0].stage == SpendStage.CONFIRMED


def test_without_the_permission_the_merchant_reads_why_it_waits(shop: PayingShop) -> None:
    shop.pay(shop.cart(), "15")
    shop.world.saleor.apps.permit(shop.world.store().app_id or "", "MANAGE_ORDERS")

    later(shop, minutes=2)

    [spend] = shop.spends()
    assert (spend.stage, spend.problem_code) == (SpendStage.TAKEN, "permission")


def test_ten_spends_are_confirmed_by_three_requests(shop: PayingShop) -> None:
    for _ in range(10):
        shop.pay(shop.cart(), "1")
    shop.world.saleor.counts.clear()

    later(shop, minutes=2)

    assert shop.world.saleor.counts[REPORTS] == 3
    assert {spend.stage for spend in shop.spends()} == {SpendStage.CONFIRMED}


def test_points_of_a_cancelled_order_come_back_where_the_rule_says_so(shop: PayingShop) -> None:
    checkout_id = shop.cart("15")
    session = shop.pay(checkout_id)
    order_id = shop.world.saleor.checkouts.complete(checkout_id)
    later(shop, minutes=2)
    shop.world.deliver()

    shop.world.saleor.shop.cancel(order_id)
    shop.world.deliver()
    look_after(shop)

    assert booked(shop, session) == (0, 15)
    assert shop.points(ADA) == (2_000, 0)
    assert shop.returns()[0].why == ReturnReason.CANCELLED


def test_an_order_cancelled_while_the_worker_looks_gives_back_all_the_same(shop: PayingShop) -> None:
    checkout_id = shop.cart("15")
    session = shop.pay(checkout_id)
    order_id = shop.world.saleor.checkouts.complete(checkout_id)
    shop.world.deliver()

    def answer_before_it_is_cancelled(act: faults.Act) -> Answer:
        answer = act()
        shop.world.saleor.shop.cancel(order_id)
        shop.world.deliver()
        return answer

    shop.world.saleor.faults.once(answer_before_it_is_cancelled, on=REPORTS)
    later(shop, minutes=2)

    assert booked(shop, session) == (0, 15)
    assert shop.points(ADA) == (2_000, 0)
    assert [back.why for back in shop.returns()] == [ReturnReason.CANCELLED]


def test_a_checkout_completed_and_cancelled_after_the_look_gives_back_at_once(shop: PayingShop) -> None:
    checkout_id = shop.cart("15")
    session = shop.pay(checkout_id)
    later(shop, minutes=2)
    order_id = shop.world.saleor.checkouts.complete(checkout_id)
    shop.world.deliver()

    shop.world.saleor.shop.cancel(order_id)
    shop.world.deliver()
    look_after(shop)

    assert booked(shop, session) == (0, 15)
    assert shop.points(ADA) == (2_000, 0)
    [spend], [back] = shop.spends(), shop.returns()
    assert (spend.saleor_order_id, back.why) == (order_id, ReturnReason.CANCELLED)


def test_a_checkout_completed_after_the_look_and_overcharged_gives_back_after_an_hour(shop: PayingShop) -> None:
    checkout_id = shop.cart("10", "5")
    session = shop.pay(checkout_id)
    later(shop, minutes=2)
    shop.world.saleor.checkouts.change_lines(checkout_id, "10")
    shop.world.saleor.checkouts.complete(checkout_id)
    shop.world.deliver()
    look_after(shop)
    assert shop.returns() == []

    later(shop, hours=1)

    assert booked(shop, session) == (10, 5)
    assert shop.returns()[0].why == ReturnReason.OVERCHARGED


def test_a_cancelled_order_keeps_its_points_where_the_rule_says_so(shop: PayingShop) -> None:
    shop.set_rule(return_on_cancel=False)
    checkout_id = shop.cart("15")
    session = shop.pay(checkout_id)
    order_id = shop.world.saleor.checkouts.complete(checkout_id)
    later(shop, minutes=2)

    shop.world.saleor.shop.cancel(order_id)
    shop.world.deliver()
    look_after(shop)

    assert booked(shop, session) == (15, 0)
    assert shop.returns() == []


def test_what_is_paid_above_the_total_comes_back_after_an_hour(shop: PayingShop) -> None:
    checkout_id = shop.cart("10", "5")
    session = shop.pay(checkout_id)
    shop.world.saleor.checkouts.change_lines(checkout_id, "10")
    shop.world.saleor.checkouts.complete(checkout_id)
    later(shop, minutes=2)
    assert shop.returns() == []

    later(shop, minutes=59)
    assert shop.returns() == []
    later(shop, minutes=1)

    assert booked(shop, session) == (10, 5)
    assert shop.points() == (1_000, 1_000)
    assert shop.returns()[0].why == ReturnReason.OVERCHARGED


def test_of_two_payments_above_the_total_one_gives_back_what_is_too_much(shop: PayingShop) -> None:
    checkout_id = shop.cart("10", "5")
    first, second = shop.pay(checkout_id, "2"), shop.pay(checkout_id, "13", key="two")
    shop.world.saleor.checkouts.change_lines(checkout_id, "10")
    shop.world.saleor.checkouts.complete(checkout_id)
    later(shop, minutes=2)

    later(shop, hours=1)
    assert (booked(shop, first), booked(shop, second)) == ((0, 2), (13, 0))
    for _ in range(3):
        later(shop, hours=1)

    assert (booked(shop, first), booked(shop, second)) == ((0, 2), (10, 3))
    assert shop.points() == (1_000, 1_000)
    assert shop.spends()[1].look_at is None
    assert shop.differences() == []


def test_points_that_cannot_come_back_hold_up_nobody_elses(shop: PayingShop) -> None:
    """Here a program has given them back by the Points API, as it once could."""
    first, second = (shop.pay(shop.cart(), "5") for _ in range(2))
    later(shop, minutes=2)
    with shop.world.services.database.writing() as session:
        spent = spending.find_spend(session, shop.world.store().id or 0, shop.spends()[0].reference, lock=True)
        assert spent is not None
        spending.give_back(session, spent, ADA, 500, shop.world.clock.now)

    later(shop, hours=24)

    assert [spend.stage for spend in shop.spends()] == [SpendStage.CONFIRMED, SpendStage.RETURNED]
    assert [spend.problem_code for spend in shop.spends()] == ["refused", None]
    assert (booked(shop, first), booked(shop, second)) == ((0, 5), (0, 5))
    assert shop.points() == (2_000, 0)


def test_after_a_new_installation_open_payments_are_served(shop: PayingShop) -> None:
    checkout_id = shop.cart("15")
    session = shop.pay(checkout_id)
    shop.world.saleor.checkouts.complete(checkout_id)
    shop.world.saleor.apps.uninstall(shop.world.store().app_id or "")
    shop.world.deliver()
    later(shop, minutes=2)
    assert shop.spends()[0].stage == SpendStage.TAKEN

    shop.world.clock.advance(minutes=2)
    shop.world.install()
    shop.open()
    later(shop, minutes=2)
    shop.world.saleor.requests.ask(session.transaction.id)
    shop.world.saleor.requests.deliver()

    assert booked(shop, session) == (0, 15)
    assert shop.points() == (2_000, 0)


def _answer_lost(method: str, url: str, **options: Any) -> requests.Response:
    """Let the app do what it is asked, and lose its answer, as after 18 seconds."""
    call(method, url, **options)
    raise requests.ConnectionError("the answer is lost")
