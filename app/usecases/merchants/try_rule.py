"""Try a rule before it is in force: what the newest real orders would earn by it, beside the rule that is in force."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlmodel import Session, col, select

from app.db.snapshots import stored_order
from app.db.stores import as_rule, rule_in_force, rules_of
from app.db.tables import OrderRow, RuleRow, StoreRow
from app.domain.arithmetic_versions import NEWEST, placed_at, points_due
from app.domain.earning import Award, Moment, Rule, moment_reached
from app.domain.order import Order
from app.usecases.merchants.change_rule import Draft
from app.usecases.services import Services

ORDERS_TRIED = 50
# How many of the newest orders are looked through for those of the channel.
ORDERS_LOOKED_AT = 500


@dataclass(frozen=True, slots=True)
class Tried:
    """What one order earns by both rules, without what staff added. Holds are taken as over."""

    saleor_order_id: str
    number: str
    placed_at: datetime
    channel: str
    currency: str
    total: Decimal
    in_force: int
    draft: int

    @property
    def difference(self) -> int:
        return self.draft - self.in_force


@dataclass(frozen=True, slots=True)
class Trial:
    """The newest orders that the draft would concern, newest first."""

    orders: tuple[Tried, ...]

    @property
    def in_force(self) -> int:
        return sum(one.in_force for one in self.orders)

    @property
    def draft(self) -> int:
        return sum(one.draft for one in self.orders)

    @property
    def changed(self) -> int:
        return sum(1 for one in self.orders if one.difference)


def try_rule(services: Services, store_id: int, draft: Draft) -> Trial:
    """Compute the newest orders under a draft and under the rule in force, by two queries. Changes and asks nothing.

    The default is tried on the orders of the channels that have no rule of their own.
    """
    now = services.clock()
    with services.database.reading() as session:
        rules = rules_of(session, store_id)
        found = _newest(session, store_id)
    tried: list[Tried] = []
    for row, awards_from in found:
        order = stored_order(row)
        if order is None:
            continue
        in_force = rule_in_force(rules, order.channel, now)
        if draft.channel not in {order.channel, None} or (draft.channel is None and in_force.channel is not None):
            continue
        decided = next((rule for rule in rules if rule.id == row.rule_id), in_force)
        points = [
            _points(row, order, rule, decided, awards_from=awards_from, now=now) for rule in (as_rule(in_force), _as_rule(draft))
        ]
        tried.append(_tried(order, *points))
        if len(tried) == ORDERS_TRIED:
            break
    return Trial(tuple(tried))


def _newest(session: Session, store_id: int) -> Sequence[tuple[OrderRow, datetime]]:
    query = (
        select(OrderRow, StoreRow.awards_from)
        .join(StoreRow, col(StoreRow.id) == col(OrderRow.store_id))
        .where(OrderRow.store_id == store_id, col(OrderRow.placed_at).is_not(None))
        .order_by(col(OrderRow.placed_at).desc(), col(OrderRow.id).desc())
    )
    return session.exec(query.limit(ORDERS_LOOKED_AT)).all()


def _points(row: OrderRow, order: Order, rule: Rule, decided: RuleRow, *, awards_from: datetime, now: datetime) -> int:
    remembered = row.moment_at if decided.award_when == rule.award_when else None
    moment_at = moment_reached(order, rule.award_when, remembered=remembered)
    # A hold only delays points. The orders are examples of new ones, so the newest arithmetic counts.
    without_hold = replace(rule, hold_days=0)
    return points_due(order, without_hold, now, version=NEWEST, awards_from=awards_from, moment_at=moment_at).earned


def _as_rule(draft: Draft) -> Rule:
    return Rule(
        id=0,
        points_per_unit=draft.points_per_unit,
        include_tax=draft.include_tax,
        include_shipping=draft.include_shipping,
        minimum_total=draft.minimum_total,
        maximum_points=draft.maximum_points,
        award=Award(draft.award),
        award_when=Moment(draft.award_when),
        is_active=draft.is_active,
        exclude_gift_cards=draft.exclude_gift_cards,
        count_returned=draft.count_returned,
        points_earn=draft.points_earn,
    )


def _tried(order: Order, in_force: int, draft: int) -> Tried:
    return Tried(order.id, order.number, placed_at(order, NEWEST), order.channel, order.currency, order.total, in_force, draft)
