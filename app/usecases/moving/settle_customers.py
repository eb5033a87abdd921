"""Settle what staff asked for customers: INSTANTs that belong to no order, one at a time.

There is no order to lease. A movement is taken by the change of its own state, planned → sending, under the id of the call:
of several workers one makes that change, and only the one whose call it is may record its outcome.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import structlog
from sqlalchemy import and_, or_, update
from sqlmodel import Session, col, select

from app.db.books import could_be_claims
from app.db.lanes import known_lanes
from app.db.logbook import write_log
from app.db.tables import AccountRow, DebtPolicy, LogLevel, MovementRow, MovementState, StoreRow, StoreState
from app.db.tallies import tally_accepted
from app.domain.claim import NO_POINTS, Balance
from app.domain.evidence import DISBELIEVED_FOR, FIRST_LOOK_AFTER, SECOND_LOOK_AFTER, Verdict, is_belied, is_credible, judge
from app.providers.protocol import Accepted, Ask, AskKind, NotSent, Outcome, PointsProvider, RefusedWhole, Rejected, Unknown
from app.usecases.moving.pausing import pause_account, resume_account
from app.usecases.services import Services
from app.usecases.settling.batch import DISBELIEVED, FOR_STAFF
from app.usecases.settling.calling import SENT_WITHIN, TAKEN_OVER_AFTER
from app.usecases.settling.recording import STATES

log = structlog.get_logger()

_NOTHING_THERE = "The balance holds nothing to take."


def settle_customers(services: Services) -> bool:
    """Deal with one movement that staff asked for, and tell whether there was one to deal with."""
    now = services.clock()
    with services.database.reading() as session:
        found = _next(session, now)
    if found is None:
        return False
    movement, store, account = found
    provider = services.provider_of(store, account)
    if movement.state == MovementState.PLANNED or (movement.state == MovementState.SENDING and provider.repeats_safely):
        _ask(services, movement, store, account, provider)
    elif movement.state == MovementState.SENDING:
        _change(
            services, movement, state=MovementState.UNKNOWN, reason="The worker that asked for it ended before the answer came."
        )
    elif account.honours_idempotency and movement.call_id is not None:
        _repeat(services, movement, store, account, provider, movement.call_id)
    else:
        _look(services, movement, store, account, provider, now)
    return True


def _next(session: Session, now: datetime) -> tuple[MovementRow, StoreRow, AccountRow] | None:
    first_look = and_(col(MovementRow.looked_at).is_(None), col(MovementRow.sent_at) <= now - FIRST_LOOK_AFTER)
    wait = SECOND_LOOK_AFTER - FIRST_LOOK_AFTER
    second_look = and_(col(MovementRow.looked_at) <= now - wait, col(MovementRow.sent_at) <= now - SECOND_LOOK_AFTER)
    is_time = or_(
        col(MovementRow.state) == MovementState.PLANNED,
        and_(col(MovementRow.state) == MovementState.SENDING, col(MovementRow.sent_at) <= now - TAKEN_OVER_AFTER),
        and_(col(MovementRow.state) == MovementState.UNKNOWN, ~col(MovementRow.is_for_staff), or_(first_look, second_look)),
    )
    query = (
        select(MovementRow, StoreRow, AccountRow)
        .join(StoreRow, col(StoreRow.id) == col(MovementRow.store_id))
        .join(AccountRow, col(AccountRow.id) == col(MovementRow.account_id))
        .where(
            col(MovementRow.order_id).is_(None),
            is_time,
            StoreRow.state == StoreState.ACTIVE,
            or_(col(AccountRow.paused_until).is_(None), col(AccountRow.paused_until) <= now),
        )
        .order_by(col(MovementRow.planned_at))
        .limit(1)
    )
    return session.exec(query).first()


def _ask(services: Services, movement: MovementRow, store: StoreRow, account: AccountRow, provider: PointsProvider) -> None:
    balances = provider.balances([movement.email])
    if isinstance(balances, NotSent):
        pause_account(services, store, account, balances)
        return
    before = balances.get(movement.email, NO_POINTS)
    if movement.email not in balances and not provider.repeats_safely and _was_known(services, movement):
        is_fresh = services.clock() - movement.planned_at < DISBELIEVED_FOR
        if is_fresh or movement.asks > 0:
            _disbelieve(services, movement, store, account, is_given_up=not is_fresh)
            return
    was_asked = movement.asks > 0 and movement.state == MovementState.PLANNED
    if was_asked and is_belied(movement.points, before=_before(movement), now=before):
        # Two looks found that it had not happened, and this one that it may have. The call that went out last brought nothing.
        _change(services, movement, state=MovementState.UNKNOWN, call_id=None, position=None)
        return
    points, has_floor = movement.points, store.debt_policy == DebtPolicy.FLOOR
    # One that is asked for again may stand in the ledger already, with just this amount.
    if points < 0 and has_floor and movement.state == MovementState.PLANNED:
        points = max(points, -max(before.available, 0))
    if points == 0:
        _change(services, movement, state=MovementState.REJECTED, reason=_NOTHING_THERE, ended_at=services.clock())
        return
    call_id = uuid4()
    sending = {"points": points, "available_before": before.available, "used_before": before.used, "asks": movement.asks + 1}
    sent_at = services.clock()
    if not _change(services, movement, state=MovementState.SENDING, call_id=call_id, position=0, sent_at=sent_at, **sending):
        return  # Another worker has it, or another INSTANT of this customer is under way.
    sent = movement.model_copy(update={"state": MovementState.SENDING, "call_id": call_id})
    # What was asked for before may have happened then: it is never taken for something that was only planned.
    not_asked = MovementState.PLANNED if movement.state == MovementState.PLANNED else MovementState.SENDING
    if services.clock() - sent_at > SENT_WITHIN:
        _change(services, sent, state=not_asked, asks=movement.asks)
        return
    ask = Ask(movement.id, points, movement.email, may_go_below_zero=not has_floor)
    reply = provider.ask(AskKind.INSTANT, [ask], call_id=call_id, now=services.clock())
    if isinstance(reply, NotSent):
        _change(services, sent, state=not_asked, asks=movement.asks)
        pause_account(services, store, account, reply)
        return
    outcome: Outcome = Rejected(reply.reason) if isinstance(reply, RefusedWhole) else reply[0]
    _write_outcome(services, sent, store, account, outcome)
    log.info("customer settled", store=store.slug, points=points, state=STATES[type(outcome)])


def _write_outcome(services: Services, movement: MovementRow, store: StoreRow, account: AccountRow, outcome: Outcome) -> None:
    reason = outcome.doubt if isinstance(outcome, Accepted) else outcome.reason
    ended_at = None if isinstance(outcome, Unknown) else services.clock()
    _change(services, movement, state=STATES[type(outcome)], reason=reason, ended_at=ended_at)
    if ended_at is not None:
        resume_account(services, store, account)


def _repeat(
    services: Services, movement: MovementRow, store: StoreRow, account: AccountRow, provider: PointsProvider, call_id: UUID
) -> None:
    """Send the identical call under its key: the account answers what it answered, or would have answered, then."""
    ask = Ask(movement.id, movement.points, movement.email, may_go_below_zero=store.debt_policy == DebtPolicy.NEGATIVE)
    reply = provider.ask(AskKind.INSTANT, [ask], call_id=call_id, now=movement.sent_at or services.clock())
    if isinstance(reply, NotSent):
        pause_account(services, store, account, reply)
    elif isinstance(reply, RefusedWhole):
        _change(services, movement, is_for_staff=True)
    elif isinstance(reply[0], Unknown):
        # Sent once more, and lost once more: from now on it counts as sent now.
        _change(services, movement, sent_at=services.clock())
    else:
        _write_outcome(services, movement, store, account, reply[0])


def _look(
    services: Services, movement: MovementRow, store: StoreRow, account: AccountRow, provider: PointsProvider, now: datetime
) -> None:
    found = provider.balances([movement.email])
    if isinstance(found, NotSent):
        pause_account(services, store, account, found)
        return
    seen, before = found.get(movement.email), _before(movement)
    first = Balance(movement.looked_available or 0, movement.looked_used or 0)
    if not is_credible(seen, known=before if before != NO_POINTS else first):
        if now - (movement.sent_at or now) < DISBELIEVED_FOR:
            _change(services, movement, looked_at=now)
        else:
            _leave_to_staff(services, movement)
        return
    balance = seen or NO_POINTS
    if movement.looked_available is None or movement.looked_used is None:
        _change(services, movement, looked_at=now, looked_available=balance.available, looked_used=balance.used)
        return
    with services.database.reading() as session:
        claim_too = could_be_claims(session, movement.lane, movement.points, movement.sent_at or now)
    verdict = judge(
        movement.points,
        before=before,
        first=first,
        second=balance,
        asks=movement.asks,
        could_be_a_claim=claim_too,
    )
    _change(services, movement, **_FOLLOWS[verdict](now))


def _was_known(services: Services, movement: MovementRow) -> bool:
    with services.database.reading() as session:
        return bool(known_lanes(session, {movement.lane}))


def _disbelieve(services: Services, movement: MovementRow, store: StoreRow, account: AccountRow, *, is_given_up: bool) -> None:
    """Ask later, where an account says that it knows nobody of whom it knew; in the end, staff say what became of it."""
    if is_given_up:
        _leave_to_staff(services, movement, state=MovementState.UNKNOWN, call_id=None, position=None)
    else:
        pause_account(services, store, account, NotSent(DISBELIEVED.sentence, is_accounts_fault=True))


def _leave_to_staff(services: Services, movement: MovementRow, **values: Any) -> None:
    now = services.clock()
    if _change(services, movement, is_for_staff=True, **values):
        with services.database.writing() as session:
            write_log(session, movement.store_id, "for_staff", FOR_STAFF.sentence, now=now, level=LogLevel.ERROR)


def _before(movement: MovementRow) -> Balance:
    return Balance(movement.available_before or 0, movement.used_before or 0)


_FOLLOWS: Mapping[Verdict, Any] = {
    Verdict.HAPPENED: lambda now: {
        "state": MovementState.ACCEPTED,
        "ended_at": now,
        "reason": "The balance shows that it happened.",
    },
    Verdict.DID_NOT: lambda _: {"state": MovementState.PLANNED, "looked_at": None, "looked_available": None, "looked_used": None},
    Verdict.FOR_STAFF: lambda _: {"is_for_staff": True},
}


def _change(services: Services, movement: MovementRow, **values: Any) -> bool:
    """Change a movement, unless somebody else has changed it since it was read. Tell whether it was changed."""
    call: UUID | None = movement.call_id
    same_call = col(MovementRow.call_id).is_(None) if call is None else col(MovementRow.call_id) == call
    with services.database.writing() as session:
        changed = session.execute(
            update(MovementRow)
            .where(col(MovementRow.id) == movement.id, col(MovementRow.state) == movement.state, same_call)
            .values(**values)
            .returning(col(MovementRow.id))
        ).first()
        if changed is not None and values.get("state") == MovementState.ACCEPTED:
            accepted, store = session.get_one(MovementRow, movement.id), session.get_one(StoreRow, movement.store_id)
            tally_accepted(session, store, [accepted], services.clock())
    return changed is not None
