"""What an order's page says: its arithmetic as a sentence and a table, and the names of what happened."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from app.domain.arithmetic_versions import FIRST
from app.domain.earning import Because, Moment
from app.domain.order import Order
from app.domain.settlement import MovementKind, MovementState
from app.usecases.merchants.explain_order import Arithmetic, Version
from app.usecases.merchants.history import ShownMovement
from app.web.merchant.words import day, moment, money, number, signed

STATUS_WORDS = {
    "pending": ("Pending", "info"),
    "ready": ("Ready to claim", "info"),
    "claimed": ("Claimed", "success"),
    "credited": ("Credited", "success"),
    "reversed": ("Taken back", "warning"),
    "none": ("No points", ""),
}


KIND_WORDS = {
    MovementKind.CLAIM: "Claim link",
    MovementKind.CREDIT: "Credit",
    MovementKind.DEBIT: "Debit",
    MovementKind.VOID: "Claim withdrawn",
    MovementKind.WRITE_OFF: "Written off",
}


def kind_words(movement: ShownMovement, ran_out: Mapping[UUID, int]) -> str:
    """Name a change of points. What is taken off a claim that ran out, nobody withdrew."""
    is_void = movement.kind == MovementKind.VOID and movement.target_id is not None
    if is_void and ran_out.get(movement.target_id) == -movement.points:  # type: ignore[arg-type]  # an id
        return "Ran out"
    return KIND_WORDS[MovementKind(movement.kind)]


STATE_WORDS = {
    MovementState.PLANNED: ("Planned", "info"),
    MovementState.SENDING: ("Sending", "info"),
    MovementState.ACCEPTED: ("Done", "success"),
    MovementState.REJECTED: ("Refused", "error"),
    MovementState.UNKNOWN: ("Unknown", "warning"),
    MovementState.OVERTAKEN: ("Not needed", ""),
}

MOVE_WORDS = {
    "taking": ("Being taken", "info"),
    "in_transit": ("In transit", "info"),
    "returning": ("Going back", "warning"),
    "done": ("Moved", "success"),
    "refused": ("Not moved", "error"),
}

CLAIM_WORDS = {
    "open": ("Not claimed yet", "info"),
    "shown": ("Opened, not claimed yet", "info"),
    "taken": ("Claimed", "success"),
    "void": ("Withdrawn", ""),
    "expired": ("Expired", "warning"),
}

_TIMES = "\N{MULTIPLICATION SIGN}"
# A ten-thousandth is the least part of an exact amount that is shown; the rest is said to be there.
_PARTS_SHOWN = 10_000


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the arithmetic's table. `note` says why it is so; `is_sum` marks results."""

    what: str
    value: str
    note: str = ""
    is_sum: bool = False


