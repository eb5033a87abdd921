"""Step 4: ask the accounts, in arrays. Each array is written down as *sending* first; no transaction is open during a call."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from app.db.queue import LEASE_HOLDS
from app.db.tables import ClaimRow, MovementRow, MovementState
from app.domain import retry
from app.domain.settlement import INSTANT_KINDS, MovementKind
from app.http import TOTAL_SECONDS
from app.providers.protocol import Ask, AskKind, NotSent, RefusedWhole, Reply, Unknown
from app.usecases.moving.pausing import pause_account
from app.usecases.services import Services
from app.usecases.settling.batch import CLAIM_LOST, Batch
from app.usecases.settling.planning import account_problem
from app.usecases.settling.probing import is_to_be_asked_again, repeat_call
from app.usecases.settling.recording import mark_sending, record, take_back_to_planned
from app.usecases.settling.weighing import has_floor, weigh

# After this long nobody is still waiting for the answer: the worker that sent it is dead.
TAKEN_OVER_AFTER = timedelta(minutes=5)

# A call begins only if its own deadline lies inside the lease. A worker that was stopped for longer after it had written down
# what it sends must not send it: another may have taken it over by now.
SENT_WITHIN = LEASE_HOLDS - timedelta(seconds=TOTAL_SECONDS)

_CUT = Unknown("The worker that asked for it ended before the answer was recorded.")


def call(services: Services, batch: Batch, movements: Sequence[MovementRow]) -> None:
    """Ask for planned movements, and finish those that an earlier worker left."""
    ready = [movement for movement in movements if _is_ready(services, batch, movement)]
    groups: dict[tuple[int, AskKind], list[MovementRow]] = defaultdict(list)
    for movement in ready:
        groups[movement.account_id, _ask_kind(movement)].append(movement)
    for (account_id, kind), group in groups.items():
        size = batch.providers[account_id].array_max(kind)
        arrays = [group[start : start + size] for start in range(0, len(group), size)]
        while arrays:
            arrays = [*_send(services, batch, account_id, kind, arrays.pop()), *arrays]


def _is_ready(services: Services, batch: Batch, movement: MovementRow) -> bool:
    """Tell whether a movement is to be asked for now. Deals with those whose outcome is open."""
    hand = batch.hands[movement.order_id or 0]
    now = services.clock()
    if movement.state == MovementState.PLANNED:
        paused_until = batch.paused_until(movement.account_id, now)
        if paused_until is not None:
            hand.wait(paused_until, account_problem(batch.accounts[movement.account_id]))
        return paused_until is None
    if batch.providers[movement.account_id].repeats_safely:
        return True
    taken_over_at = (movement.sent_at or now) + TAKEN_OVER_AFTER
    if movement.state == MovementState.SENDING and now < taken_over_at:
        hand.wait(taken_over_at)
    elif movement.state == MovementState.SENDING and _is_repeatable(batch, movement):
        repeat_call(services, batch, movement, AskKind.CLAIM)
    elif movement.state == MovementState.SENDING:
        record(services, batch, [(movement, _CUT)])
    else:
        return is_to_be_asked_again(services, batch, movement)
    return False


def _send(
    services: Services, batch: Batch, account_id: int, kind: AskKind, array: Sequence[MovementRow]
) -> list[list[MovementRow]]:
    """Send one array. Gives the halves to send next where the provider refused it as a whole."""
    provider = batch.providers[account_id]
    if batch.paused_until(account_id, services.clock()) is not None:
        _leave(services, batch, account_id, array)
        return []
    asked_at = services.clock()
    weighed = weigh(services, batch, provider, array)
    if isinstance(weighed, NotSent):
        pause_account(services, batch.store, batch.accounts[account_id], weighed)
        _leave(services, batch, account_id, array)
        return []
    array, balances = weighed
    call_id = uuid4()
    asked_before = {movement.id for movement in array if movement.state == MovementState.SENDING}
    sent = mark_sending(services, batch, array, call_id=call_id, balances=balances, asked_at=asked_at)
    if not sent:
        return []
    # What was asked for before may have happened then: it is never taken for something that was only planned.
    new = [movement for movement in sent if movement.id not in asked_before]
    if services.clock() - (sent[0].sent_at or services.clock()) > SENT_WITHIN:
        take_back_to_planned(services, batch, new, was_sent=False)
        for movement in sent:
            batch.hands[movement.order_id or 0].wait(services.clock())
        return []
    reply = _reply(services, batch, kind, sent, call_id)
    if _is_lost(reply) and all(_is_repeatable(batch, movement) for movement in sent):
        # As if this worker had died: its links are brought by the same call, a little later.
        for movement in sent:
            batch.hands[movement.order_id or 0].wait((movement.sent_at or services.clock()) + TAKEN_OVER_AFTER, CLAIM_LOST)
    elif isinstance(reply, NotSent):
        take_back_to_planned(services, batch, new, was_sent=False)
        pause_account(services, batch.store, batch.accounts[account_id], reply)
        _leave(services, batch, account_id, sent)
    elif isinstance(reply, RefusedWhole):
        take_back_to_planned(services, batch, new, was_sent=False)
        return [sent[: len(sent) // 2], sent[len(sent) // 2 :]]
    else:
        record(services, batch, list(zip(sent, reply, strict=True)))
    return []


def _reply(services: Services, batch: Batch, kind: AskKind, sent: Sequence[MovementRow], call_id: UUID) -> Reply:
    """Make a call; where its answer is lost and the account honours the call's key, make it once more."""
    account_id, sent_at = sent[0].account_id, sent[0].sent_at or services.clock()
    asks = [_ask(batch, movement) for movement in sent]
    reply = batch.providers[account_id].ask(kind, asks, call_id=call_id, now=sent_at)
    is_in_time = services.clock() - sent_at <= SENT_WITHIN
    if _is_lost(reply) and batch.accounts[account_id].honours_idempotency and is_in_time:
        return batch.providers[account_id].ask(kind, asks, call_id=call_id, now=sent_at)
    return reply


