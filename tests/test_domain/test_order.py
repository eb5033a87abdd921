"""The seven values that tell whether an order changed, and the form in which addresses are compared."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from app.domain.arithmetic_versions import NEWEST, placed_at, points_due
from app.domain.earning import Moment, moment_reached
from app.domain.email import email_key
from app.domain.order import Order, Payment, facts_of, first_facts_of
from tests.test_domain.orders import CREATED, NOW, START, line, money, order, rule, transaction


def test_an_order_read_twice_has_the_same_facts() -> None:
    assert facts_of(order()) == facts_of(order(updated_at=NOW, metadata={"points_status": "ready"}, number="2"))


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
def test_each_of_the_seven_values_changes_both_forms_of_the_facts(change: dict[str, Any]) -> None:
    assert facts_of(replace(order(), **change)) != facts_of(order())
    assert first_facts_of(replace(order(), **change)) != first_facts_of(order())


class _Recorder:
    """An order, or a part of one, that notes which of its fields are read."""

    def __init__(self, of: Any, noted: set[str], name: str) -> None:
        self._of, self._noted, self._name = of, noted, name

    def __getattr__(self, field: str) -> Any:
        value = getattr(self._of, field)
        if field in {one.name for one in fields(self._of)}:
            self._noted.add(f"{self._name}.{field}")
            if isinstance(value, tuple) and value and is_dataclass(value[0]):
                return tuple(_Recorder(part, self._noted, type(part).__name__) for part in value)
            return value
        # A property reads the fields, too.
        prop = getattr(type(self._of), field)
        return prop.fget(self) if isinstance(prop, property) and prop.fget is not None else value


# What an order is, and what no edit of it changes.
_FIXED = {"Order.created_at", "Order.channel"}
# Our own memory of it, the moment of the reading, and what only people read.
_NOT_SALEORS = {"Transaction.is_by_points", "Order.by_reward", "Order.card", "Order.updated_at"}

_OTHER: dict[str, Any] = {
    "Order.status": "CANCELED",
    "Order.total": money(99),
    "Order.subtotal": money(99),
    "Order.shipping_gross": money(1),
    "Order.shipping_net": money(1),
    "Order.charged": money(99),
    "Order.transactions": (),
    "Order.payments": (),
    "Order.has_gift_cards": True,
    "Order.is_replacement": False,
    "Order.returned": (),
    "Order.lines": (),
    "Order.placed_at": NOW,
    "Order.fully_paid_at": NOW,
    "Order.fulfilled_at": NOW,
    "Transaction.charged": money(59),
    "Transaction.refunded": money(1),
    "Transaction.succeeded": money(59),
    "Transaction.refund_pending": money(1),
    "Transaction.is_by_staff": False,
    "Payment.gateway": "stripe",
    "Payment.charged": money(39),
    "Line.id": "b",
    "Line.gross": money(99),
    "Line.net": money(99),
    "Line.quantity": 2,
    "Line.quantity_to_fulfill": 0,
    "Line.earns": False,
}


def _whole_order() -> Order:
    return order(
        transactions=(replace(transaction("60", "0", "60"), is_by_staff=True),),
        payments=(Payment("manual", money(40)),),
        is_replacement=True,
        returned=(("a", 1),),
        fulfilled_at=CREATED,
        has_gift_cards=False,
    )


def _fields_read() -> set[str]:
    """Give every field that deciding reads, whatever rule and whatever kind of order."""
    noted: set[str] = set()
    kinds = (_whole_order(), replace(_whole_order(), has_gift_cards=True, fully_paid_at=None, placed_at=NOW))
    rules = [
        rule(include_tax=tax, include_shipping=True, exclude_gift_cards=cards, count_returned=True, award_when=moment)
        for tax in (True, False)
        for cards in (True, False)
        for moment in Moment
    ]
    for one in kinds:
        for a_rule in rules:
            recorded: Any = _Recorder(replace(one, lines=(replace(one.lines[0], quantity_to_fulfill=0),)), noted, "Order")
            points_due(recorded, a_rule, NOW, version=NEWEST, awards_from=START, moment_at=NOW)
            moment_reached(recorded, a_rule.award_when, remembered=None)
            placed_at(recorded, NEWEST)
    return noted


def test_every_field_that_deciding_reads_has_another_value_to_be_tried_with() -> None:
    assert _fields_read() - _FIXED - _NOT_SALEORS <= set(_OTHER)
    assert {"Order.returned", "Payment.gateway", "Transaction.is_by_staff", "Line.net", "Line.quantity"} <= _fields_read()


@pytest.mark.parametrize("field", sorted(_OTHER))
def test_a_change_of_one_field_alone_changes_the_facts(field: str) -> None:
    before = _whole_order()
    of, name = field.split(".")
    if of == "Order":
        after = replace(before, **{name: _OTHER[field]})
    else:
        places = {"Transaction": "transactions", "Payment": "payments", "Line": "lines"}
        [part] = getattr(before, places[of])
        changed: dict[str, Any] = {places[of]: (replace(part, **{name: _OTHER[field]}),)}
        after = replace(before, **changed)

    assert facts_of(after) != facts_of(before)


def test_the_two_forms_of_the_facts_are_never_equal() -> None:
    assert facts_of(order()).startswith("2|")
    assert not first_facts_of(order()).startswith("2|")


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


def test_which_of_two_payments_holds_what_belongs_to_the_facts() -> None:
    points, card = replace(transaction("40", "10", "50"), id="points"), replace(transaction("50", "0", "50"), id="card")
    other_way = (replace(points, id="card"), replace(card, id="points"))

    assert facts_of(order(transactions=(points, card))) != facts_of(order(transactions=other_way))


def test_one_payments_name_is_no_fact() -> None:
    paid = transaction("50", "0", "50")

    assert facts_of(order(transactions=(paid,))) == facts_of(order(transactions=(replace(paid, id="one"),)))
