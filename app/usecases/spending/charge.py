"""Pay with points: take them, and tell Saleor what they paid. The same call again gets the same answer and takes no more."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import structlog
from sqlmodel import Session

from app.db.debts import points_owed
from app.db.keys import key_in
from app.db.payments_app_id import freeze_app_id
from app.db.spends import find_spend_of
from app.db.stores import store_and_account
from app.db.tables import AccountRow, SpendRow
from app.domain.payment_request import PaymentRequest, Shopper, payer_of
from app.domain.settlement import CauseKind
from app.domain.spend_rule import SpendRule
from app.domain.spending import SpendRefusal, SpendStage, as_amount, decide_payment
from app.ledger import entries as ledger
from app.usecases.moving.engine_run import Run, open_accounts
from app.usecases.services import Services
from app.usecases.spending.charge_elsewhere import charge_elsewhere
from app.usecases.spending.new_spend import new_spend
from app.usecases.spending.paying_here import take_now
from app.usecases.spending.spend_cause import CONFIRMED_AFTER
from app.usecases.spending.what_is_payable import payable_of, rule_for

log = structlog.get_logger()

# In these it is not sure yet that the payment stands: the storefront is asked to try again.
_UNSURE = frozenset({SpendStage.ASKED, SpendStage.CHECKING})


@dataclass(frozen=True, slots=True)
class Charged:
    """Points paid. `reference` is the name of the payment in Saleor: it counts one only once."""

    reference: UUID
    points: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class NotCharged:
    """Nothing was paid, and why. `least_points` is the fewest points of one payment, where a rule says so."""

    why: SpendRefusal
    least_points: int | None = None


def charge(services: Services, store_id: int, asked: PaymentRequest) -> Charged | NotCharged:
    """Take the points of the signed-in customer that pay what is asked for, or say why not."""
    payer = payer_of(asked)
    outcome = NotCharged(payer) if isinstance(payer, SpendRefusal) else _charge(services, store_id, asked, payer)
    code = outcome.why.value if isinstance(outcome, NotCharged) else None
    log.info("charge answered", store_id=store_id, code=code, points=None if isinstance(outcome, NotCharged) else outcome.points)
    return outcome


def _charge(services: Services, store_id: int, asked: PaymentRequest, payer: Shopper) -> Charged | NotCharged:
    now = services.clock()
    with services.database.writing() as session:
        before = find_spend_of(session, store_id, asked.transaction_id, lock=True)
        if before is not None:
            return _again(before, now)
        rule = rule_for(session, store_id, asked.source, now)
        if isinstance(rule, SpendRefusal):
            return NotCharged(rule)
        store, account = store_and_account(session, store_id)
        run = Run(services, open_accounts(services, session, store), services.causes[CauseKind.SPEND])
        if account.id in run.accounts.local:
            return _charge_here(session, run, account, asked, payer, rule, now)
    taken = charge_elsewhere(run, account, asked, payer, rule)
    return NotCharged(taken, rule.least_points) if isinstance(taken, SpendRefusal) else _charged(taken)


def _again(spend: SpendRow, now: datetime) -> Charged | NotCharged:
    """Answer a repeated call."""
    if spend.stage in _UNSURE:
        return NotCharged(SpendRefusal.TRY_AGAIN)
    spend.answered_at = now
    if spend.stage == SpendStage.TAKEN:
        spend.look_at = now + CONFIRMED_AFTER
    return _charged(spend)


def _charge_here(
    session: Session, run: Run, account: AccountRow, asked: PaymentRequest, payer: Shopper, rule: SpendRule, now: datetime
) -> Charged | NotCharged:
    """Take embedded points, all in the caller's transaction. Whoever pays is locked: two payments see one balance in turn."""
    store_id, key = account.store_id, key_in(session, payer.email)
    if key not in ledger.find_customers(session, store_id, [key], now):
        return NotCharged(SpendRefusal.NO_POINTS)
    customer = ledger.hold_customers(session, store_id, {key: payer.email.strip()}, now)[key]
    meanwhile = find_spend_of(session, store_id, asked.transaction_id)
    if meanwhile is not None:
        return NotCharged(SpendRefusal.TRY_AGAIN) if meanwhile.stage in _UNSURE else _charged(meanwhile)
    balance = customer.available - points_owed(session, store_id, payer.email)
    payment = decide_payment(payable_of(session, store_id, asked.source), rule, asked=asked.amount, balance=balance)
    if isinstance(payment, SpendRefusal):
        return NotCharged(payment, rule.least_points)
    spend = new_spend(account, asked, payer, key, rule, payment, now)
    session.add(spend)
    session.flush()
    if run.accounts.store.payments_app_id is None:
        freeze_app_id(session, store_id, run.services.app_id)
    take_now(session, run, spend, now)
    spend.answered_at = now
    return _charged(spend)


def _charged(spend: SpendRow) -> Charged:
    return Charged(spend.reference, spend.points, as_amount(spend.amount_units, spend.currency))
