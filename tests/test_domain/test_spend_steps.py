"""What is next to be done with a payment by points, by what Saleor has booked of it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from app.domain.booked_payment import BookedPayment, EventKind, PaidOrder, PaymentEvent
from app.domain.spend_steps import (
    Cancel,
    Credit,
    GiveBack,
    KnownReturn,
    Missing,
    NotBooked,
    OpenSpend,
    OtherAmount,
    Rest,
    Step,
    Tell,
    first_step,
    next_step,
)
from app.domain.spending import ReturnReason, SpendStage
from tests.clock import START

SPEND = OpenSpend(
    reference=uuid4(),
    currency="USD",
    stage=SpendStage.CHECKING,
    amount_units=1500,
    left_units=1500,
    taken_at=START,
    hold_hours=24,
    return_on_cancel=True,
)
BACK = KnownReturn(1, uuid4(), ReturnReason.REFUND, 500)
ORDER = PaidOrder("T3JkZXI6MQ==", is_over=False, overcharged=Decimal(0))
SOON, LATE = START + timedelta(minutes=2), START + timedelta(hours=24)


def booked(*newest_first: tuple[str, object], order: PaidOrder | None = None) -> BookedPayment:
    """Make a transaction with these events; the oldest is the charge."""
    events = [*newest_first, ("CHARGE_SUCCESS", SPEND.reference)]
    return BookedPayment(
        "transaction", tuple(PaymentEvent(str(n), kind, str(ref), Decimal(5)) for n, (kind, ref) in enumerate(events)), order
    )


def with_return(known: KnownReturn, left: int = 1000) -> OpenSpend:
    return replace(SPEND, stage=SpendStage.ON_ORDER, returns=(known,), left_units=left)


def test_what_is_booked_for_a_checkout_rests_until_it_counts_as_left() -> None:
    assert next_step(SPEND, booked(), SOON) == Rest(SpendStage.CONFIRMED, LATE)


def test_what_is_booked_for_an_order_rests_until_somebody_says_that_something_changed() -> None:
    assert next_step(SPEND, booked(order=ORDER), LATE) == Rest(SpendStage.ON_ORDER, None)


@pytest.mark.parametrize(
    "events", [(), (("CHARGE_FAILURE", ""),), (("CHARGE_SUCCESS", "another's"),), (("CHARGE_REQUEST", SPEND.reference),)]
)
def test_what_is_not_booked_goes_back(events: tuple[tuple[str, object], ...]) -> None:
    payment = BookedPayment("t", tuple(PaymentEvent("1", kind, str(ref), Decimal(5)) for kind, ref in events))

    assert next_step(SPEND, payment, SOON) == NotBooked()


def test_a_newer_failure_of_the_same_reference_takes_the_charge_away() -> None:
    assert next_step(SPEND, booked(("CHARGE_FAILURE", SPEND.reference)), SOON) == NotBooked()


def test_a_charge_that_was_confirmed_and_is_gone_is_for_a_person() -> None:
    confirmed = replace(SPEND, stage=SpendStage.CONFIRMED)

    assert next_step(confirmed, BookedPayment("t", ()), SOON) == Missing()


@pytest.mark.parametrize(
    ("known", "step"),
    [
        (BACK, Credit(BACK)),
        (replace(BACK, why=ReturnReason.ABANDONED), Cancel(replace(BACK, why=ReturnReason.ABANDONED))),
        (replace(BACK, why=ReturnReason.ABANDONED, is_credited=True), Missing()),
    ],
)
def test_of_a_charge_that_is_gone_goes_back_what_saleor_asked_for_and_no_more(known: KnownReturn, step: Step) -> None:
    assert next_step(with_return(known), BookedPayment("t", ()), SOON) == step


def test_a_checkout_that_was_left_gives_all_back() -> None:
    assert next_step(SPEND, booked(), LATE) == GiveBack(ReturnReason.ABANDONED, 1500)


@pytest.mark.parametrize(
    ("return_on_cancel", "step"), [(True, GiveBack(ReturnReason.CANCELLED, 1500)), (False, Rest(SpendStage.ON_ORDER, None))]
)
def test_the_rule_says_what_a_cancelled_order_gives_back(return_on_cancel: bool, step: Step) -> None:
    spend = replace(SPEND, return_on_cancel=return_on_cancel)

    assert next_step(spend, booked(order=replace(ORDER, is_over=True)), SOON) == step


def test_what_is_too_much_waits_an_hour_and_goes_back_at_most_what_points_paid() -> None:
    too_much = booked(order=replace(ORDER, overcharged=Decimal(40)))
    first = next_step(SPEND, too_much, SOON)
    assert first == Rest(SpendStage.ON_ORDER, SOON + timedelta(hours=1), overcharged_since=SOON)

    seen = replace(SPEND, overcharged_since=SOON)

    assert next_step(seen, too_much, SOON + timedelta(hours=1)) == GiveBack(ReturnReason.OVERCHARGED, 1500)
    assert next_step(seen, booked(order=ORDER), SOON + timedelta(hours=1)) == Rest(SpendStage.ON_ORDER, None)


def test_a_return_that_saleor_lacks_is_reported_and_then_credited() -> None:
    spend = with_return(BACK)
    assert first_step(spend) == Tell(EventKind.REFUND_SUCCESS, BACK)
    assert next_step(spend, booked(order=ORDER), SOON) == Tell(EventKind.REFUND_SUCCESS, BACK)

    assert next_step(spend, booked(("REFUND_SUCCESS", BACK.reference), order=ORDER), SOON) == Credit(BACK)


def test_a_return_that_both_have_needs_nothing() -> None:
    done = replace(BACK, is_reported=True, is_credited=True)
    spend = with_return(done)
    assert first_step(spend) == Tell(EventKind.INFO)

    assert next_step(spend, booked(("REFUND_SUCCESS", BACK.reference), order=ORDER), SOON) == Rest(SpendStage.ON_ORDER, None)


def test_an_abandoned_checkout_that_is_an_order_by_now_takes_its_payment_again() -> None:
    back = replace(BACK, why=ReturnReason.ABANDONED, amount_units=500)
    spend = with_return(back, left=0)
    refunded = booked(("REFUND_SUCCESS", back.reference), order=ORDER)
    assert next_step(spend, refunded, LATE) == Tell(EventKind.REFUND_REVERSE, back)

    reversed_again = booked(("REFUND_REVERSE", back.reference), ("REFUND_SUCCESS", back.reference), order=ORDER)

    assert next_step(spend, reversed_again, LATE) == Cancel(back)


def test_a_refund_that_was_reversed_in_part_keeps_the_rest() -> None:
    back = replace(BACK, amount_units=700, is_reported=True, is_credited=True)
    in_part = booked(("REFUND_REVERSE", BACK.reference), ("REFUND_SUCCESS", BACK.reference), order=ORDER)

    assert next_step(with_return(back), in_part, LATE) == Cancel(back, keeps_units=200)


def test_what_is_left_of_it_is_credited_once_and_never_reported() -> None:
    in_part = booked(("REFUND_REVERSE", BACK.reference), ("REFUND_SUCCESS", BACK.reference), order=ORDER)
    rest = replace(BACK, id=2, amount_units=200, is_reported=True, reversed_units=500)

    assert first_step(with_return(rest)) == Tell(EventKind.INFO)
    assert next_step(with_return(rest), in_part, LATE) == Credit(rest)
    assert next_step(with_return(replace(rest, is_credited=True)), in_part, LATE) == Rest(SpendStage.ON_ORDER, None)


@pytest.mark.parametrize("units", [499, 0])
def test_a_reversal_of_more_than_the_refund_is_for_a_person(units: int) -> None:
    in_part = booked(("REFUND_REVERSE", BACK.reference), ("REFUND_SUCCESS", BACK.reference), order=ORDER)
    spend = with_return(replace(BACK, amount_units=units, is_reported=True))

    assert next_step(spend, in_part, LATE) == OtherAmount()


def test_what_is_left_of_a_refund_that_fails_later_counts_no_more() -> None:
    rest = replace(BACK, id=2, amount_units=200, is_reported=True, is_credited=True, reversed_units=500)
    failed = booked(("REFUND_FAILURE", BACK.reference), ("REFUND_REVERSE", BACK.reference), order=ORDER)

    assert next_step(with_return(rest), failed, LATE) == Cancel(rest)


def test_a_payment_that_went_back_whole_is_over() -> None:
    done = replace(BACK, amount_units=1500, is_reported=True, is_credited=True)

    step = next_step(with_return(done, left=0), booked(("REFUND_SUCCESS", BACK.reference), order=ORDER), SOON)

    assert step == Rest(SpendStage.RETURNED, None)
