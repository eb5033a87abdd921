"""Find out what became of a call whose answer was lost, without risking that it happens twice."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.db.lanes import could_be_claims
from app.db.movements import call_of
from app.db.tables import MovementRow
from app.domain import retry
from app.domain.claim import Balance
from app.domain.evidence import DISBELIEVED_FOR, FIRST_LOOK_AFTER, SECOND_LOOK_AFTER, Verdict, judge
from app.domain.settlement import MovementState
from app.providers.protocol import Absent, Accepted, AskKind, NotSent, RefusedWhole, Reply, Unknown, held
from app.usecases.moving.account_pauses import pause_account
from app.usecases.moving.causes import CLAIM_LOST, FOR_STAFF, UNKNOWN_INSTANT, Problem, Result, Waits
from app.usecases.moving.engine_run import Run
from app.usecases.moving.looking_up import Look, Looks, look_up_each
from app.usecases.moving.planning import as_ask
from app.usecases.moving.recording import leave_to_staff, note_look, record, take_back_to_planned

_HAPPENED = Accepted(doubt="Its answer was lost; the balance shows that it happened.")


def look_at_unknown(run: Run, movements: Sequence[MovementRow]) -> Looks:
    """Look up the customers of all INSTANTs that are unknown and whose time to be looked at has come."""
    now = run.services.clock()
    return look_up_each(run, {(one.account_id, one.email) for one in movements if _is_to_be_looked_at(run, one, now)})


def _is_to_be_looked_at(run: Run, movement: MovementRow, now: datetime) -> bool:
    if movement.state != MovementState.UNKNOWN or movement.is_for_staff or movement.available_before is None:
        return False
    is_repeated = run.accounts.rows[movement.account_id].honours_idempotency and movement.call_id is not None
    is_paused = run.accounts.paused_until(movement.account_id, now) is not None
    return not is_repeated and not is_paused and movement.sent_at is not None and _due_at(movement, movement.sent_at) <= now


def _due_at(movement: MovementRow, sent_at: datetime) -> datetime:
    """Tell when the next look is due: two and ten minutes after the call."""
    if movement.looked_at is None:
        return sent_at + FIRST_LOOK_AFTER
    return max(movement.looked_at + (SECOND_LOOK_AFTER - FIRST_LOOK_AFTER), sent_at + SECOND_LOOK_AFTER)


def find_out(run: Run, movement: MovementRow, looks: Looks, replies: dict[UUID, Reply]) -> Result | None:
    """Deal with an INSTANT whose outcome is unknown. None where it did not happen for sure, so it may be asked for again."""
    now = run.services.clock()
    paused_until = run.accounts.paused_until(movement.account_id, now)
    if movement.is_for_staff:
        return Waits(movement, None, FOR_STAFF)
    if paused_until is not None:
        return Waits(movement, paused_until, account_problem(run, movement))
    if run.accounts.rows[movement.account_id].honours_idempotency and movement.call_id is not None:
        return repeat_call(run, movement, AskKind.INSTANT, replies)
    if movement.available_before is None or movement.used_before is None or movement.sent_at is None:
        return leave_to_staff(run, movement)
    before = Balance(movement.available_before, movement.used_before)
    look = looks.get((movement.account_id, movement.email))
    due_at = _due_at(movement, movement.sent_at)
    if now < due_at or look is None:
        return Waits(movement, due_at, UNKNOWN_INSTANT)
    return _look(run, movement, before, movement.sent_at, look)


def _look(run: Run, movement: MovementRow, before: Balance, sent_at: datetime, look: Look) -> Result | None:
    """Write down what the first look found. After the second look, decide by both."""
    now, judged = look.began_at, look.found
    if isinstance(judged, NotSent):
        return _pause(run, movement, judged)
    if judged is Absent.DOUBTFUL:
        is_fresh = now - sent_at < DISBELIEVED_FOR
        return Waits(movement, now + retry.PROBE_EVERY, UNKNOWN_INSTANT) if is_fresh else leave_to_staff(run, movement)
    if movement.looked_at is not None and movement.looked_available is not None and movement.looked_used is not None:
        first = Balance(movement.looked_available, movement.looked_used)
        return _conclude(run, movement, before, first, held(judged))
    note_look(run, movement, now, held(judged))
    return Waits(movement, max(now + (SECOND_LOOK_AFTER - FIRST_LOOK_AFTER), sent_at + SECOND_LOOK_AFTER), UNKNOWN_INSTANT)


def _conclude(run: Run, movement: MovementRow, before: Balance, first: Balance, second: Balance) -> Result | None:
    with run.services.database.reading() as session:
        claim_too = could_be_claims(session, movement.lane, movement.points, movement.sent_at or run.services.clock())
    verdict = judge(movement.points, before=before, first=first, second=second, asks=movement.asks, could_be_a_claim=claim_too)
    if verdict is Verdict.FOR_STAFF:
        return leave_to_staff(run, movement)
    if verdict is Verdict.HAPPENED:
        return record(run, [(movement, _HAPPENED)])[0]
    take_back_to_planned(run, [movement], was_sent=True)
    return None


def repeat_call(run: Run, movement: MovementRow, kind: AskKind, replies: dict[UUID, Reply]) -> Result:
    """Send the same array again, under the same key.

    If the account got it the first time, it gives the same answer as then. If not, it carries the array out now.

    The array may hold other movements, which the same answer serves: it is kept in `replies`, so that the call is made once.
    Only this movement is recorded here.
    """
    if movement.call_id is None:
        raise RuntimeError("a movement that was never sent")
    with run.services.database.reading() as session:
        array = call_of(session, movement.call_id)
    now = run.services.clock()
    if movement.call_id not in replies:
        run.keep()
        replies[movement.call_id] = run.accounts.providers[movement.account_id].ask(
            kind, [as_ask(run, one) for one in array], call_id=movement.call_id, now=movement.sent_at or now
        )
    reply = replies[movement.call_id]
    if isinstance(reply, NotSent):
        return _pause(run, movement, reply)
    if isinstance(reply, RefusedWhole):
        return record(run, [(movement, Unknown(reply.reason))])[0] if kind is AskKind.CLAIM else leave_to_staff(run, movement)
    outcome = next(outcome for one, outcome in zip(array, reply, strict=True) if one.id == movement.id)
    if isinstance(outcome, Unknown):
        return Waits(movement, now + FIRST_LOOK_AFTER, CLAIM_LOST if kind is AskKind.CLAIM else UNKNOWN_INSTANT)
    return record(run, [(movement, outcome)])[0]


def account_problem(run: Run, movement: MovementRow) -> Problem:
    """Say that the account of a movement is not served now."""
    return Problem("account", run.accounts.rows[movement.account_id].problem or "The points provider cannot be reached.")


def _pause(run: Run, movement: MovementRow, reply: NotSent) -> Result:
    pause_account(run.services, run.accounts.store, run.accounts.rows[movement.account_id], reply)
    now = run.services.clock()
    return Waits(movement, run.accounts.paused_until(movement.account_id, now) or now, account_problem(run, movement))
