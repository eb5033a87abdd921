"""Send movements to accounts over the network, in arrays. Each array is written down as *sending* first; no transaction is open
during a call.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from app.db.queue import LEASE_HOLDS
from app.db.tables import AccountRow, MovementRow
from app.domain import retry
from app.domain.settlement import MovementKind, MovementState
from app.http import TOTAL_SECONDS
from app.providers.protocol import AskKind, NotSent, RefusedWhole, Reply, Unknown
from app.usecases.moving.account_pauses import pause_account
from app.usecases.moving.balances import check_balances
from app.usecases.moving.causes import CLAIM_LOST, Problem, Result, Waits
from app.usecases.moving.engine_run import Run
from app.usecases.moving.finding_out import account_problem, find_out, look_at_unknown, repeat_call
from app.usecases.moving.looking_up import Looks
from app.usecases.moving.planning import as_ask, ask_kind
from app.usecases.moving.recording import mark_sending, record, take_back_to_planned

# After this long nobody is still waiting for the answer: the worker that sent it is dead.
TAKEN_OVER_AFTER = timedelta(minutes=5)

# A call begins only if its own deadline lies inside the lease. A worker that was stopped for longer after it had written down
# what it sends must not send it: another may have taken it over by now.
SENT_WITHIN = LEASE_HOLDS - timedelta(seconds=TOTAL_SECONDS)

_CUT = Unknown("The worker that asked for it ended before the answer was recorded.")


def send(run: Run, movements: Sequence[MovementRow]) -> list[Result]:
    """Ask for planned movements, and finish those that an earlier worker left. Gives what became of each."""
    results: list[Result] = []
    looks, replies = look_at_unknown(run, movements), dict[UUID, Reply]()
    groups: dict[tuple[int, AskKind], list[MovementRow]] = defaultdict(list)
    for movement in movements:
        result = _left_open(run, movement, looks, replies)
        if result is None:
            groups[movement.account_id, ask_kind(movement)].append(movement)
        else:
            results.append(result)
    for (account_id, kind), group in groups.items():
        size = run.accounts.providers[account_id].array_max(kind)
        arrays = [group[start : start + size] for start in range(0, len(group), size)]
        while arrays:
            halves, ended = _send_array(run, account_id, kind, arrays.pop())
            arrays = [*halves, *arrays]
            results += ended
    return results


def _left_open(run: Run, movement: MovementRow, looks: Looks, replies: dict[UUID, Reply]) -> Result | None:
    """Deal with a movement that was asked for before. None where it is to be asked for now.

    `looks` are what was looked up for it, and `replies` those of calls that were sent again in this round.
    """
    now = run.services.clock()
    if movement.state == MovementState.PLANNED:
        paused_until = run.accounts.paused_until(movement.account_id, now)
        return Waits(movement, paused_until, account_problem(run, movement)) if paused_until is not None else None
    if movement.state == MovementState.UNKNOWN:
        return find_out(run, movement, looks, replies)
    taken_over_at = (movement.sent_at or now) + TAKEN_OVER_AFTER
    if now < taken_over_at:
        return Waits(movement, taken_over_at)
    if _is_repeatable(run, movement):
        return repeat_call(run, movement, AskKind.CLAIM, replies)
    return record(run, [(movement, _CUT)])[0]


def _send_array(
    run: Run, account_id: int, kind: AskKind, array: Sequence[MovementRow]
) -> tuple[list[list[MovementRow]], list[Result]]:
    """Send one array. Gives the halves to send next where the provider refused it as a whole, and what became of the rest."""
    provider, account = run.accounts.providers[account_id], run.accounts.rows[account_id]
    asked_at = run.services.clock()
    if run.accounts.paused_until(account_id, asked_at) is not None:
        return [], _wait_for_account(run, account, array)
    checked = check_balances(run, provider, array)
    if isinstance(checked, NotSent):
        pause_account(run.services, run.accounts.store, account, checked)
        return [], _wait_for_account(run, account, array)
    call_id = uuid4()
    # Written before the call: what may have happened must not look as if it was only planned.
    sent, results = mark_sending(run, checked.ready, call_id=call_id, balances=checked.balances, asked_at=asked_at)
    results = [*checked.results, *results]
    if not sent:
        return [], results
    if _is_late(run, sent[0]):
        take_back_to_planned(run, sent, was_sent=False)
        return [], [*results, *(Waits(movement, run.services.clock()) for movement in sent)]
    reply = _call(run, kind, sent, call_id)
    if _is_lost(reply) and all(_is_repeatable(run, movement) for movement in sent):
        # Treated as if this worker had died: a little later the same call is sent again, and brings the links.
        now = run.services.clock()
        return [], results + [Waits(one, (one.sent_at or now) + TAKEN_OVER_AFTER, CLAIM_LOST) for one in sent]
    if isinstance(reply, NotSent):
        take_back_to_planned(run, sent, was_sent=False)
        pause_account(run.services, run.accounts.store, account, reply)
        return [], [*results, *_wait_for_account(run, account, sent)]
    if isinstance(reply, RefusedWhole):
        take_back_to_planned(run, sent, was_sent=False)
        return [sent[: len(sent) // 2], sent[len(sent) // 2 :]], results
    return [], results + record(run, list(zip(sent, reply, strict=True)))


def _call(run: Run, kind: AskKind, sent: Sequence[MovementRow], call_id: UUID) -> Reply:
    """Make a call; where its answer is lost and the account honours the call's key, make it once more."""
    account_id, sent_at = sent[0].account_id, sent[0].sent_at or run.services.clock()
    provider, asks = run.accounts.providers[account_id], [as_ask(run, movement) for movement in sent]
    run.keep()
    reply = provider.ask(kind, asks, call_id=call_id, now=sent_at)
    if _is_lost(reply) and run.accounts.rows[account_id].honours_idempotency and not _is_late(run, sent[0]):
        run.keep()
        return provider.ask(kind, asks, call_id=call_id, now=sent_at)
    return reply


def _is_late(run: Run, movement: MovementRow) -> bool:
    """True if a call that begins now may still run when another worker takes the movement over."""
    now = run.services.clock()
    return now - (movement.sent_at or now) > SENT_WITHIN


def _is_lost(reply: Reply) -> bool:
    """True if nothing is known of any item of a call."""
    return isinstance(reply, tuple) and all(isinstance(outcome, Unknown) for outcome in reply)


def _is_repeatable(run: Run, movement: MovementRow) -> bool:
    """True if a claim's call, sent again under its key, gives the link that it gave, or would have given."""
    is_new_claim = movement.kind == MovementKind.CLAIM and movement.target_id is None
    return is_new_claim and movement.call_id is not None and run.accounts.rows[movement.account_id].honours_idempotency


def _wait_for_account(run: Run, account: AccountRow, array: Sequence[MovementRow]) -> list[Result]:
    """Let planned movements wait until their account is asked again."""
    now = run.services.clock()
    until = run.accounts.paused_until(account.id or 0, now) or now + retry.BACKOFF_FIRST
    problem: Problem = account_problem(run, array[0])
    return [Waits(movement, until, problem) for movement in array]