def _is_lost(reply: Reply) -> bool:
    """Tell whether nothing is known of any item of a call."""
    return isinstance(reply, tuple) and all(isinstance(outcome, Unknown) for outcome in reply)


def _is_repeatable(batch: Batch, movement: MovementRow) -> bool:
    """Tell whether a claim's call, if it is sent again under its key, gives the link that it gave, or would have given."""
    return (
        movement.kind == MovementKind.CLAIM
        and movement.target_id is None
        and movement.call_id is not None
        and batch.accounts[movement.account_id].honours_idempotency
    )


def _leave(services: Services, batch: Batch, account_id: int, array: Sequence[MovementRow]) -> None:
    """Let planned movements wait until their account is asked again."""
    now = services.clock()
    until = batch.paused_until(account_id, now) or now + retry.BACKOFF_FIRST
    for movement in array:
        batch.hands[movement.order_id or 0].wait(until, account_problem(batch.accounts[account_id]))


def _ask_kind(movement: MovementRow) -> AskKind:
    if movement.kind in INSTANT_KINDS:
        return AskKind.INSTANT
    return AskKind.CLAIM if movement.target_id is None else AskKind.CHANGE


def _ask(batch: Batch, movement: MovementRow) -> Ask:
    if _ask_kind(movement) is AskKind.CHANGE:
        claim = _target(batch, movement)
        return Ask(movement.id, claim.points + movement.points, token_mark=claim.token_mark)
    return Ask(
        movement.id,
        movement.points,
        movement.email,
        customer_type=movement.customer_type,
        expires_days=movement.expires_days,
        may_go_below_zero=not has_floor(batch),
    )


def _target(batch: Batch, movement: MovementRow) -> ClaimRow:
    target: UUID | None = movement.target_id
    if target is None:
        raise RuntimeError("a change of no claim")
    return batch.hands[movement.order_id or 0].books.claims[target]
