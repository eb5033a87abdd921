"""Try a spend rule before it is in force: what points could have paid of the newest real orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlmodel import Session, col, select

from app.db.snapshots import stored_order
from app.db.spend_rules import spend_rule_in_force, spend_rules_of
from app.db.stores import current_account
from app.db.tables import OrderRow, PointsCustomerRow, SpendRuleRow
from app.domain.arithmetic_versions import NEWEST, placed_at
from app.domain.bounds import POINTS_MAX
from app.domain.email import email_key
from app.domain.order import Order
from app.domain.spend_rule import SpendRule
from app.domain.spending import Payable, PointsPayment, decide_payment
from app.domain.store import AccountKind
from app.usecases.merchants.change_spend_rule import SpendDraft
from app.usecases.services import Services

ORDERS_TRIED = 50
# How many of the newest orders are looked through for those of the channel.
ORDERS_LOOKED_AT = 500
_NOTHING = PointsPayment(0, Decimal(0))


@dataclass(frozen=True, slots=True)
class TriedPayment:
    """What points could have paid of one order: `most` with points enough, `today` with those that the customer has now.

    `today` is None where only the provider knows the balances.
    """

    saleor_order_id: str
    number: str
    placed_at: datetime
    channel: str
    currency: str
    total: Decimal
    most: PointsPayment
    today: PointsPayment | None


@dataclass(frozen=True, slots=True)
class TriedSum:
    """What the orders of one currency come to."""

    currency: str
    orders: int
    total: Decimal
    most: Decimal
    today: Decimal | None


@dataclass(frozen=True, slots=True)
class SpendTrial:
    """The newest orders that the draft would concern, newest first."""

    orders: tuple[TriedPayment, ...]

    @property
    def sums(self) -> list[TriedSum]:
        """Add up by currency."""
        return [
            TriedSum(
                currency,
                len(of_it),
                sum((one.total for one in of_it), Decimal(0)),
                sum((one.most.amount for one in of_it), Decimal(0)),
                sum((one.today.amount for one in of_it if one.today is not None), Decimal(0))
                if of_it[0].today is not None
                else None,
            )
            for currency in sorted({one.currency for one in self.orders})
            for of_it in ([one for one in self.orders if one.currency == currency],)
        ]


def try_spend_rule(services: Services, store_id: int, draft: SpendDraft) -> SpendTrial:
    """Compute what points could have paid of the newest orders, by four queries. Changes and asks nothing.

    Only customers with an account can pay with points, so others' orders come to nothing. A customer's points are counted once:
    the newest order takes them first.
    """
    now = services.clock()
    rule = _as_rule(draft)
    with services.database.reading() as session:
        rules = spend_rules_of(session, store_id)
        orders = _orders(session, store_id, rules, draft.channel, now)
        balances = _balances(session, store_id, orders)
    left = dict(balances) if balances is not None else None
    return SpendTrial(tuple(_tried(order, rule, left) for order in orders))


def _orders(session: Session, store_id: int, rules: list[SpendRuleRow], channel: str | None, now: datetime) -> Sequence[Order]:
    """Find the newest orders of the draft's channel. The default is tried on the channels that have no rule of their own."""
    query = (
        select(OrderRow)
        .where(OrderRow.store_id == store_id, col(OrderRow.placed_at).is_not(None))
        .order_by(col(OrderRow.placed_at).desc(), col(OrderRow.id).desc())
        .limit(ORDERS_LOOKED_AT)
    )
    found: list[Order] = []
    for row in session.exec(query):
        order = stored_order(row)
        if order is None:
            continue
        in_force = spend_rule_in_force(rules, order.channel, now)
        has_its_own = in_force is not None and in_force.channel is not None
        if (order.channel == channel) if channel is not None else not has_its_own:
            found.append(order)
        if len(found) == ORDERS_TRIED:
            break
    return found


def _balances(session: Session, store_id: int, orders: Sequence[Order]) -> Mapping[str, int] | None:
    """Find what these customers have now; None where the points are kept elsewhere."""
    account = current_account(session, store_id)
    if account is None or account.kind != AccountKind.EMBEDDED:
        return None
    keys = {email_key(order.email) for order in orders if order.is_registered}
    query = select(PointsCustomerRow.email_key, PointsCustomerRow.available).where(
        PointsCustomerRow.store_id == store_id, col(PointsCustomerRow.email_key).in_(keys)
    )
    return dict(session.exec(query).all())


def _tried(order: Order, rule: SpendRule, left: dict[str, int] | None) -> TriedPayment:
    """Compute one order, and take the points that it would have taken."""
    most = _payment(order, rule, POINTS_MAX)
    today = None
    if left is not None:
        key = email_key(order.email)
        today = _payment(order, rule, left.get(key, 0))
        left[key] = left.get(key, 0) - today.points
    at = placed_at(order, NEWEST)
    return TriedPayment(order.id, order.number, at, order.channel, order.currency, order.total, most, today)


def _payment(order: Order, rule: SpendRule, balance: int) -> PointsPayment:
    if not order.is_registered:
        return _NOTHING
    decided = decide_payment(Payable(order.currency, order.total, order.total), rule, asked=None, balance=balance)
    return decided if isinstance(decided, PointsPayment) else _NOTHING


def _as_rule(draft: SpendDraft) -> SpendRule:
    return SpendRule(
        id=0,
        points_per_unit=draft.points_per_unit,
        least_points=draft.least_points,
        greatest_share=draft.greatest_share,
        return_on_cancel=draft.return_on_cancel,
        hold_hours=draft.hold_hours,
        unpaid_orders=draft.unpaid_orders,
    )
