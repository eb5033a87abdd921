"""What points pay, and what a part of it gives back: exact for every rate, currency and split."""

from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.spend_rule import SpendRule
from app.domain.spending import (
    Payable,
    PointsPayment,
    SpendRefusal,
    as_amount,
    currency_digits,
    decide_payment,
    least_payment,
    minor_units,
    points_to_return,
    worth,
)

RULE = SpendRule(1, Decimal(100))
CURRENCIES = st.sampled_from(["USD", "JPY", "KWD"])
RATES = st.decimals("0.000001", 1_000_000, places=6).filter(lambda rate: rate > 0)
RULES = st.builds(
    SpendRule,
    st.just(1),
    RATES,
    least_points=st.integers(1, 1_000),
    greatest_share=st.decimals("0.01", 1, places=2),
)


def usd(total: str, due: str | None = None, *, unbooked: str = "0", by_points: str = "0") -> Payable:
    return Payable("USD", Decimal(total), Decimal(due or total), Decimal(unbooked), Decimal(by_points))


def pays(amount: str, points: int) -> PointsPayment:
    return PointsPayment(points, Decimal(amount))


def test_points_pay_what_is_asked() -> None:
    assert decide_payment(usd("60"), RULE, asked=Decimal(15), balance=5_000) == pays("15", 1_500)


def test_without_an_amount_points_pay_all_that_is_due() -> None:
    assert decide_payment(usd("60"), RULE, asked=None, balance=10_000) == pays("60", 6_000)


@pytest.mark.parametrize(
    ("payable", "balance", "amount"),
    [
        (usd("60", "20"), 10_000, "20"),
        (usd("60", "60", unbooked="50"), 10_000, "10"),
        (usd("60", by_points="25"), 10_000, "5"),
        (usd("60"), 1_234, "12.34"),
    ],
    ids=["what is due", "less what Saleor has not booked", "less what points paid of their share", "what the customer has"],
)
def test_what_is_least_limits_it(payable: Payable, balance: int, amount: str) -> None:
    half = replace(RULE, greatest_share=Decimal("0.5"))

    assert decide_payment(payable, half, asked=None, balance=balance) == pays(amount, int(Decimal(amount) * 100))


def test_only_whole_points_pay() -> None:
    three = replace(RULE, points_per_unit=Decimal(3))

    assert decide_payment(usd("60"), three, asked=Decimal("10.50"), balance=500) == pays("10.33", 31)


def test_points_of_a_currency_without_digits_pay_whole_units() -> None:
    yen = Payable("JPY", Decimal(1_000), Decimal(1_000))

    assert decide_payment(yen, replace(RULE, points_per_unit=Decimal("0.3")), asked=Decimal(101), balance=500) == pays("100", 30)


@pytest.mark.parametrize(
    ("currency", "asked"), [("JPY", "100.5"), ("KWD", "1.2345"), ("USD", "1.005"), ("USD", "0.004"), ("USD", "0"), ("USD", "-5")]
)
def test_an_amount_that_saleor_would_round_is_refused(currency: str, asked: str) -> None:
    payable = Payable(currency, Decimal(1_000), Decimal(1_000))

    assert decide_payment(payable, RULE, asked=Decimal(asked), balance=100_000) is SpendRefusal.AMOUNT


@pytest.mark.parametrize(
    ("payable", "rule", "balance", "refusal"),
    [
        (usd("60"), replace(RULE, is_active=False), 5_000, SpendRefusal.OFF),
        (usd("0"), RULE, 5_000, SpendRefusal.NOTHING_DUE),
        (usd("60", "15", unbooked="15"), RULE, 5_000, SpendRefusal.NOTHING_DUE),
        (usd("60", "-5"), RULE, 5_000, SpendRefusal.NOTHING_DUE),
        (usd("60", by_points="30"), replace(RULE, greatest_share=Decimal("0.5")), 5_000, SpendRefusal.SHARE),
        (usd("60"), RULE, 0, SpendRefusal.NO_POINTS),
        (usd("60"), RULE, -20, SpendRefusal.NO_POINTS),
        (usd("60"), replace(RULE, points_per_unit=Decimal("0.01")), 5_000, SpendRefusal.TOO_SMALL),
        (usd("60"), replace(RULE, points_per_unit=Decimal(1_000)), 5, SpendRefusal.TOO_SMALL),
        (usd("60"), replace(RULE, least_points=500), 499, SpendRefusal.TOO_FEW),
    ],
)
def test_why_points_cannot_pay(payable: Payable, rule: SpendRule, balance: int, refusal: SpendRefusal) -> None:
    assert decide_payment(payable, rule, asked=None, balance=balance) is refusal


