"""Step 5: write down what became of what was asked. Nothing is written for an order that another worker holds by now."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import update
from sqlmodel import Session, col

from app.db.books import add_to_granted, still_open
from app.db.bulk import change_rows, insert_rows
from app.db.lanes import is_unclear
from app.db.logbook import write_log
from app.db.queue import keep_lease
from app.db.rows import change
from app.db.tables import ClaimLink, ClaimRow, LogLevel, MovementRow, MovementState, OrderRow
from app.db.tallies import tally_accepted
from app.domain.claim import Balance, ClaimState
from app.domain.evidence import FIRST_LOOK_AFTER
from app.domain.settlement import MovementKind
from app.metrics import count_movement
from app.providers.protocol import INSUFFICIENT, Accepted, Outcome, Overtaken, Rejected, Unknown
from app.sealing import fingerprint
from app.usecases.moving.pausing import resume_account
from app.usecases.services import Services
from app.usecases.settling.batch import UNKNOWN_INSTANT, Batch, InHand, Problem
from app.usecases.settling.planning import REFUSED, refusal_mark

log = structlog.get_logger()

NOTHING_THERE = "NOTHING_THERE"
# These refusals end by themselves: the balance was read a moment too early, or holds nothing and is looked at again later.
_NOT_REMEMBERED = frozenset({INSUFFICIENT, NOTHING_THERE})
STATES: dict[type[Outcome], MovementState] = {
    Accepted: MovementState.ACCEPTED,
    Rejected: MovementState.REJECTED,
    Unknown: MovementState.UNKNOWN,
    Overtaken: MovementState.OVERTAKEN,
}


def mark_sending(
    services: Services,
    batch: Batch,
    array: Sequence[MovementRow],
    *,
    call_id: UUID,
    balances: Mapping[str, Balance],
    asked_at: datetime,
) -> list[MovementRow]:
    """Write that an array is about to be sent, with the call's id and each one's place in it. Gives those that are still ours.

    A claim whose link goes out at once is judged by its customer's balance, asked at `asked_at`: it waits while an INSTANT of
    that customer is under way, for nobody can tell whether the balance holds it.
    """
    now = services.clock()
    with services.database.writing() as session:
        sent = _ours(session, batch, array, now)
        if balances and sent and sent[0].kind == MovementKind.CLAIM:
            unclear = {one.lane for one in sent if is_unclear(session, one.lane, since=asked_at, looked_at=asked_at)}
            for movement in sent:
                if movement.lane in unclear:
                    batch.hands[movement.order_id or 0].await_lane(now)
            sent = [movement for movement in sent if movement.lane not in unclear]
        for position, movement in enumerate(sent):
            asks = movement.asks + 1
            change(movement, state=MovementState.SENDING, sent_at=now, asks=asks, call_id=call_id, position=position)
            before = balances.get(movement.email)
            if before is not None:
                change(movement, available_before=before.available, used_before=before.used)
        _store(session, sent, "state", "sent_at", "asks", "call_id", "position", "available_before", "used_before", "points")
    sent_ids = {movement.id for movement in sent}
    for movement in array:
        if movement.id not in sent_ids:
            batch.hands[movement.order_id or 0].is_done = True
    return sent


def take_back_to_planned(services: Services, batch: Batch, movements: Sequence[MovementRow], *, was_sent: bool) -> None:
    """Write that nothing happened: an array did not go out or was refused as a whole, or looking showed it (`was_sent`).

    Only what went out, and whose answer was lost, counts as an asking: there are few of those.
    """
    with services.database.writing() as session:
        ours = _ours(session, batch, movements, services.clock())
        for movement in ours:
            movement.state = MovementState.PLANNED
            movement.looked_at = movement.looked_available = movement.looked_used = None
            movement.asks -= 0 if was_sent else 1
        _store(session, ours, "state", "looked_at", "looked_available", "looked_used", "asks")


def doubt_again(services: Services, batch: Batch, movements: Sequence[MovementRow]) -> None:
    """Write that it is open after all whether INSTANTs happened that were to be asked for once more."""
    now = services.clock()
    with services.database.writing() as session:
        ours = _ours(session, batch, movements, now)
        for movement in ours:
            movement.state = MovementState.UNKNOWN
            movement.looked_at = movement.looked_available = movement.looked_used = None
            # The call that it went out with last brought nothing: that one is not to be repeated.
            movement.call_id = movement.position = None
        _store(session, ours, "state", "looked_at", "looked_available", "looked_used", "call_id", "position")
    for movement in movements:
        batch.hands[movement.order_id or 0].wait(now, UNKNOWN_INSTANT)


def record(
    services: Services,
    batch: Batch,
    outcomes: Sequence[tuple[MovementRow, Outcome]],
) -> None:
    """Write the outcomes, and what follows from them for claims and orders, in one transaction."""
    now = services.clock()
    with services.database.writing() as session:
        kept = {movement.id for movement in _ours(session, batch, [movement for movement, _ in outcomes], now)}
        ours = [(movement, outcome) for movement, outcome in outcomes if movement.id in kept]
        for movement, outcome in ours:
            reason = outcome.doubt if isinstance(outcome, Accepted) else outcome.reason
            change(movement, state=STATES[type(outcome)], reason=reason, ended_at=now)
            if isinstance(outcome, Rejected) and outcome.code not in _NOT_REMEMBERED:
                refused = {"refused_step": refusal_mark(movement), "problem_code": REFUSED, "problem": outcome.reason}
                session.execute(update(OrderRow).where(col(OrderRow.id) == movement.order_id).values(refused))
        _store(session, [movement for movement, _ in ours], "state", "reason", "ended_at", "points")
        _accept(services, session, batch, ours, now)
        accepted = [movement for movement, outcome in ours if isinstance(outcome, Accepted)]
        tally_accepted(session, batch.store, accepted, now)
        _log_refusals(session, batch, ours, now)
    batch.moved += accepted
    for movement, _ in ours:
        count_movement(movement.kind, movement.state)
    for movement, outcome in outcomes:
        hand = batch.hands[movement.order_id or 0]
        if movement.id not in kept:
            hand.is_done = True
        else:
            _follow_up(hand, movement, outcome, now)
    for account_id in {movement.account_id for movement, outcome in ours if not isinstance(outcome, Unknown)}:
        resume_account(services, batch.store, batch.accounts[account_id])


def _log_refusals(session: Session, batch: Batch, outcomes: Sequence[tuple[MovementRow, Outcome]], now: datetime) -> None:
    """Tell the merchant what the provider said no to, and will not be asked again by itself."""
    for movement, outcome in outcomes:
        if isinstance(outcome, Rejected) and outcome.code not in _NOT_REMEMBERED:
            number = batch.hands[movement.order_id or 0].row.number or "?"
            message = f"Order {number}: the points provider refused {abs(movement.points)} points. It says: {outcome.reason}"
            write_log(session, batch.store_id, "refused", message, now=now, level=LogLevel.WARNING)


def note_look(services: Services, batch: Batch, movement: MovementRow) -> None:
    """Write the first of the two looks at an unknown INSTANT, or that looking told nothing and staff decide."""
    with services.database.writing() as session:
        _store(
            session,
            _ours(session, batch, [movement], services.clock()),
            "looked_at",
            "looked_available",
            "looked_used",
            "is_for_staff",
        )


def _ours(session: Session, batch: Batch, movements: Sequence[MovementRow], now: datetime) -> list[MovementRow]:
    """Give the movements whose order we still hold, and that have no outcome yet: a person may have decided meanwhile."""
    kept = keep_lease(session, batch.lease_token, [movement.order_id or 0 for movement in movements], now)
    are_open = still_open(session, [movement.id for movement in movements])
    return [movement for movement in movements if movement.order_id in kept and movement.id in are_open]


def _accept(
    services: Services,
    session: Session,
    batch: Batch,
    outcomes: Sequence[tuple[MovementRow, Outcome]],
    now: datetime,
) -> None:
    """Write what the accepted ones granted, all in one statement, and their new claims in another."""
    accepted = [(movement, outcome) for movement, outcome in outcomes if isinstance(outcome, Accepted)]
    add_to_granted(session, {movement.order_id or 0: movement.points for movement, _ in accepted})
    new_claims = []
    for movement, outcome in accepted:
        batch.hands[movement.order_id or 0].row.granted += movement.points
        if movement.kind == MovementKind.CLAIM and movement.target_id is None:
            new_claims.append(_new_claim(services, batch, movement, outcome, now))
        elif movement.kind in {MovementKind.CLAIM, MovementKind.VOID}:
            _change_claim(session, batch, movement)
    if new_claims:
        insert_rows(session, ClaimRow, new_claims)


def _change_claim(session: Session, batch: Batch, movement: MovementRow) -> None:
    claim = batch.hands[movement.order_id or 0].books.claims[movement.target_id]  # type: ignore[index]  # a change has a target
    left = claim.points + movement.points
    session.execute(
        update(ClaimRow).where(col(ClaimRow.id) == claim.id).values(points=left, state=claim.state if left else ClaimState.VOID)
    )


def _new_claim(services: Services, batch: Batch, movement: MovementRow, outcome: Accepted, now: datetime) -> dict[str, Any]:
    goes_out = batch.store.claim_link == ClaimLink.DIRECT and not batch.providers[movement.account_id].sees_claims
    return {
        "id": movement.id,
        "order_id": movement.order_id or 0,
        "account_id": movement.account_id,
        "points": movement.points,
        "email": movement.email,
        "lane": movement.lane,
        "state": ClaimState.SHOWN if goes_out else ClaimState.OPEN,
        "url_sealed": services.sealer.seal_short(outcome.claim_url or ""),
        "token_mark": fingerprint(outcome.claim_token or str(movement.id)),
        "created_at": now,
        "expires_on": outcome.expires_on,
        "shown_at": (movement.sent_at or now) if goes_out else None,
        "shown_available": movement.available_before if goes_out else None,
        "shown_used": movement.used_before if goes_out else None,
    }


def _follow_up(hand: InHand, movement: MovementRow, outcome: Outcome, now: datetime) -> None:
    """Say what the outcome means for the order in hand."""
    hand.books.open = None
    if isinstance(outcome, Rejected) and outcome.code not in _NOT_REMEMBERED:
        hand.row.refused_step = refusal_mark(movement)
        hand.row.problem_code, hand.row.problem = REFUSED, outcome.reason
    elif isinstance(outcome, Unknown) and movement.kind == MovementKind.CLAIM:
        # Its link was never shown, so it is worth nothing: another is asked for, though not at once.
        hand.retry(now, Problem("claim_unknown", outcome.reason))
    elif isinstance(outcome, Unknown):
        hand.books.open = movement
        hand.wait(max(now, (movement.sent_at or now) + FIRST_LOOK_AFTER), UNKNOWN_INSTANT)


def _store(session: Session, movements: Sequence[MovementRow], *names: str) -> None:
    """Write some columns of movements that `_ours` gave: what has its outcome is never rewritten."""
    change_rows(session, MovementRow, [{name: getattr(movement, name) for name in ("id", *names)} for movement in movements])
