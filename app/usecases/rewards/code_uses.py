"""See what orders used of codes, and write it down."""

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal

from sqlmodel import Session, col, select

from app.db.tables import OrderRow, RedemptionRow, RedemptionUseRow
from app.db.waking import wake
from app.domain.spending import minor_units
from app.saleor.code_parsing import Card

# What orders used, by order, in the smallest unit of the card's currency. A voucher's code is used as 1.
Uses = Mapping[str, int]


def uses_of_card(card: Card) -> Uses:
    """Add up what orders took from a card, less what refunds put back on it: that is on the card, and so not used."""
    by_order: dict[str, Decimal] = {}
    for use in card.uses:
        by_order[use.order_id] = by_order.get(use.order_id, Decimal(0)) + use.amount
    for back in card.put_back:
        by_order[back.order_id] = by_order.get(back.order_id, Decimal(0)) - back.amount
    return {order_id: minor_units(amount, card.currency) for order_id, amount in by_order.items() if amount > 0}


def write_uses(session: Session, redemption: RedemptionRow, uses: Uses, now: datetime) -> None:
    """Write what orders used of a locked redemption, as it stands now."""
    query = select(RedemptionUseRow).where(RedemptionUseRow.redemption_id == redemption.id)
    known = {row.saleor_order_id: row for row in session.exec(query)}
    before = {order_id: row.amount_units for order_id, row in known.items()}
    for order_id, units in uses.items():
        if order_id in known:
            known[order_id].amount_units = units
        else:
            session.add(
                RedemptionUseRow(redemption_id=redemption.id or 0, saleor_order_id=order_id, amount_units=units, seen_at=now)
            )
    for order_id, row in known.items():
        if order_id not in uses:
            session.delete(row)
    changed = {order_id for order_id in uses.keys() | before.keys() if uses.get(order_id) != before.get(order_id)}
    _wake_orders(session, redemption, changed, now)
    redemption.used_units = min(sum(uses.values()), redemption.amount_units)


def _wake_orders(session: Session, redemption: RedemptionRow, saleor_order_ids: Collection[str], now: datetime) -> None:
    """Let orders be settled anew: what a reward's gift card paid earns nothing, unless the rule says so."""
    is_theirs = (OrderRow.store_id == redemption.store_id, col(OrderRow.saleor_order_id).in_(saleor_order_ids))
    for order_id in session.exec(select(OrderRow.id).where(*is_theirs).order_by(col(OrderRow.id))):
        wake(session, order_id or 0, now)
