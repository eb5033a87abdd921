"""Take the points of a payment at an account whose answers can be lost: written before it is asked for, and never guessed.

What is not known in time counts as a failure for the shopper. Whether it happened is found out later; what had happened is then
not booked in Saleor, so it is given back.
"""

from collections.abc import Sequence
from contextlib import ExitStack

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from app.db.debts import points_owed
from app.db.keys import key_in
from app.db.payments_app_id import freeze_app_id
from app.db.spends import find_spend_of
from app.db.tables import AccountRow, MovementRow, SpendRow
from app.domain.payment_request import PaymentRequest, Shopper
from app.domain.settlement import CauseKind, MovementKind, MovementState
from app.domain.spend_rule import SpendRule
from app.domain.spending import SpendRefusal, SpendStage, decide_payment
from app.errors import Crowded
from app.providers.protocol import INSUFFICIENT, NotSent, Rejected, held
from app.usecases.moving.causes import Ended, Result
from app.usecases.moving.engine_run import Run
from app.usecases.moving.planning import new_movement, plan
from app.usecases.moving.recording import record
from app.usecases.moving.sending import send
from app.usecases.spending.new_spend import new_spend
from app.usecases.spending.spend_cause import CONFIRMED_AFTER
from app.usecases.spending.what_is_payable import payable_of

_TOO_LATE = Rejected("The points provider could not be asked in time, and the shopper was told so. Nothing was taken.")


class _BusyLane(Exception):
    """Another INSTANT of the customer is open. Nothing of this payment is kept."""


def charge_elsewhere(
    run: Run, account: AccountRow, asked: PaymentRequest, payer: Shopper, rule: SpendRule
) -> SpendRow | SpendRefusal:
    """Take the points, or say why not. No transaction is open during a call, and few at once wait for the account."""
    account_id, email = account.id or 0, payer.email.strip()
    if run.accounts.paused_until(account_id, run.services.clock()) is not None:
        return SpendRefusal.TRY_AGAIN
    with ExitStack() as waiting:
        try:
            waiting.enter_context(run.services.bulkheads.payments.place(account.lane_mark))
        except Crowded:
            return SpendRefusal.TRY_AGAIN
        found = run.accounts.providers[account_id].balances([email])
        if isinstance(found, NotSent):
            return SpendRefusal.TRY_AGAIN
        try:
            with run.services.database.writing() as session:
                planned = _plan(session, run, account, asked, payer, rule, held(found[email]).available)
        except _BusyLane:
            return SpendRefusal.BUSY
        except IntegrityError:
            # The same call came twice at once, and the other one was first.
            return SpendRefusal.TRY_AGAIN
        if isinstance(planned, SpendRefusal):
            return planned
        results = send(run, [planned])
    return _outcome(run, planned, results)


def _plan(
    session: Session, run: Run, account: AccountRow, asked: PaymentRequest, payer: Shopper, rule: SpendRule, available: int
) -> MovementRow | SpendRefusal:
    now, store_id = run.services.clock(), account.store_id
    if find_spend_of(session, store_id, asked.transaction_id) is not None:
        return SpendRefusal.TRY_AGAIN
    balance = available - points_owed(session, store_id, payer.email)
    payment = decide_payment(payable_of(session, store_id, asked.source), rule, asked=asked.amount, balance=balance)
    if isinstance(payment, SpendRefusal):
        return payment
    spend = new_spend(account, asked, payer, key_in(session, payer.email), rule, payment, now)
    session.add(spend)
    session.flush()
    if run.accounts.store.payments_app_id is None:
        freeze_app_id(session, store_id, run.services.app_id)
    cause = {"cause_kind": CauseKind.SPEND, "cause_id": spend.id}
    debit = new_movement(run.accounts, account, MovementKind.DEBIT, -spend.points, spend.email, now, **cause)
    to_send, _ = plan(session, run, [debit], now)
    if not to_send:
        raise _BusyLane
    return debit


def _outcome(run: Run, debit: MovementRow, results: Sequence[Result]) -> SpendRow | SpendRefusal:
    now = run.services.clock()
    if debit.state == MovementState.PLANNED:
        # Nothing may be taken later for a payment that the shopper was told has failed.
        results = record(run, [(debit, _TOO_LATE)])
    with run.services.database.writing() as session:
        spend = session.get_one(SpendRow, debit.cause_id)
        if spend.stage == SpendStage.TAKEN:
            spend.answered_at, spend.look_at = now, now + CONFIRMED_AFTER
            return spend
    return SpendRefusal.NO_POINTS if any(_held_too_little(result) for result in results) else SpendRefusal.TRY_AGAIN


def _held_too_little(result: Result) -> bool:
    return isinstance(result, Ended) and isinstance(result.outcome, Rejected) and result.outcome.code == INSUFFICIENT
