"""Make the row of a payment that is asked for."""

from datetime import datetime
from uuid import uuid4

from app.db.tables import AccountRow, SpendRow
from app.domain.payment_request import PaymentRequest, Shopper
from app.domain.spend_rule import SpendRule
from app.domain.spending import PointsPayment, minor_units


def new_spend(
    account: AccountRow, asked: PaymentRequest, payer: Shopper, key: str, rule: SpendRule, payment: PointsPayment, now: datetime
) -> SpendRow:
    """Make the row of a payment that is asked for."""
    source = asked.source
    return SpendRow(
        store_id=account.store_id,
        reference=uuid4(),
        saleor_transaction_id=asked.transaction_id,
        saleor_checkout_id=None if source.is_order else source.id,
        saleor_order_id=source.id if source.is_order else None,
        channel=source.channel,
        email=payer.email.strip(),
        email_key=key,
        account_id=account.id or 0,
        rule_id=rule.id,
        currency=source.currency,
        amount_units=minor_units(payment.amount, source.currency),
        points=payment.points,
        asked_at=now,
    )
