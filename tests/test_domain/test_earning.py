"""What an order should have brought, clause by clause (DESIGN, What is due)."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.earning import Because, Due, Moment, earning_base, moment_reached, with_remembered
from app.domain.order import Order, Payment
from tests.test_domain.orders import CREATED, NOW, PAID, START, due, line, money, order, rule, transaction

A_MICROSECOND = timedelta(microseconds=1)

AMOUNTS = st.decimals(0, 100_000, places=2)


def test_a_paid_order_earns_its_points_and_tells_how() -> None:
    assert due(order(total="99.99")) == Due(
        99, 99, Because.EARNED, base=money("99.99"), money_kept=money("99.99"), look_again_at=None
    )


# The base.


@pytest.mark.parametrize(
    ("include_tax", "include_shipping", "base"),
    [(True, False, "36.90"), (False, False, "30.00"), (True, True, "49.20"), (False, True, "40.00")],
)
def test_tax_and_shipping_count_as_the_rule_says(include_tax: bool, include_shipping: bool, base: str) -> None:
    an_order = order(
        total="49.20",
        lines=(line("12.30", "10.00"), line("24.60", "20.00", id="b")),
        shipping_gross=money("12.30"),
        shipping_net=money("10.00"),
    )

    assert earning_base(an_order, rule(include_tax=include_tax, include_shipping=include_shipping)) == money(base)


def test_gift_card_lines_do_not_earn_but_what_was_paid_for_them_counts_as_paid() -> None:
    an_order = order(total="150", lines=(line("100"), line("50", earns=False, id="b")))

    assert due(an_order).points == 100


def test_a_line_of_which_nothing_is_known_earns() -> None:
    assert due(order(lines=(line("100", earns=None),))).points == 100


def test_an_order_of_gift_cards_alone_earns_nothing() -> None:
    assert due(order(lines=(line("100", earns=False),))).points == 0


def test_an_order_without_lines_earns_nothing_but_its_shipping() -> None:
    an_order = order(total="5", lines=(), shipping_gross=money(5))

    assert (due(an_order).points, due(an_order, rule(include_shipping=True)).points) == (0, 5)


def test_a_voucher_on_the_whole_order_lowers_the_lines_that_earn_no_further() -> None:
    # The lines come discounted; the total is what they and shipping add up to.
    assert due(order(total="80", lines=(line("80"),))).points == 80


# Lines that are remembered.


@pytest.mark.parametrize("now_says", [None, True])
def test_a_line_that_was_a_gift_card_when_first_seen_stays_one(now_says: bool | None) -> None:
    remembered = with_remembered(order(lines=(line(earns=now_says),)), order(lines=(line(earns=False),)))

    assert remembered.lines[0].earns is False


def test_a_line_that_earned_when_first_seen_still_earns_when_its_product_is_gone() -> None:
    remembered = with_remembered(order(lines=(line(earns=None),)), order(lines=(line(earns=True),)))

    assert remembered.lines[0].earns is True


def test_a_line_that_is_new_is_taken_as_it_is() -> None:
    assert with_remembered(order(lines=(line(earns=None),)), None).lines[0].earns is None


def test_what_was_not_known_before_is_learned_now() -> None:
    remembered = with_remembered(order(lines=(line(earns=False),)), order(lines=(line(earns=None),)))

    assert remembered.lines[0].earns is False


def test_only_whether_it_earns_is_remembered_of_a_line_and_gone_lines_stay_gone() -> None:
    now = (line("70", "60", to_fulfill=2), line("5", id="new"))
    before = order(lines=(line("100", earns=True), line("9", id="gone", earns=False)))

    assert with_remembered(order(lines=now), before).lines == now


def test_what_a_gift_card_paid_is_remembered_when_an_edit_forgets_it() -> None:
    first = with_remembered(order(subtotal=money(100), total="10", has_gift_cards=True), None)
    edited = order(subtotal=money(120), total="120", has_gift_cards=True)

    assert (first.card_paid, with_remembered(edited, first).card_paid) == (money(90), money(90))


# Digits.


@pytest.mark.parametrize(
    ("currency", "total", "points_per_unit", "points"),
    [
        ("JPY", "1980", "1", 1980),
        ("JPY", "1980", "0.01", 19),
        ("USD", "0.99", "1", 0),
        ("USD", "19.99", "1", 19),
        ("USD", "19.99", "10", 199),
        ("USD", "0.29", "100", 29),
        ("KWD", "12.345", "1", 12),
        ("KWD", "12.345", "1000", 12345),
        ("KWD", "0.007", "1000", 7),
        ("USD", "1.10", "0.3333333333", 0),
        ("USD", "3.00", "0.3333333333", 0),
        ("USD", "30.00", "0.1", 3),
        ("USD", "100", "0", 0),
    ],
)
def test_points_are_floored_from_exact_amounts_of_any_number_of_digits(
    currency: str, total: str, points_per_unit: str, points: int
) -> None:
    assert due(order(total=total, currency=currency), rule(points_per_unit=Decimal(points_per_unit))).points == points


def test_amounts_beyond_any_float_stay_exact() -> None:
    assert due(order(total="90071992547409.93"), rule(points_per_unit=Decimal(100))).points == 9007199254740993


@pytest.mark.parametrize(("charged", "points"), [("33.33", 33), ("66.67", 66), ("99.99", 99), ("100", 100)])
def test_a_part_of_the_money_earns_that_part_of_the_points(charged: str, points: int) -> None:
    assert due(order(charged=money(charged))).points == points


def test_a_third_of_three_points_is_one_and_not_a_fraction_less() -> None:
    an_order = order(total="9", lines=(line("3"),), charged=money(3))

    assert due(an_order).points == 1


# The money kept.


def test_what_is_charged_is_net_of_refunds_and_not_reduced_again() -> None:
    assert due(order(charged=money(60), refunded=money(40), transactions=(transaction("60", "40", "100"),))).points == 60


def test_a_refund_reported_without_lowering_the_charge_is_money_given_back() -> None:
    an_order = order(charged=money(100), refunded=money(40), transactions=(transaction("100", "40", "100"),))

    assert (an_order.money_kept, due(an_order).points) == (money(60), 60)


def test_transactions_are_judged_one_by_one() -> None:
    an_order = order(
        charged=money(110),
        refunded=money(30),
        transactions=(transaction("50", "20", "50"), transaction("60", "10", "70"), transaction("0", "0", "0")),
    )

    assert an_order.money_kept == money(90)


@pytest.mark.parametrize(
    "a_transaction",
    [
        transaction("100", "0", "100"),
        # Charged outside of any event, as "mark as paid" does; or less than the events told.
        transaction("100", "0", "120"),
        transaction("60", "40", "100"),
        transaction("60", "0", "100", "40"),
        transaction("40", "20", "100", "40"),
    ],
)
def test_a_transaction_with_no_surplus_gave_nothing_back(a_transaction: Any) -> None:
    assert order(charged=a_transaction.charged, transactions=(a_transaction,)).money_kept == a_transaction.charged


def test_a_charge_without_events_and_without_refund_is_surplus_all_the_same() -> None:
    # Saleor has a CHARGE_SUCCESS event for each; without one the charge is not believed.
    assert order(transactions=(transaction("100", "0", "0"),)).money_kept == 0


@pytest.mark.parametrize("charged", ["-20", "0"])
def test_money_kept_is_never_less_than_nothing(charged: str) -> None:
    result = due(order(charged=money(charged)))

    assert (result.points, result.money_kept) == (0, Decimal(0))


def test_money_kept_beyond_the_total_earns_no_more_than_the_total() -> None:
    assert due(order(charged=money(250))).points == 100


def test_a_charge_back_takes_its_points() -> None:
    assert due(order(charged=money(0), transactions=(transaction("0", "0", "100"),))).points == 0


def test_an_edit_after_payment_keeps_the_part_that_is_paid() -> None:
    an_order = order(total="200", charged=money(100), lines=(line("200"),))

    assert due(an_order).points == 100


# What gift cards paid. The line has ten pieces.


def by_card(card: str, *, charged: str | None = None, back: int = 0, **changes: Any) -> Order:
    total = money(100) - money(card)
    values: dict[str, Any] = {"charged": total if charged is None else money(charged), "subtotal": money(100)} | changes
    ten = replace(line("100"), quantity=10)
    return order(total=str(total), has_gift_cards=True, lines=(ten,), returned=(("a", back),), **values)


@pytest.mark.parametrize(
    ("an_order", "points"),
    [
        (by_card("100"), 100),
        (by_card("90"), 100),
        (by_card("90", charged="5"), 95),
        (by_card("99.99", charged="0"), 99),
        # Returned goods count against the card, less what the refund tells already.
        (by_card("100", back=3), 70),
        (by_card("100", back=10), 0),
        (by_card("90", charged="0", back=1), 90),
        (by_card("90", charged="0", back=2), 80),
        (by_card("20", charged="60", back=2), 80),
        # More came back than the order has pieces, by Saleor's account: no more than all of them.
        (by_card("100", back=12), 0),
    ],
)
def test_what_gift_cards_paid_counts_less_the_goods_that_came_back(an_order: Order, points: int) -> None:
    assert due(an_order).points == points


def test_what_gift_cards_paid_earns_nothing_where_the_rule_says_so() -> None:
    assert due(by_card("90", charged="5"), rule(exclude_gift_cards=True)).points == 5


def test_the_least_total_asks_for_the_value_before_gift_cards() -> None:
    assert due(by_card("90"), rule(minimum_total=money(100))).points == 100


def test_a_total_below_the_value_is_no_gift_card_where_there_is_none() -> None:
    assert order(subtotal=money(100), total="40").card_paid == 0


# Goods that came back.


@pytest.mark.parametrize(("back", "charged", "points"), [(0, 100, 100), (3, 100, 70), (3, 50, 50), (10, 100, 0)])
def test_returned_goods_count_as_refunded_where_the_rule_says_so(back: int, charged: int, points: int) -> None:
    ten = replace(line("100"), quantity=10)
    an_order = order(lines=(ten,), returned=(("a", back),), charged=money(charged))

    assert due(an_order, rule(count_returned=True)).points == points
    assert due(an_order).points == charged


def test_the_share_of_returned_goods_goes_by_the_totals_of_their_lines() -> None:
    lines = (replace(line("75"), quantity=3), replace(line("25", id="b"), quantity=1))

    assert due(order(lines=lines, returned=(("a", 1),)), rule(count_returned=True)).points == 75


# Goods that replace others.


def test_what_staff_record_as_paid_for_goods_that_replace_others_earns_nothing() -> None:
    staff, shopper = replace(transaction("60", "0", "60"), is_by_staff=True), transaction("30", "0", "30")
    payments = (Payment("manual", money(10)),)
    an_order = order(charged=money(100), transactions=(staff, shopper), payments=payments)

    assert due(an_order).points == 100
    assert due(replace(an_order, is_replacement=True)).points == 30


def test_what_a_payment_app_took_for_goods_that_replace_others_earns() -> None:
    an_order = order(charged=money(100), payments=(Payment("stripe", money(100)),), is_replacement=True)

    assert due(an_order).points == 100


# Exactness.


def test_amounts_are_rounded_once_at_the_end() -> None:
    assert due(order(total="3", charged=money(1)), rule(points_per_unit=Decimal(3))).points == 3


def test_an_order_of_no_value_earns_nothing() -> None:
    assert due(order(total="0", lines=())).points == 0


def test_an_order_was_placed_when_its_draft_was() -> None:
    an_order = order(created_at=START - timedelta(days=1), placed_at=PAID)

    assert due(an_order).because is Because.EARNED


def test_a_returned_order_that_was_paid_with_money_is_judged_by_its_money() -> None:
    assert due(order(status="RETURNED", charged=money(100))).points == 100


# Bounds.


@pytest.mark.parametrize(("maximum", "points"), [(None, 100), (101, 100), (100, 100), (99, 99), (0, 0)])
def test_no_order_brings_more_than_the_maximum(maximum: int | None, points: int) -> None:
    assert due(order(), rule(maximum_points=maximum)).points == points


def test_the_maximum_is_of_what_is_left_and_not_of_the_beginning() -> None:
    a_rule = rule(maximum_points=50)

    assert [due(order(charged=money(charged)), a_rule).points for charged in (100, 60, 50, 40)] == [50, 50, 50, 40]


@pytest.mark.parametrize(("minimum", "because"), [("100", Because.EARNED), ("100.01", Because.BELOW_MINIMUM)])
def test_an_order_below_the_minimum_total_earns_nothing(minimum: str, because: Because) -> None:
    assert due(order(), rule(minimum_total=Decimal(minimum))).because is because


def test_the_minimum_asks_for_the_orders_total_and_not_for_what_refunds_left() -> None:
    assert due(order(charged=money(30)), rule(minimum_total=Decimal(100))).points == 30


# Orders that earn nothing.


@pytest.mark.parametrize("status", ["CANCELED", "EXPIRED", "DRAFT"])
def test_an_order_that_is_none_earns_nothing(status: str) -> None:
    assert due(order(status=status)) == Due(0, 0, Because.CANCELLED, money(100), money(100))


@pytest.mark.parametrize(
    "status", ["UNCONFIRMED", "UNFULFILLED", "PARTIALLY_FULFILLED", "FULFILLED", "PARTIALLY_RETURNED", "RETURNED"]
)
def test_an_order_of_any_other_status_earns(status: str) -> None:
    assert due(order(status=status)).points == 100


@pytest.mark.parametrize(("after", "points"), [(timedelta(0), 100), (A_MICROSECOND, 0)])
def test_an_order_created_before_the_store_began_to_award_earns_nothing(after: timedelta, points: int) -> None:
    assert due(order(), awards_from=CREATED + after).points == points


def test_a_rule_that_is_off_earns_nothing() -> None:
    assert due(order(), rule(is_active=False)).because is Because.RULE_OFF


def test_before_its_moment_an_order_earns_nothing_and_time_alone_changes_nothing() -> None:
    result = due(order(), moment_at=None)

    assert (result.points, result.because, result.look_again_at) == (0, Because.WAITING_FOR_MOMENT, None)


@pytest.mark.parametrize(
    ("changes", "a_rule", "options", "because"),
    [
        ({"status": "CANCELED", "created_at": START - A_MICROSECOND}, {"is_active": False}, {}, Because.CANCELLED),
        ({"created_at": START - A_MICROSECOND}, {"is_active": False}, {}, Because.BEFORE_START),
        ({}, {"is_active": False, "minimum_total": Decimal(999)}, {"moment_at": None}, Because.RULE_OFF),
        ({}, {"minimum_total": Decimal(999)}, {"moment_at": None}, Because.BELOW_MINIMUM),
    ],
)
def test_the_reason_that_lasts_longest_is_told(
    changes: dict[str, Any], a_rule: dict[str, Any], options: dict[str, Any], because: Because
) -> None:
    assert due(order(**changes), rule(**a_rule), **options).because is because


# The hold.


@pytest.mark.parametrize(("early", "points"), [(A_MICROSECOND, 0), (timedelta(0), 100)])
def test_a_hold_ends_to_the_moment(early: timedelta, points: int) -> None:
    result = due(order(), rule(hold_days=14), now=PAID + timedelta(days=14) - early)

    assert result.points == points


def test_a_held_order_says_when_to_look_again() -> None:
    result = due(order(), rule(hold_days=14))

    assert (result.because, result.look_again_at) == (Because.ON_HOLD, PAID + timedelta(days=14))


def test_an_order_past_its_hold_asks_for_no_further_look() -> None:
    assert due(order(), rule(hold_days=1), now=NOW + timedelta(days=99)).look_again_at is None


# The moment.


def test_an_order_reaches_its_payment_when_its_events_say_so_whatever_was_refunded_since() -> None:
    assert moment_reached(order(charged=money(0), fully_paid_at=PAID), Moment.PAID, remembered=None) == PAID


@pytest.mark.parametrize("charged", ["100", "100.01"])
def test_an_order_is_paid_once_the_charges_cover_its_total(charged: str) -> None:
    an_order = order(fully_paid_at=None, charged=money(charged), updated_at=NOW)

    assert moment_reached(an_order, Moment.PAID, remembered=None) == NOW


def test_an_order_paid_in_part_has_not_reached_its_payment() -> None:
    assert moment_reached(order(fully_paid_at=None, charged=money("99.99")), Moment.PAID, remembered=None) is None


@pytest.mark.parametrize("moment", list(Moment))
def test_a_moment_once_reached_stays_reached(moment: Moment) -> None:
    an_order = order(fully_paid_at=None, charged=money(0), lines=(line(to_fulfill=1),))

    assert moment_reached(an_order, moment, remembered=PAID) == PAID


def test_an_order_is_fulfilled_when_no_line_has_anything_left() -> None:
    lines = (line(to_fulfill=0), line(to_fulfill=0, id="b"))

    assert moment_reached(order(lines=lines, fulfilled_at=NOW), Moment.FULFILLED, remembered=None) == NOW


@pytest.mark.parametrize("lines", [(), (line(to_fulfill=0), line(to_fulfill=1, id="b"))])
def test_an_order_with_something_left_to_fulfil_or_no_lines_is_not_fulfilled(lines: Any) -> None:
    assert moment_reached(order(lines=lines, fulfilled_at=NOW), Moment.FULFILLED, remembered=None) is None


def test_an_order_whose_fulfilment_left_no_event_was_fulfilled_when_it_last_changed() -> None:
    an_order = order(lines=(line(to_fulfill=0),), fulfilled_at=None, updated_at=NOW)

    assert moment_reached(an_order, Moment.FULFILLED, remembered=None) == NOW


def test_a_fulfilled_order_that_is_not_paid_earns_for_what_is_paid() -> None:
    an_order = order(lines=(line(to_fulfill=0),), charged=money(25), fully_paid_at=None)

    assert due(an_order, rule(award_when=Moment.FULFILLED)).points == 25


# What holds for every order.


@given(total=AMOUNTS, parts=st.lists(AMOUNTS, max_size=6), points_per_unit=st.decimals(0, 100, places=3), lowers=st.booleans())
def test_any_split_of_a_refund_ends_on_the_points_of_the_whole(
    total: Decimal, parts: list[Decimal], points_per_unit: Decimal, lowers: bool
) -> None:
    a_rule = rule(points_per_unit=points_per_unit)
    left = total
    for part in parts:
        left = max(left - part, Decimal(0))
    charged = left if lowers else total
    in_parts = order(total=total, charged=charged, transactions=(transaction(str(charged), str(total - left), str(total)),))

    assert due(in_parts, a_rule).points == due(order(total=total, charged=left), a_rule).points


@given(
    total=AMOUNTS,
    shipping=AMOUNTS,
    charged=st.decimals(-1000, 200_000, places=2),
    points_per_unit=st.decimals(0, 1000, places=4),
    maximum=st.none() | st.integers(0, 10_000),
    status=st.sampled_from(["UNFULFILLED", "RETURNED", "CANCELED"]),
)
def test_points_lie_between_nothing_and_the_maximum_and_never_above_the_fair_share(
    total: Decimal, shipping: Decimal, charged: Decimal, points_per_unit: Decimal, maximum: int | None, status: str
) -> None:
    an_order = order(total=total + shipping, lines=(line(str(total)),), shipping_gross=shipping, charged=charged, status=status)

    points = due(an_order, rule(points_per_unit=points_per_unit, maximum_points=maximum)).points

    assert 0 <= points <= (points_per_unit * total if maximum is None else maximum)


@given(total=st.decimals("0.01", 100_000, places=2), charged=st.lists(AMOUNTS, min_size=2, max_size=2))
def test_more_money_kept_never_brings_fewer_points(total: Decimal, charged: list[Decimal]) -> None:
    less, more = sorted(charged)

    assert due(order(total=total, charged=less)).points <= due(order(total=total, charged=more)).points


@given(total=st.decimals("0.001", 100_000, places=3), points_per_unit=st.decimals(0, 1000, places=4))
def test_an_order_kept_in_full_brings_the_floor_of_rate_times_base(total: Decimal, points_per_unit: Decimal) -> None:
    assert due(order(total=total), rule(points_per_unit=points_per_unit)).points == int(points_per_unit * total)


# What points paid.


def by_points(order_total: str, points: str, money_paid: str) -> Order:
    """An order that two payments hold: one with points, one with money."""
    held = Decimal(points) + Decimal(money_paid)
    own = replace(transaction(points, "0", points), is_by_points=True, id="points")
    return order(
        total=order_total, charged=held, transactions=(own, replace(transaction(money_paid, "0", money_paid), id="card"))
    )


def test_what_points_paid_earns_nothing_unless_the_rule_says_so() -> None:
    assert due(by_points("105", "15", "90")).points == 90
    assert due(by_points("105", "15", "90"), rule(points_earn=True)).points == 105


def test_points_that_went_back_change_nothing_of_what_money_earned() -> None:
    assert due(by_points("105", "5", "90")).points == 90
    assert due(by_points("105", "0", "90")).points == 90


@given(points=AMOUNTS, paid=AMOUNTS)
def test_money_and_points_add_up_to_what_all_would_have_earned(points: Decimal, paid: Decimal) -> None:
    whole = points + paid
    an_order = by_points(str(whole), str(points), str(paid))

    assert due(an_order, rule(points_per_unit=Decimal(100))).points == int(paid * 100)
