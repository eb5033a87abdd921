"""By which version of the arithmetic an order is settled. The one place that chooses.

An order keeps the version that it was first settled by, so that a new version of the app moves no settled order.
"""

from dataclasses import replace
from datetime import datetime

from app.domain import earning
from app.domain.earning import Due, Rule
from app.domain.first_arithmetic import first_order_value, first_points_due
from app.domain.gone import NO_CHANGES, Changes
from app.domain.order import Order
from app.domain.order_value import OrderValue

FIRST = 1
SECOND = 2
NEWEST = SECOND


def version_of(stored: int | None, *, is_settled: bool) -> int:
    """Give the version for an order with this one stored; None is stored of an order that no newer app has settled.

    An app that knew only the first version stored none.
    """
    if stored is not None:
        return stored
    return FIRST if is_settled else NEWEST


def placed_at(order: Order, version: int) -> datetime:
    """Tell when an order counts as placed: its rule, and whether it is old enough to earn, depend on it."""
    return order.created_at if version == FIRST or order.placed_at is None else order.placed_at


def points_due(
    order: Order,
    rule: Rule,
    now: datetime,
    *,
    version: int,
    awards_from: datetime,
    moment_at: datetime | None = None,
    changes: Changes = NO_CHANGES,
) -> Due:
    """Compute the points due for an order by one version of the arithmetic; see `earning.points_due`."""
    compute = first_points_due if version == FIRST else earning.points_due
    return changed(compute(order, rule, now, awards_from=awards_from, moment_at=moment_at), changes, version)


def changed(due: Due, changes: Changes, version: int) -> Due:
    """Give what is due with what staff changed and what is gone. The first version adds up what staff changed, with signs."""
    return replace(due, points=due.earned + changes.sum if version == FIRST else changes.due(due.earned))


def order_value_by(order: Order, rule: Rule, version: int) -> OrderValue:
    """Tell an order's value, and what was kept of it, by one version of the arithmetic."""
    if version == FIRST:
        return first_order_value(order)
    return earning.value_by(order, rule)
