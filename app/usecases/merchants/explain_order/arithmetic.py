"""Compute an order's points once more, by the functions that decided them, and keep every number on the way."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from app.db.stores import as_rule, rule_in_force
from app.db.tables import OrderRow, RuleRow
from app.domain.arithmetic_versions import FIRST, order_value_by, placed_at, points_due, version_of
from app.domain.earning import Because, Due, Rule, moment_reached
from app.domain.gone import Changes
from app.domain.order import Line, Order
from app.domain.order_value import OrderValue


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """How an order's points come about, as it was last read.

    `counted` is what a line adds to the base; `gone_back` is what refunds took without lowering the charge; `value` is how much
    of the order's value was kept; `exact` are the points before the rounding and the maximum. `changes` is what staff changed
    and what is gone. `version` is the version of the arithmetic.
    """

    order: Order
    rule: Rule
    due: Due
    moment_at: datetime | None
    changes: Changes
    exact: Fraction
    value: OrderValue
    version: int

    @property
    def ran_out(self) -> int:
        """The points that ran out with claims. The first version of the arithmetic does not count them."""
        return 0 if self.version == FIRST else self.changes.ran_out.total

    @property
    def by_staff(self) -> int:
        """What staff gave, less what they took. The first version counts what they asked for."""
        return self.changes.sum if self.version == FIRST else self.changes.by_staff

    @property
    def counted(self) -> tuple[tuple[Line, Decimal], ...]:
        return tuple(
            (line, Decimal(0) if line.earns is False else line.gross if self.rule.include_tax else line.net)
            for line in self.order.lines
        )

    @property
    def shipping(self) -> Decimal:
        return self.order.shipping_gross if self.rule.include_tax else self.order.shipping_net

    @property
    def gone_back(self) -> Decimal:
        return self.order.charged - self.order.money_kept

    @property
    def kept_percent(self) -> Decimal:
        """The kept part of the order, in percent with up to two digits, rounded down: 100 only where all was kept."""
        if self.value.whole <= 0:
            return Decimal(0)
        return Decimal(self.value.kept * 10000 // self.value.whole) / 100

    @property
    def placed_at(self) -> datetime:
        """When the order counts as placed."""
        return placed_at(self.order, self.version)

    @property
    def is_capped(self) -> bool:
        maximum = self.rule.maximum_points
        return self.due.because is Because.EARNED and maximum is not None and self.exact // 1 > maximum


def recompute(row: OrderRow, order: Order, rule: Rule, *, awards_from: datetime, changes: Changes, now: datetime) -> Arithmetic:
    """Compute the points due of an order as it was last read, by one version of a rule."""
    moment_at = moment_reached(order, rule.award_when, remembered=row.moment_at if row.rule_id == rule.id else None)
    version = version_of(row.arithmetic, is_settled=row.because is not None)
    due = points_due(order, rule, now, version=version, awards_from=awards_from, moment_at=moment_at, changes=changes)
    value = order_value_by(order, rule, version)
    return Arithmetic(order, rule, due, moment_at, changes, _exact(rule, due, value), value, version)


def _exact(rule: Rule, due: Due, value: OrderValue) -> Fraction:
    if value.whole <= 0:
        return Fraction(0)
    return Fraction(rule.points_per_unit) * Fraction(due.base) * value.kept / value.whole


@dataclass(frozen=True, slots=True)
class Version:
    """Which version of which rule counts for an order, and why.

    `channel` is None for the default. `number` counts the versions of the default, or of the channel's own rule, from 1;
    `newer` is how many came after it.
    `is_before_all`: the order is older than every version, so the oldest default applies.
    """

    rule: Rule
    channel: str | None
    in_force_from: datetime
    number: int
    newer: int
    is_before_all: bool


def version_for(rules: list[RuleRow], row: OrderRow, order: Order) -> Version:
    """Find the version that decided an order, among all of its store's."""
    decided = next((rule for rule in rules if rule.id == row.rule_id), None)
    placed = placed_at(order, version_of(row.arithmetic, is_settled=row.because is not None))
    rule = decided or rule_in_force(rules, order.channel, placed)
    siblings = [other for other in rules if other.channel == rule.channel]
    place = siblings.index(rule)
    return Version(
        rule=as_rule(rule),
        channel=rule.channel,
        in_force_from=rule.in_force_from,
        number=place + 1,
        newer=len(siblings) - place - 1,
        is_before_all=rule.in_force_from > placed,
    )
