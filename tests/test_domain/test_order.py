"""The seven values that tell whether an order changed, and the form in which addresses are compared."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.email import email_key
from app.domain.order import facts_of
from tests.test_domain.orders import NOW, line, money, order


def test_an_order_read_twice_has_the_same_facts() -> None:
    assert facts_of(order()) == facts_of(order(updated_at=NOW, metadata={"points_status": "ready"}, lines=()))


@pytest.mark.parametrize("total", ["100", "100.0", "100.00", "1E2"])
def test_facts_do_not_depend_on_how_an_amount_is_written(total: str) -> None:
    assert facts_of(replace(order(), total=money(total))) == facts_of(order())


@pytest.mark.parametrize(
    "change",
    [
        {"status": "CANCELED"},
        {"email": "Ada@example.com"},
        {"total": money("100.01")},
        {"subtotal": money(99)},
        {"shipping_gross": money(1)},
        {"charged": money("99.999")},
        {"refunded": money(1)},
    ],
)
def test_each_of_the_seven_values_changes_the_facts(change: dict[str, Any]) -> None:
    assert facts_of(replace(order(), **change)) != facts_of(order())


def test_an_amount_does_not_slip_from_one_value_into_the_next() -> None:
    one = replace(order(), charged=money(10), refunded=money(0))
    other = replace(order(), charged=money(1), refunded=money("00"))

    assert facts_of(one) != facts_of(other)


@pytest.mark.parametrize("email", ["ada@example.com", " Ada@Example.COM\t", "ADA@EXAMPLE.COM"])
def test_addresses_are_compared_trimmed_and_folded(email: str) -> None:
    assert email_key(email) == "ada@example.com"


def test_folding_reaches_letters_that_lower_case_does_not() -> None:
    assert email_key("STRASSE@example.com") == email_key("straße@example.com")


@pytest.mark.parametrize(
    ("quantities", "is_fulfilled"), [((), False), ((0,), True), ((0, 0), True), ((0, 1), False), ((3,), False)]
)
def test_an_order_is_fulfilled_when_it_has_lines_and_nothing_is_left(quantities: tuple[int, ...], is_fulfilled: bool) -> None:
    lines = tuple(line(to_fulfill=quantity, id=str(place)) for place, quantity in enumerate(quantities))

    assert order(lines=lines).is_fulfilled is is_fulfilled
