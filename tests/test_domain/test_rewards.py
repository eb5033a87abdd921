"""Rewards: what one costs, who may take it, and what comes back of it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.redemptions import BackReason, Given, last_day_of_code, next_look, points_back
from app.domain.reward_codes import LENGTH, LETTERS, new_code
from app.domain.reward_faults import faults_of
from app.domain.rewards import RewardAmount, RewardKind, RewardPrice, RewardRefusal, RewardTerms, Taken, Wish, decide_price

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
TEN = RewardTerms(1, 1, RewardKind.AMOUNT, "10 off", points=500, amounts=(RewardAmount("USD", Decimal(10)),))
ANY = replace(TEN, points=None, amounts=(RewardAmount("USD", Decimal(50), points_per_unit=Decimal("33.3")),))
FREE_SHIPPING = RewardTerms(1, 1, RewardKind.VOUCHER, "Free shipping", points=200, voucher_id="Vm91Y2hlcjox")


def price(terms: RewardTerms, wish: Wish = Wish(), taken: Taken = Taken()) -> RewardPrice | RewardRefusal:  # noqa: B008 - frozen values
    return decide_price(terms, wish, taken, NOW)


def test_a_fixed_amount_costs_its_points() -> None:
    assert price(TEN, Wish("USD")) == RewardPrice(500, "USD", 1000)


def test_a_reward_of_one_currency_needs_none_named() -> None:
    assert price(TEN) == RewardPrice(500, "USD", 1000)


def test_an_amount_that_was_chosen_costs_points_rounded_up() -> None:
    assert price(ANY, Wish("USD", Decimal("10.01"))) == RewardPrice(334, "USD", 1001)


def test_a_voucher_costs_its_points_and_holds_no_amount() -> None:
    assert price(FREE_SHIPPING) == RewardPrice(200)


@pytest.mark.parametrize("amount", [None, Decimal(0), Decimal(-1), Decimal("50.01"), Decimal("1.005")])
def test_an_amount_that_will_not_do_is_refused(amount: Decimal | None) -> None:
    assert price(ANY, Wish("USD", amount)) is RewardRefusal.AMOUNT


def test_another_amount_than_the_fixed_one_is_refused() -> None:
    assert price(TEN, Wish("USD", Decimal(11))) is RewardRefusal.AMOUNT


def test_a_price_that_changed_since_it_was_shown_is_refused() -> None:
    assert price(TEN, Wish("USD", points=400)) is RewardRefusal.PRICE
    assert price(TEN, Wish("USD", points=500)) == RewardPrice(500, "USD", 1000)


@pytest.mark.parametrize(
    ("terms", "refusal"),
    [
        (replace(TEN, is_active=False), RewardRefusal.ENDED),
        (replace(TEN, starts_at=NOW + timedelta(seconds=1)), RewardRefusal.NOT_YET),
        (replace(TEN, ends_at=NOW), RewardRefusal.OVER),
        (replace(TEN, channels=("de",)), RewardRefusal.CHANNEL),
        (replace(TEN, limit_in_all=3), RewardRefusal.ALL_TAKEN),
        (replace(TEN, limit_each=1), RewardRefusal.YOURS_TAKEN),
        (replace(TEN, amounts=(RewardAmount("EUR", Decimal(10)),)), RewardRefusal.CURRENCY),
    ],
)
def test_a_reward_is_refused_outside_its_terms(terms: RewardTerms, refusal: RewardRefusal) -> None:
    assert price(terms, Wish("USD", channel="us"), Taken(3, 1)) is refusal


def test_a_reward_is_open_from_its_first_moment_in_its_channel_below_its_limits() -> None:
    terms = replace(TEN, starts_at=NOW, ends_at=NOW + timedelta(1), channels=("us",), limit_in_all=4, limit_each=2)

    assert price(terms, Wish("USD", channel="us"), Taken(3, 1)) == RewardPrice(500, "USD", 1000)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (replace(TEN, name=""), "name"),
        (replace(TEN, text="x" * 501), "text"),
        (replace(TEN, points=0), "points"),
        (replace(TEN, points=None), "points"),
        (replace(ANY, points=5), "points"),
        (replace(TEN, amounts=()), "amounts"),
        (replace(TEN, amounts=TEN.amounts * 2), "amounts"),
        (replace(TEN, amounts=(RewardAmount("JPY", Decimal("10.5")),)), "amounts"),
        (replace(ANY, amounts=(RewardAmount("USD", Decimal(1), Decimal(0)),)), "amounts"),
        (replace(FREE_SHIPPING, voucher_id=None), "voucher"),
        (replace(FREE_SHIPPING, amounts=TEN.amounts), "amounts"),
        (replace(TEN, starts_at=NOW, ends_at=NOW), "ends_at"),
        (replace(TEN, limit_each=0), "limit_each"),
        (replace(TEN, days_valid=0), "days_valid"),
    ],
)
def test_terms_that_make_no_sense_are_refused_by_field(terms: RewardTerms, field: str) -> None:
    assert field in {fault.name for fault in faults_of(terms)}


@pytest.mark.parametrize("terms", [TEN, ANY, FREE_SHIPPING])
def test_sound_terms_have_no_fault(terms: RewardTerms) -> None:
    assert faults_of(terms) == []


def test_a_code_is_sixteen_letters_that_cannot_be_confused() -> None:
    codes = {new_code() for _ in range(100)}

    assert len(codes) == 100
    assert all(len(code) == LENGTH and set(code) <= set(LETTERS) for code in codes)
    assert not set(LETTERS) & set("ILOU01")


@pytest.mark.parametrize(("used_units", "points"), [(0, 500), (666, 167), (1000, 0), (1001, 0)])
def test_what_no_order_used_comes_back(used_units: int, points: int) -> None:
    assert points_back(Given(500, 1000, used_units), BackReason.WITHDRAWN, return_on_expiry=False) == points


@pytest.mark.parametrize(("returns", "points"), [(True, 500), (False, 0)])
def test_an_expired_code_brings_points_back_only_where_the_terms_say_so(returns: bool, points: int) -> None:
    assert points_back(Given(500, 1000, 0), BackReason.EXPIRED, return_on_expiry=returns) == points


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.data())
def test_never_more_points_come_back_than_were_paid(points: int, amount_units: int, data: st.DataObject) -> None:
    used = data.draw(st.integers(0, amount_units))
    back = points_back(Given(points, amount_units, used), BackReason.WITHDRAWN, return_on_expiry=True)

    assert 0 <= back <= points
    assert (back == points) is (used == 0) or back < points


def test_a_code_is_good_through_its_last_day() -> None:
    assert last_day_of_code(NOW, 30) == date(2026, 5, 31)
    assert last_day_of_code(NOW, None) is None


def test_a_code_is_looked_at_less_often_as_it_ages_and_at_its_end() -> None:
    over_at = NOW + timedelta(days=90)

    assert next_look(NOW, NOW, over_at) == NOW + timedelta(hours=1)
    assert next_look(NOW, NOW + timedelta(days=3), over_at) == NOW + timedelta(days=3, hours=6)
    assert next_look(NOW, NOW + timedelta(days=89, hours=20), over_at) == over_at
    assert next_look(NOW, NOW + timedelta(days=91), over_at) == NOW + timedelta(days=91)
