"""What an order is due: each clause of the rule, and that it only depends on the order as it stands."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.earning import Because, Due, Moment, Rule, moment_reached, points_due, with_remembered_earning
from app.domain.order import Line, Order, Transaction

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
CREATED = NOW - timedelta(days=1)
BEFORE = NOW - timedelta(days=365)


def order(
    total: str = "100",
    *,
    charged: str | None = None,
    lines: Sequence[Line] | None = None,
    transactions: Sequence[Transaction] = (),
    **values: Any,
) -> Order:
    """An order of goods for its whole total, paid in full unless said otherwise."""
    return Order(
        id="order",
        number="1",
        created_at=CREATED,
        updated_at=CREATED,
        status=values.pop("status", "UNFULFILLED"),
        email="ada@example.com",
        is_registered=False,
        channel="default-channel",
        currency="USD",
        total=Decimal(total),
        subtotal=Decimal(total),
        shipping_gross=Decimal(values.pop("shipping", "0")),
        shipping_net=Decimal(values.pop("shipping_net", "0")),
        charged=Decimal(total if charged is None else charged),
        refunded=Decimal(0),
        transactions=tuple(transactions),
        lines=tuple(lines) if lines is not None else (line(total),),
        **values,
    )


def line(gross: str, net: str | None = None, *, earns: bool | None = True, left: int = 0, name: str = "line") -> Line:
    return Line(name, Decimal(gross), Decimal(gross if net is None else net), left, earns)


def due(of: Order, rule: Rule | None = None, *, moment_at: datetime | None = CREATED, **options: Any) -> Due:
    return points_due(of, rule or Rule(id=1), options.pop("now", NOW), awards_from=BEFORE, moment_at=moment_at, **options)


@pytest.mark.parametrize(
    ("total", "rate", "points"),
    [
        ("100", "1", 100),
        ("99.99", "1", 99),
        ("0.99", "1", 0),
        ("155.21", "0.1", 15),
        ("19.90", "10", 199),
        ("1250", "0.01", 12),
        ("12.345", "100", 1234),
        ("0.1", "3", 0),
        ("33.33", "3", 99),
    ],
)
def test_points_are_the_rate_times_the_money_rounded_down_once(total: str, rate: str, points: int) -> None:
    assert due(order(total), Rule(id=1, points_per_unit=Decimal(rate))).points == points


def test_rounding_is_of_the_whole_order_and_not_of_each_line() -> None:
    halves = [line("0.50", name="a"), line("0.50", name="b")]

    assert due(order("1.00", lines=halves)).points == 1


def test_tax_counts_or_not_as_the_rule_says() -> None:
    taxed = order("73.80", lines=[line("73.80", "60")])

    assert due(taxed).points == 73
    assert due(taxed, Rule(id=1, include_tax=False)).points == 60


def test_shipping_counts_only_if_the_rule_says_so_and_then_as_the_goods_do() -> None:
    shipped = order("155.21", lines=[line("73.80", "60")], shipping="81.41", shipping_net="66.19")

    assert due(shipped).points == 73
    assert due(shipped, Rule(id=1, include_shipping=True)).points == 155
    assert due(shipped, Rule(id=1, include_shipping=True, include_tax=False)).points == 126


def test_gift_cards_earn_nothing_and_unknown_lines_do() -> None:
    mixed = order("100", lines=[line("40", earns=False), line("35"), line("25", earns=None)])

    assert due(mixed).points == 60


def test_a_line_known_to_be_a_gift_card_stays_one_when_its_product_is_gone() -> None:
    remembered = [line("40", earns=False, name="card")]
    read = order("40", lines=[line("40", earns=None, name="card")])

    assert with_remembered_earning(read, remembered)[0].earns is False


def test_the_maximum_holds() -> None:
    assert due(order("500"), Rule(id=1, maximum_points=200)).points == 200


def test_the_minimum_is_compared_with_the_total_and_not_with_what_refunds_left() -> None:
    rule = Rule(id=1, minimum_total=Decimal(50))

    assert due(order("49.99"), rule).because is Because.BELOW_MINIMUM
    assert due(order("50", charged="10"), rule).points == 10


@pytest.mark.parametrize("status", ["CANCELED", "EXPIRED", "DRAFT"])
def test_an_order_that_came_to_nothing_earns_nothing(status: str) -> None:
    assert due(order(status=status)).points == 0


@pytest.mark.parametrize("status", ["UNCONFIRMED", "UNFULFILLED", "FULFILLED", "PARTIALLY_RETURNED", "RETURNED"])
def test_the_other_states_change_nothing_while_the_money_stays(status: str) -> None:
    assert due(order(status=status)).points == 100


def test_an_order_from_before_the_start_earns_nothing() -> None:
    early = points_due(order(), Rule(id=1), NOW, awards_from=NOW, moment_at=CREATED)

    assert (early.points, early.because) == (0, Because.BEFORE_START)


def test_a_rule_that_is_switched_off_gives_nothing() -> None:
    assert due(order(), Rule(id=1, is_active=False)).because is Because.RULE_OFF


def test_nothing_is_due_before_the_moment() -> None:
    assert due(order(charged="20"), moment_at=None).because is Because.WAITING_FOR_MOMENT


def test_a_hold_ends_days_after_the_moment_and_says_when() -> None:
    rule = Rule(id=1, hold_days=14)
    ends = CREATED + timedelta(days=14)

    held = due(order(), rule, now=ends - timedelta(microseconds=1))

    assert (held.points, held.because, held.look_again_at) == (0, Because.ON_HOLD, ends)
    assert due(order(), rule, now=ends).points == 100


def test_adjustments_are_part_of_what_is_due_whatever_the_order_earns() -> None:
    assert due(order(), adjustments=-30).points == 70
    assert due(order(status="CANCELED"), adjustments=30).points == 30


def test_an_order_of_total_nothing_earns_on_its_goods_until_it_is_returned() -> None:
    free = order("0", lines=[line("20")])

    assert due(free).points == 20
    assert due(replace(free, status="RETURNED")).points == 0


def test_money_beyond_the_total_earns_nothing_and_money_below_zero_takes_nothing() -> None:
    assert due(order("100", charged="130")).points == 100
    assert due(order("100", charged="-5")).points == 0


def test_a_refund_reported_without_lowering_the_charge_counts() -> None:
    reported = order("60", transactions=[Transaction(Decimal(60), Decimal(20), Decimal(60))])

    assert due(reported).points == 40


def test_a_refund_that_lowered_the_charge_counts_once() -> None:
    lowered = order("60", charged="40", transactions=[Transaction(Decimal(40), Decimal(20), Decimal(60))])

    assert due(lowered).points == 40


class TestMoment:
    """When an order begins to earn."""

    def test_paid_is_when_the_history_says_so(self) -> None:
        paid_at = CREATED + timedelta(hours=2)

        assert moment_reached(order(charged="0", fully_paid_at=paid_at), Moment.PAID, remembered=None) == paid_at

    def test_paid_without_a_history_is_when_charges_cover_the_total(self) -> None:
        assert moment_reached(order(), Moment.PAID, remembered=None) == CREATED
        assert moment_reached(order(charged="99.99"), Moment.PAID, remembered=None) is None

    def test_fulfilled_is_when_nothing_is_left_to_fulfil(self) -> None:
        done_at = CREATED + timedelta(days=3)
        half = order(lines=[line("50", left=0), line("50", left=1)])

        assert moment_reached(half, Moment.FULFILLED, remembered=None) is None
        assert moment_reached(order(fulfilled_at=done_at), Moment.FULFILLED, remembered=None) == done_at

    def test_once_reached_it_stays_reached(self) -> None:
        assert moment_reached(order(charged="0"), Moment.PAID, remembered=BEFORE) == BEFORE


cents = st.integers(min_value=1, max_value=10_000_000)


@given(total=cents, parts=st.lists(st.integers(min_value=0, max_value=1_000_000), max_size=8), rate=st.integers(1, 1000))
def test_however_a_refund_is_split_it_ends_on_the_same_points(total: int, parts: list[int], rate: int) -> None:
    rule = Rule(id=1, points_per_unit=Decimal(rate) / 100)
    paid = order(str(Decimal(total) / 100))
    left = max(total - sum(parts), 0)

    step_by_step = paid
    for part in parts:
        step_by_step = replace(step_by_step, charged=max(step_by_step.charged - Decimal(part) / 100, Decimal(0)))

    assert due(step_by_step, rule).points == due(replace(paid, charged=Decimal(left) / 100), rule).points


@given(total=cents, kept=st.integers(-1000, 20_000_000), rate=st.integers(0, 100_000), maximum=st.none() | st.integers(0, 1000))
def test_points_are_never_negative_nor_above_what_full_payment_brings(
    total: int, kept: int, rate: int, maximum: int | None
) -> None:
    rule = Rule(id=1, points_per_unit=Decimal(rate) / 100, maximum_points=maximum)
    paid = order(str(Decimal(total) / 100))

    points = due(replace(paid, charged=Decimal(kept) / 100), rule).points

    assert 0 <= points <= due(paid, rule).points
    assert maximum is None or points <= maximum


@given(total=cents, more=cents, less=cents)
def test_more_money_kept_never_means_fewer_points(total: int, more: int, less: int) -> None:
    paid = order(str(Decimal(total) / 100))
    low, high = sorted((more, less))

    assert due(replace(paid, charged=Decimal(low) / 100)).points <= due(replace(paid, charged=Decimal(high) / 100)).points
