"""What a storefront asks of us by way of Saleor: to pay something with points, or what could be paid."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from app.domain.spending import SpendRefusal


@dataclass(frozen=True, slots=True)
class Shopper:
    """The Saleor user whose checkout or order it is."""

    id: str
    email: str = field(repr=False)
    is_confirmed: bool
    is_active: bool


@dataclass(frozen=True, slots=True)
class PaymentSource:
    """A checkout, or an order that is not paid yet.

    `due` is what Saleor says is still to pay. `booked` is what Saleor has charged so far, by transaction.
    `language` is Saleor's code of the shopper's language, such as `DE_AT`.
    """

    id: str
    is_order: bool
    channel: str
    currency: str
    total: Decimal
    due: Decimal
    user: Shopper | None
    language: str = ""
    booked: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """One call. `caller_id` is the signed-in user who makes it; None where nobody is signed in, or an app calls.

    `transaction_id` is empty where the storefront only asks what could be paid. `amount` is None for as much as may be.
    """

    source: PaymentSource
    caller_id: str | None
    transaction_id: str = ""
    amount: Decimal | None = None


def payer_of(asked: PaymentRequest) -> Shopper | SpendRefusal:
    """Tell who pays: the signed-in user, and only for what is theirs.

    Whoever knows the id of a checkout or an order can make the call, and can write another e-mail address on a checkout. So
    neither its user alone nor its address says anything.
    """
    user = asked.source.user
    if asked.caller_id is None:
        return SpendRefusal.NOT_SIGNED_IN
    if user is None or user.id != asked.caller_id or not user.email.strip():
        return SpendRefusal.NOT_YOURS
    if not user.is_confirmed:
        return SpendRefusal.NOT_CONFIRMED
    return user if user.is_active else SpendRefusal.NOT_ACTIVE