def event_name(event_type: str) -> str:
    """Write an event's type as words: OrderFullyPaid, ORDER_FULLY_PAID become Order fully paid."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", event_type).replace("_", " ").lower()
    return words[:1].upper() + words[1:]


def why_this_rule(version: Version) -> str:
    """Say which version of which rule counts, and why that one."""
    of = f"of the channel {version.channel}" if version.channel is not None else "of the default rule"
    if version.is_before_all:
        return f"Version {version.number} {of} applies: the order is older than every rule, and this is the oldest default."
    since = f"Version {version.number} {of} applies, in force since {moment(version.in_force_from)}"
    own = "" if version.channel is not None else " Its channel had no rule of its own then."
    if not version.newer:
        return f"{since}. It was the newest when the order was placed.{own}"
    return f"{since}. It was the newest when the order was placed.{own} The rule has changed since, but older orders keep theirs."


def sentence(arithmetic: Arithmetic) -> str:
    """Say the arithmetic in a sentence or two."""
    said = _SENTENCES[arithmetic.due.because](arithmetic)
    ran_out, by_staff = arithmetic.ran_out, arithmetic.by_staff
    left = _points(max(arithmetic.due.points, 0))
    if ran_out:
        said += f" {_points(ran_out)} ran out, because nobody took them in time."
    if by_staff:
        said += f" Staff changed that by {signed(by_staff)}, to {left}."
    elif ran_out:
        said += f" That leaves {left}."
    return said


def _earned(arithmetic: Arithmetic) -> str:
    order, rule, value = arithmetic.order, arithmetic.rule, arithmetic.value
    if value.whole <= 0:
        return "The order's value is 0, so it earns nothing."
    rate = f"{number(rule.points_per_unit)} per 1 {order.currency}"
    kept, whole = _money(value.kept, order), _money(value.whole, order)
    base = money(arithmetic.due.base, order.currency)
    product = f"{base} {_TIMES} {kept} kept ÷ {whole} {_TIMES} {rate} = {_shown(arithmetic.exact)}"
    rounded = f", rounded down once: {_points(int(arithmetic.exact))}"
    return f"{product}{rounded}.{_capped(arithmetic)}{_not_counted(arithmetic)}"


def _capped(arithmetic: Arithmetic) -> str:
    if not arithmetic.is_capped:
        return ""
    said = f" The rule gives at most {number(arithmetic.rule.maximum_points or 0)} for one order."
    if arithmetic.value.kept < arithmetic.value.whole:
        said += " What was kept earns more than that, so the refund takes nothing back."
    return said


def _not_counted(arithmetic: Arithmetic) -> str:
    order, value = arithmetic.order, arithmetic.value
    said = ""
    if value.uncounted:
        said += (
            f" This order replaces goods of another order. The {_money(value.uncounted, order)} that staff recorded as paid"
            " does not count, because the first order earned on it."
        )
    if value.card and arithmetic.rule.exclude_gift_cards:
        said += " By the rule, what gift cards paid earns nothing."
    elif value.card_counted < value.card:
        said += " Goods were returned for which a gift card paid, so less of the card counts."
    without_return = min(value.whole, value.money + value.card_counted)
    if arithmetic.rule.count_returned and value.returned and value.kept < without_return:
        said += " Goods were returned, and by the rule they count as refunded."
    elif value.kept < value.whole and not value.uncounted:
        said += " Money that was refunded or not paid counts for the whole order, whichever line it was for."
    return said


def _waiting(arithmetic: Arithmetic) -> str:
    if arithmetic.rule.award_when == Moment.FULFILLED:
        return "The rule gives points once the order is fulfilled. Some items are not fulfilled yet."
    order = arithmetic.order
    return (
        f"The rule gives points once the order is paid in full. So far {money(order.charged, order.currency)} "
        f"of {money(order.total, order.currency)} is paid."
    )


def _on_hold(arithmetic: Arithmetic) -> str:
    until = arithmetic.due.look_again_at
    held = f"until {moment(until)}" if until is not None else "for now"
    return f"The rule holds points for {number(arithmetic.rule.hold_days)} days: {held}."


def _below(arithmetic: Arithmetic) -> str:
    order, minimum = arithmetic.order, arithmetic.rule.minimum_total
    value = money(order.total if arithmetic.version == FIRST else order.value, order.currency)
    return f"The order's value, {value}, is below the rule's minimum of {money(minimum, order.currency)}."


_SENTENCES: dict[Because, Callable[[Arithmetic], str]] = {
    Because.EARNED: _earned,
    Because.CANCELLED: lambda arithmetic: f"The order is {arithmetic.order.status.lower()}, so it earns nothing.",
    Because.BEFORE_START: lambda arithmetic: (
        f"The order was placed on {day(arithmetic.placed_at)}, before this store's points begin."
    ),
    Because.RULE_OFF: lambda _: "The rule that counts for this order is switched off.",
    Because.BELOW_MINIMUM: _below,
    Because.WAITING_FOR_MOMENT: _waiting,
    Because.ON_HOLD: _on_hold,
}


def table(arithmetic: Arithmetic) -> list[Row]:
    """Lay out the arithmetic, line by line."""
    return [*_base_rows(arithmetic), *_money_rows(arithmetic), *_points_rows(arithmetic)]


def _base_rows(arithmetic: Arithmetic) -> list[Row]:
    order, rule = arithmetic.order, arithmetic.rule
    tax = "with tax" if rule.include_tax else "without tax"
    rows = []
    for place, (line, counted) in enumerate(arithmetic.counted, start=1):
        name = line.name or f"Line {place}"
        note = f"{tax}, after discounts" if line.earns is not False else "a gift card: earns nothing"
        if line.earns is None:
            note = f"{tax}; its product is gone, so it counts"
        rows.append(Row(f"{line.quantity} {_TIMES} {name}" if line.quantity else name, money(counted, order.currency), note))
    if rule.include_shipping:
        rows.append(Row("Shipping", money(arithmetic.shipping, order.currency), f"{tax}; earns by the rule"))
    else:
        rows.append(Row("Shipping", money(Decimal(0), order.currency), "does not earn by the rule"))
    return [*rows, Row("Amount that earns", money(arithmetic.due.base, order.currency), is_sum=True)]


def _money_rows(arithmetic: Arithmetic) -> list[Row]:
    order, rule, value = arithmetic.order, arithmetic.rule, arithmetic.value
    rows = [
        _value_row(arithmetic),
        Row("Charged", money(order.charged, order.currency), "less refunds, requested refunds and chargebacks"),
    ]
    if arithmetic.gone_back:
        note = "the payment app reported them without lowering the charge"
        rows.append(Row("Refunds not in the charge", money(-arithmetic.gone_back, order.currency), note))
    if value.uncounted:
        note = "does not count: this order replaces goods of another"
        rows.append(Row("Recorded as paid by staff", _money(-value.uncounted, order), note))
    if value.by_points:
        note = "counts like money by the rule" if rule.points_earn else "earns nothing"
        rows.append(Row("Paid with points", _money(value.by_points, order), note))
    if value.card:
        rows.append(Row("Paid by gift cards", _money(value.card, order), "not part of the charge"))
        note = "earns nothing by the rule" if rule.exclude_gift_cards else "less returned goods that no refund paid for"
        if order.by_reward and not rule.points_earn:
            note = f"without the {money(order.by_reward, order.currency)} of gift cards taken for points; {note}"
        rows.append(Row("Gift cards that count", _money(value.card_counted, order), note))
    if value.returned:
        note = "counts as refunded by the rule" if rule.count_returned else "counts only for what gift cards paid"
        rows.append(Row("Returned goods", f"{number(_percent(value.returned))} %", note))
    kept = Row("Kept", _money(value.kept, order), "never more than the order's value")
    share = f"{number(arithmetic.kept_percent)} %"
    return [*rows, kept, Row("Kept part", share, "kept ÷ order value", is_sum=True)]


def _value_row(arithmetic: Arithmetic) -> Row:
    order = arithmetic.order
    if arithmetic.version == FIRST:
        return Row("Order value", money(order.total, order.currency), "with tax and shipping, less gift cards used")
    return Row("Order value", money(order.value, order.currency), "with tax and shipping, before gift cards")


def _points_rows(arithmetic: Arithmetic) -> list[Row]:
    rule, due, order = arithmetic.rule, arithmetic.due, arithmetic.order
    rows = [
        Row("Rate", number(rule.points_per_unit), f"points per 1 {order.currency}"),
        Row("Exactly", _shown(arithmetic.exact), f"what earns {_TIMES} kept part {_TIMES} rate"),
        Row("Rounded", number(int(arithmetic.exact)), "down, once for the whole order"),
    ]
    if rule.minimum_total:
        rows.append(Row("Minimum", money(rule.minimum_total, order.currency), "smallest order value that earns"))
    if rule.maximum_points is not None:
        rows.append(Row("Maximum", number(rule.maximum_points), "points for one order"))
    if rule.hold_days:
        moment_of_rule = "fulfilled" if rule.award_when == Moment.FULFILLED else "paid"
        rows.append(Row("Hold", f"{number(rule.hold_days)} days", f"after the order is {moment_of_rule}"))
    rows.append(Row("By the rule", number(due.earned), is_sum=True))
    ran_out, by_staff = arithmetic.ran_out, arithmetic.by_staff
    if ran_out:
        rows.append(Row("Ran out", signed(-ran_out), "nobody took them in time"))
    if by_staff:
        rows.append(Row("By staff", signed(by_staff)))
    if ran_out or by_staff:
        is_less = due.points != due.earned - ran_out + by_staff or due.points < 0
        rows.append(Row("Points earned", number(max(due.points, 0)), "never below 0" if is_less else "", is_sum=True))
    return rows


def _money(amount: Fraction, order: Order) -> str:
    """Write an exact amount, rounded down to what people read."""
    return money(_decimal(amount), order.currency)


def _percent(share: Fraction) -> Decimal:
    return Decimal(share * 10000 // 1) / 100


def _decimal(amount: Fraction) -> Decimal:
    """Give up to four digits behind the point, rounded towards zero."""
    return Decimal(int(amount * _PARTS_SHOWN)) / _PARTS_SHOWN


def _shown(exact: Fraction) -> str:
    shown = _decimal(exact)
    return number(shown.normalize() if shown else Decimal(0)) + ("…" if shown != exact else "")


def _points(count: int) -> str:
    return f"{number(count)} {'point' if count == 1 else 'points'}"
