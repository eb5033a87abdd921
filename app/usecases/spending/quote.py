"""Tell a shopper what points could pay: nothing is taken."""

from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal

from app.db.debts import points_owed
from app.db.stores import store_and_account
from app.domain.payment_request import PaymentRequest, Shopper, payer_of
from app.domain.spend_rule import SpendRule
from app.domain.spending import Payable, PointsPayment, SpendRefusal, decide_payment, least_payment, worth
from app.domain.store import AccountKind
from app.errors import Crowded
from app.providers.protocol import NotSent, held
from app.usecases.services import Services
from app.usecases.spending.what_is_payable import payable_of, rule_for


@dataclass(frozen=True, slots=True)
class Quote:
    """What a signed-in customer has, what it is worth, and the least and the most that can be paid with it now.

    `why_not` says why nothing can. Whoever is not the customer learns only that.
    """

    currency: str
    why_not: SpendRefusal | None = None
    points: int | None = None
    worth: Decimal | None = None
    least: PointsPayment | None = None
    greatest: PointsPayment | None = None
    least_points: int | None = None


def quote(services: Services, store_id: int, asked: PaymentRequest) -> Quote:
    """Tell what points could pay of a checkout or an unpaid order now."""
    payer, currency = payer_of(asked), asked.source.currency
    if isinstance(payer, SpendRefusal):
        return Quote(currency, payer)
    now = services.clock()
    with services.database.reading() as session:
        rule = rule_for(session, store_id, asked.source, now)
        if isinstance(rule, SpendRefusal):
            return Quote(currency, rule)
        payable = payable_of(session, store_id, asked.source)
        owed = points_owed(session, store_id, payer.email)
    points = _points_of(services, store_id, payer)
    if points is None:
        return Quote(currency, SpendRefusal.TRY_AGAIN)
    return _quote(payable, rule, max(0, points - owed), asked.amount)


def _quote(payable: Payable, rule: SpendRule, points: int, asked: Decimal | None) -> Quote:
    greatest = decide_payment(payable, rule, asked=asked, balance=points)
    return Quote(
        payable.currency,
        why_not=greatest if isinstance(greatest, SpendRefusal) else None,
        points=points,
        worth=worth(points, rule, payable.currency),
        least=least_payment(rule, payable.currency),
        greatest=None if isinstance(greatest, SpendRefusal) else greatest,
        least_points=rule.least_points,
    )


def _points_of(services: Services, store_id: int, payer: Shopper) -> int | None:
    """Look up a balance; None where the provider does not tell it now. No transaction is open meanwhile.

    Of points that live elsewhere, few at once wait for the answer.
    """
    with services.database.reading() as session:
        store, account = store_and_account(session, store_id)
    provider, email = services.provider_of(store, account), payer.email.strip()
    with ExitStack() as waiting:
        if account.kind != AccountKind.EMBEDDED:
            try:
                waiting.enter_context(services.bulkheads.payments.place(account.lane_mark))
            except Crowded:
                return None
        found = provider.balances([email])
    return None if isinstance(found, NotSent) else held(found[email]).available
