"""What a customer's orders will bring: those that wait for their moment, or for the end of a hold."""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from app.db.keys import keys_in
from app.db.snapshots import stored_order
from app.db.stores import as_rule, rule_in_force, rules_of
from app.db.tables import OrderRow, StoreRow
from app.domain.arithmetic_versions import placed_at, points_due, version_of
from app.domain.earning import Because

# A customer has a few orders under way. What is older than the newest of these does not count as under way any more.
ORDERS_LOOKED_AT = 50
_UNDER_WAY = frozenset({Because.WAITING_FOR_MOMENT, Because.ON_HOLD})


def pending_points(session: Session, store: StoreRow, email: str, now: datetime) -> int:
    """Add up what a customer's newest orders would bring now, were it time: what was paid of them, and not refunded, counts.

    It is computed as points are awarded, from the orders as they were last read. By two queries.
    """
    waiting = _under_way(session, store, email)
    if not waiting:
        return 0
    rules = rules_of(session, store.id or 0)
    pending = 0
    for row in waiting:
        order = stored_order(row)
        if order is None:
            continue
        version = version_of(row.arithmetic, is_settled=True)
        rule = replace(as_rule(rule_in_force(rules, order.channel, placed_at(order, version))), hold_days=0)
        pending += points_due(order, rule, now, version=version, awards_from=store.awards_from, moment_at=now).earned
    return pending


def _under_way(session: Session, store: StoreRow, email: str) -> list[OrderRow]:
    is_theirs = (OrderRow.store_id == store.id, col(OrderRow.email_key).in_(keys_in(session, email)))
    newest = (col(OrderRow.placed_at).desc(), col(OrderRow.id).desc())
    looked_at = select(OrderRow.id).where(*is_theirs).order_by(*newest).limit(ORDERS_LOOKED_AT)
    return list(session.exec(select(OrderRow).where(col(OrderRow.id).in_(looked_at), col(OrderRow.because).in_(_UNDER_WAY))))
