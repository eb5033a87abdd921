"""What a charge and a quote both ask: by which rule points pay here, and how much they may pay."""

from datetime import datetime
from decimal import Decimal

from sqlmodel import Session

from app.db.spend_rules import as_spend_rule, spend_rule_in_force, spend_rules_of
from app.db.spends import amount_held, open_spends_of
from app.domain.payment_request import PaymentSource
from app.domain.spend_rule import SpendRule
from app.domain.spending import Payable, SpendRefusal


def rule_for(session: Session, store_id: int, source: PaymentSource, now: datetime) -> SpendRule | SpendRefusal:
    """Give the rule by which points pay a checkout or an order now, or say why they do not."""
    row = spend_rule_in_force(spend_rules_of(session, store_id), source.channel, now)
    if row is None or not row.is_active:
        return SpendRefusal.OFF
    if source.is_order and not row.unpaid_orders:
        return SpendRefusal.UNPAID_ORDER
    return as_spend_rule(row)


def payable_of(session: Session, store_id: int, source: PaymentSource) -> Payable:
    """Tell how much there is to pay, and what our payments that are under way pay of it.

    Saleor books a payment after it was answered. Until then what is due does not hold it.
    """
    place = {"order_id": source.id, "checkout_id": None} if source.is_order else {"order_id": None, "checkout_id": source.id}
    spends = open_spends_of(session, store_id, **place, transaction_ids=list(source.booked))
    held = {spend.saleor_transaction_id: amount_held(spend) for spend in spends}
    unbooked = {one: max(Decimal(0), amount - source.booked.get(one, Decimal(0))) for one, amount in held.items()}
    return Payable(
        source.currency,
        source.total,
        source.due,
        unbooked=sum(unbooked.values(), Decimal(0)),
        paid_by_points=sum(held.values(), Decimal(0)),
    )
