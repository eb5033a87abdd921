"""What points pay: exact amounts, without rounding that Saleor would do otherwise."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from babel.numbers import get_currency_precision

from app.domain.bounds import POINTS_MAX
from app.domain.spend_rule import SpendRule


class SpendStage(StrEnum):
    """Where a spend stands.

    ASKED      the account was asked for the points and has not answered yet
    REFUSED    nothing was taken; this is an end
    TAKEN      the points are taken, and Saleor was told so
    CHECKING   Saleor is asked whether it booked the payment
    CONFIRMED  Saleor booked it for a checkout
    ON_ORDER   Saleor booked it for an order
    RETURNED   all of it went back; this is an end
    """

    ASKED = "asked"
    REFUSED = "refused"
    TAKEN = "taken"
    CHECKING = "checking"
    CONFIRMED = "confirmed"
    ON_ORDER = "on_order"
    RETURNED = "returned"


# A transaction has at most one spend that is in none of these.
OVER = frozenset({SpendStage.REFUSED, SpendStage.RETURNED})


class ReturnReason(StrEnum):
    """Why points of a spend go back.

    REFUND       somebody asked Saleor to refund the payment, or a part of it
    CANCEL       somebody asked Saleor to cancel the payment
    ABANDONED    the checkout was not completed in time
    CANCELLED    the order was cancelled or has expired
    OVERCHARGED  more was paid than the order costs
    NOT_BOOKED   Saleor did not book the payment
    STAFF        staff released the points
    """

    REFUND = "refund"
    CANCEL = "cancel"
    ABANDONED = "abandoned"
    CANCELLED = "cancelled"
    OVERCHARGED = "overcharged"
    NOT_BOOKED = "not_booked"
    STAFF = "staff"


class SpendRefusal(StrEnum):
    """Why points cannot pay. A storefront reads these codes; the sentences are the pages'.

    OFF            points pay nothing in this channel
    NOT_SIGNED_IN  nobody is signed in: the call came without a customer's token
    NOT_YOURS      the checkout belongs to somebody else
    NOT_CONFIRMED  the customer has not confirmed the e-mail address
    NOT_ACTIVE     the customer's account is switched off
    UNPAID_ORDER   it is an order already, and the rule lets points pay checkouts only
    AMOUNT         the amount asked for is zero, negative, or has more digits than the currency
    NOTHING_DUE    nothing is left to pay
    SHARE          points pay as much of this total as the rule allows
    NO_POINTS      the customer has no points to spend
    TOO_SMALL      the amount is worth less than one point, or one point is worth less than the smallest coin
    TOO_FEW        it would take fewer points than the least of one payment
    BUSY           another change of this customer's points is under way
    TRY_AGAIN      it is not known yet whether an earlier payment happened, or the account does not answer
    """

    OFF = "off"
    NOT_SIGNED_IN = "not_signed_in"
    NOT_YOURS = "not_yours"
    NOT_CONFIRMED = "not_confirmed"
    NOT_ACTIVE = "not_active"
    UNPAID_ORDER = "unpaid_order"
    AMOUNT = "amount"
    NOTHING_DUE = "nothing_due"
    SHARE = "share"
    NO_POINTS = "no_points"
    TOO_SMALL = "too_small"
    TOO_FEW = "too_few"
    BUSY = "busy"
    TRY_AGAIN = "try_again"


@dataclass(frozen=True, slots=True)
class Payable:
    """What is to be paid, as Saleor tells it: a checkout, or an order that is not paid yet.

    `due` is what Saleor says is still to pay. `unbooked` is what our spends of it paid that Saleor has not booked yet.
    `paid_by_points` is what all our open spends of it hold.
    """

    currency: str
    total: Decimal
    due: Decimal
    unbooked: Decimal = Decimal(0)
    paid_by_points: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class PointsPayment:
    """Points, and the amount that they pay."""

    points: int
    amount: Decimal


def currency_digits(currency: str) -> int:
    """Give the digits after the point that Saleor keeps of a currency: it asks the same table."""
    return int(get_currency_precision(currency))


def minor_units(amount: Decimal, currency: str) -> int:
    """Count an amount in the currency's smallest unit. Raises ValueError when it has more digits than the currency."""
    units = Fraction(amount) * _units_per_1(currency)
    if units.denominator != 1:
        raise ValueError("an amount has more digits than its currency")
    return int(units)


def as_amount(units: int, currency: str) -> Decimal:
    """Give the amount of so many smallest units, written with all the digits of the currency."""
    return Decimal(units).scaleb(-currency_digits(currency))


