"""Step 4, for a call whose answer was lost: find out whether it happened, without risking that it happens twice."""

from collections.abc import Sequence
from datetime import datetime

from app.db.books import call_of, could_be_claims
from app.db.logbook import write_log
from app.db.tables import DebtPolicy, LogLevel, MovementRow
from app.domain import retry
from app.domain.claim import NO_POINTS, Balance
from app.domain.evidence import DISBELIEVED_FOR, FIRST_LOOK_AFTER, SECOND_LOOK_AFTER, Verdict, is_credible, judge
from app.providers.protocol import Accepted, Ask, AskKind, NotSent, RefusedWhole, Unknown
from app.usecases.moving.pausing import pause_account
from app.usecases.services import Services
from app.usecases.settling.batch import CLAIM_LOST, FOR_STAFF, UNKNOWN_INSTANT, Batch
from app.usecases.settling.planning import account_problem
from app.usecases.settling.recording import note_look, record, take_back_to_planned


def is_to_be_asked_again(services: Services, batch: Batch, movement: MovementRow) -> bool:
    """Deal with an unknown INSTANT. True when it surely did not happen, and may be asked for once more."""
    hand = batch.hands[movement.order_id or 0]
    now = services.clock()
    account = batch.accounts[movement.account_id]
    paused_until = batch.paused_until(movement.account_id, now)
    if movement.is_for_staff:
        hand.is_done, hand.problem = True, FOR_STAFF
    elif paused_until is not None:
        hand.wait(paused_until, account_problem(account))
    elif account.honours_idempotency and movement.call_id is not None:
        repeat_call(services, batch, movement, AskKind.INSTANT)
    elif movement.available_before is None or movement.used_before is None or movement.sent_at is None:
        _leave_to_staff(services, batch, movement)
    else:
        before = Balance(movement.available_before, movement.used_before)
        return _look(services, batch, movement, before, movement.sent_at, now)
    return False


def _look(services: Services, batch: Batch, movement: MovementRow, before: Balance, sent_at: datetime, now: datetime) -> bool:
    hand = batch.hands[movement.order_id or 0]
    due_at = sent_at + (FIRST_LOOK_AFTER if movement.looked_at is None else SECOND_LOOK_AFTER)
    if now < due_at:
        hand.wait(due_at, UNKNOWN_INSTANT)
        return False
    found = batch.providers[movement.account_id].balances([movement.email])
    if isinstance(found, NotSent):
        pause_account(services, batch.store, batch.accounts[movement.account_id], found)
        hand.wait(batch.paused_until(movement.account_id, now) or now, account_problem(batch.accounts[movement.account_id]))
        return False
    seen, first = found.get(movement.email), Balance(movement.looked_available or 0, movement.looked_used or 0)
    if not is_credible(seen, known=before if before != NO_POINTS else first):
        if now - sent_at < DISBELIEVED_FOR:
            hand.wait(now + retry.PROBE_EVERY, UNKNOWN_INSTANT)
        else:
            _leave_to_staff(services, batch, movement)
        return False
    balance = seen or NO_POINTS
    if movement.looked_at is None or movement.looked_available is None or movement.looked_used is None:
        movement.looked_at, movement.looked_available, movement.looked_used = now, balance.available, balance.used
        note_look(services, batch, movement)
        hand.wait(max(now + (SECOND_LOOK_AFTER - FIRST_LOOK_AFTER), sent_at + SECOND_LOOK_AFTER), UNKNOWN_INSTANT)
        return False
    return _conclude(services, batch, movement, before, first, balance)


def _conclude(services: Services, batch: Batch, movement: MovementRow, before: Balance, first: Balance, second: Balance) -> bool:
    with services.database.reading() as session:
        claim_too = could_be_claims(session, movement.lane, movement.points, movement.sent_at or services.clock())
    verdict = judge(movement.points, before=before, first=first, second=second, asks=movement.asks, could_be_a_claim=claim_too)
    if verdict is Verdict.FOR_STAFF:
        _leave_to_staff(services, batch, movement)
    elif verdict is Verdict.HAPPENED:
        record(services, batch, [(movement, Accepted(doubt="Its answer was lost; the balance shows that it happened."))])
    else:
        take_back_to_planned(services, batch, [movement], was_sent=True)
        return True
    return False


def _leave_to_staff(services: Services, batch: Batch, movement: MovementRow) -> None:
    movement.is_for_staff = True
    note_look(services, batch, movement)
    hand = batch.hands[movement.order_id or 0]
    message = f"Order {hand.row.number or '?'}: {FOR_STAFF.sentence}"
    with services.database.writing() as session:
        write_log(session, batch.store_id, "for_staff", message, now=services.clock(), level=LogLevel.ERROR)
    hand.is_done, hand.problem = True, FOR_STAFF


def repeat_call(services: Services, batch: Batch, movement: MovementRow, kind: AskKind) -> None:
    """Send the identical array under the identical key: the account answers what it answered, or would have answered, then.

    The array may hold other orders' movements; theirs is the same answer, but only this one is recorded here.
    """
    if movement.call_id is None:
        raise RuntimeError("a movement that was never sent")
    with services.database.reading() as session:
        array = call_of(session, movement.call_id)
    now = services.clock()
    hand = batch.hands[movement.order_id or 0]
    reply = batch.providers[movement.account_id].ask(
        kind, [_as_it_was_asked(batch, one) for one in array], call_id=movement.call_id, now=movement.sent_at or now
    )
    if isinstance(reply, NotSent):
        pause_account(services, batch.store, batch.accounts[movement.account_id], reply)
        hand.wait(batch.paused_until(movement.account_id, now) or now, account_problem(batch.accounts[movement.account_id]))
    elif isinstance(reply, RefusedWhole) and kind is AskKind.CLAIM:
        record(services, batch, [(movement, Unknown(reply.reason))])
    elif isinstance(reply, RefusedWhole):
        _leave_to_staff(services, batch, movement)
    else:
        outcome = reply[_place(array, movement)]
        if isinstance(outcome, Unknown):
            hand.retry(now, CLAIM_LOST if kind is AskKind.CLAIM else UNKNOWN_INSTANT)
        else:
            record(services, batch, [(movement, outcome)])


def _as_it_was_asked(batch: Batch, movement: MovementRow) -> Ask:
    return Ask(
        movement.id,
        movement.points,
        movement.email,
        customer_type=movement.customer_type,
        expires_days=movement.expires_days,
        may_go_below_zero=batch.store.debt_policy == DebtPolicy.NEGATIVE,
    )


def _place(array: Sequence[MovementRow], movement: MovementRow) -> int:
    return next(place for place, one in enumerate(array) if one.id == movement.id)