@given(
    rule=RULES,
    currency=CURRENCIES,
    units=st.tuples(*[st.integers(0, 10**8)] * 4),
    asked=st.none() | st.integers(1, 10**8),
    balance=st.integers(-100, 10**9),
)
def test_points_never_pay_more_than_they_may(
    rule: SpendRule, currency: str, units: tuple[int, int, int, int], asked: int | None, balance: int
) -> None:
    total, due, unbooked, by_points = (as_amount(one, currency) for one in units)
    asked_amount = None if asked is None else as_amount(asked, currency)
    payable = Payable(currency, total, due, unbooked, by_points)

    payment = decide_payment(payable, rule, asked=asked_amount, balance=balance)

    if isinstance(payment, SpendRefusal):
        return
    cost = Fraction(payment.amount) * Fraction(rule.points_per_unit)
    assert payment.amount > 0
    assert payment.amount <= due - unbooked
    assert payment.amount <= total * rule.greatest_share - by_points
    assert asked_amount is None or payment.amount <= asked_amount
    assert rule.least_points <= payment.points <= balance
    assert cost <= payment.points < cost + 1
    assert payment.amount.quantize(Decimal(1).scaleb(-currency_digits(currency)), ROUND_HALF_EVEN) == payment.amount


@given(rule=RULES, currency=CURRENCIES)
def test_the_least_payment_is_one_that_is_taken(rule: SpendRule, currency: str) -> None:
    least = least_payment(rule, currency)
    payable = Payable(currency, least.amount * 200, least.amount * 200)

    payment = decide_payment(payable, rule, asked=least.amount, balance=10**9)

    assert isinstance(payment, PointsPayment)
    assert payment.points == least.points


def test_the_worth_of_points_is_rounded_down() -> None:
    three = replace(RULE, points_per_unit=Decimal(3))

    assert [worth(points, three, "USD") for points in (100, 1, 0, -5)] == [
        Decimal("33.33"),
        Decimal("0.33"),
        Decimal(0),
        Decimal(0),
    ]


def test_an_amount_is_counted_in_its_smallest_units() -> None:
    assert [minor_units(Decimal("15.5"), "USD"), minor_units(Decimal(100), "JPY"), minor_units(Decimal("1.234"), "KWD")] == [
        1_550,
        100,
        1_234,
    ]
    with pytest.raises(ValueError, match="more digits"):
        minor_units(Decimal("100.5"), "JPY")


@given(
    points=st.integers(1, 10**6),
    currency=CURRENCIES,
    parts=st.lists(st.integers(1, 10**5), min_size=1, max_size=8),
    kept=st.integers(0, 10**5),
)
def test_any_split_of_a_refund_gives_back_the_same_points(points: int, currency: str, parts: list[int], kept: int) -> None:
    amount = as_amount(sum(parts) + kept, currency)
    returned, before = 0, Decimal(0)
    for part in parts:
        returning = as_amount(part, currency)
        returned += points_to_return(points, amount, before=before, returning=returning)
        before += returning

    assert returned == points_to_return(points, amount, before=Decimal(0), returning=before)
    assert returned <= points
    assert kept or returned == points


@pytest.mark.parametrize(("before", "returning"), [("0", "15.01"), ("10", "5.01"), ("-1", "5"), ("5", "-1")])
def test_more_than_was_paid_never_goes_back(before: str, returning: str) -> None:
    with pytest.raises(ValueError, match="more goes back"):
        points_to_return(1_500, Decimal(15), before=Decimal(before), returning=Decimal(returning))