def worth(points: int, rule: SpendRule, currency: str) -> Decimal:
    """Tell the amount that points pay, rounded down to the currency's smallest unit. Debt is worth nothing."""
    return _floor(Fraction(max(0, points)) / Fraction(rule.points_per_unit), currency)


def decide_payment(payable: Payable, rule: SpendRule, *, asked: Decimal | None, balance: int) -> PointsPayment | SpendRefusal:
    """Decide what points pay: `asked`, or as much as may be where it is None; never more than is due, allowed or there.

    The points are whole and the amount is of the currency's digits, so that Saleor rounds neither. Saleor books the smaller
    amount where fewer is answered than was asked for. Example at 3 points per 1.00: asked 10.50, that is 31.5 points; 31 points
    pay 10.33, which costs 30.99 points: 31.
    """
    rate = Fraction(rule.points_per_unit)
    if not rule.is_active or rate <= 0:
        return SpendRefusal.OFF
    if asked is not None and (asked <= 0 or not _has_digits_of(asked, payable.currency)):
        return SpendRefusal.AMOUNT
    limits = (
        (payable.due - payable.unbooked, SpendRefusal.NOTHING_DUE),
        (_share(payable, rule) - payable.paid_by_points, SpendRefusal.SHARE),
        (Decimal(max(0, balance)), SpendRefusal.NO_POINTS),
    )
    for left, refusal in limits:
        if left <= 0:
            return refusal
    wanted = min(limits[0][0], limits[1][0], worth(balance, rule, payable.currency))
    payment = _whole(wanted if asked is None else min(asked, wanted), rate, payable.currency)
    if payment.amount <= 0:
        return SpendRefusal.TOO_SMALL
    return payment if payment.points >= rule.least_points else SpendRefusal.TOO_FEW


def least_payment(rule: SpendRule, currency: str) -> PointsPayment:
    """Give the smallest payment that the rule allows: the amount to ask for, and the points that it takes.

    Where one smallest unit is worth more than a point, whole points fall between two amounts. So it looks at the next ones.
    """
    rate = Fraction(rule.points_per_unit)
    units = -int(-(Fraction(max(1, rule.least_points)) / rate * _units_per_1(currency)) // 1)
    while (payment := _whole(as_amount(units, currency), rate, currency)).points < rule.least_points or payment.amount <= 0:
        units += 1
    return PointsPayment(payment.points, as_amount(units, currency))


def points_to_return(points: int, amount: Decimal, *, before: Decimal, returning: Decimal) -> int:
    """Tell how many points a part of a payment gives back, after `before` of it went back.

    `points` paid `amount`. The sum is rounded down, not each part. So any split of a refund ends on the same points, and the
    whole amount gives back all of them.
    """
    paid = Fraction(amount)
    if not 0 <= before <= before + returning <= amount or paid <= 0:
        raise ValueError("more goes back than was paid")
    return int(points * Fraction(before + returning) / paid) - int(points * Fraction(before) / paid)


def points_held(payments: Iterable[PointsPayment], charged: Decimal) -> int:
    """Tell how many points pay the `charged` that a transaction holds now.

    `payments` are all that were made in it, the newest first. One is made only after those before went back whole.
    """
    points, left = 0, max(Decimal(0), charged)
    for payment in payments:
        held = min(left, payment.amount)
        points += payment.points - points_to_return(
            payment.points, payment.amount, before=Decimal(0), returning=payment.amount - held
        )
        left -= held
    return points


def _share(payable: Payable, rule: SpendRule) -> Decimal:
    return _floor(Fraction(payable.total) * Fraction(rule.greatest_share), payable.currency)


def _whole(wanted: Decimal, rate: Fraction, currency: str) -> PointsPayment:
    """Round down to whole points, then to the currency's digits, and take the points that this amount costs, rounded up."""
    points = min(int(Fraction(wanted) * rate), POINTS_MAX)
    amount = _floor(Fraction(points) / rate, currency)
    return PointsPayment(-int(-(Fraction(amount) * rate) // 1), amount)


def _floor(exact: Fraction, currency: str) -> Decimal:
    return as_amount(int(exact * _units_per_1(currency)), currency)


def _has_digits_of(amount: Decimal, currency: str) -> bool:
    return (Fraction(amount) * _units_per_1(currency)).denominator == 1


def _units_per_1(currency: str) -> int:
    return int(10 ** currency_digits(currency))
