"""Write what becomes of movements.

Nothing is written of a movement that has changed since it was read: another worker has it, or a person has decided.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from app.db.bulk import IsIn, change_rows, insert_rows
from app.db.debts import wake_debtors
from app.db.keys import key_in
from app.db.lanes import is_unclear
from app.db.logbook import write_log
from app.db.rows import change
from app.db.tables import MovementRow
from app.db.tallies import tally_accepted
from app.db.waking import wake_waiting_for
from app.domain.claim import Balance
from app.domain.evidence import FIRST_LOOK_AFTER
from app.domain.log_level import LogLevel
from app.domain.settlement import INSTANT_KINDS, MovementKind, MovementState
from app.metrics import count_movement
from app.providers.protocol import Accepted, Outcome, Overtaken, Rejected, Unknown
from app.usecases.moving.account_pauses import resume_account
from app.usecases.moving.causes import FOR_STAFF, UNKNOWN_INSTANT, Busy, Ended, Lost, Result, Waits
from app.usecases.moving.engine_run import Run

STATES: Mapping[type[Outcome], MovementState] = {
    Accepted: MovementState.ACCEPTED,
    Rejected: MovementState.REJECTED,
    Unknown: MovementState.UNKNOWN,
    Overtaken: MovementState.OVERTAKEN,
}
_LOOKED = ("looked_at", "looked_available", "looked_used")
_NOT_LOOKED: Mapping[str, None] = dict.fromkeys(_LOOKED)


def record(run: Run, outcomes: Sequence[tuple[MovementRow, Outcome]]) -> list[Result]:
    """Write outcomes, and let the causes write what follows from them, in one transaction."""
    now = run.services.clock()
    with run.services.database.writing() as session:
        ours = _ours(session, run, [movement for movement, _ in outcomes], now)
        told = [(movement, outcome) for movement, outcome in outcomes if movement.id in ours]
        for movement, outcome in told:
            _put(movement, outcome, now)
        _store(session, [movement for movement, _ in told], "state", "reason", "ended_at", "points")
        ended = [Ended(movement, outcome) for movement, outcome in told if not _is_open(movement, outcome)]
        _follow(session, run, ended, now)
    for movement, _ in told:
        count_movement(movement.kind, movement.state)
    for account_id in {movement.account_id for movement, outcome in told if not isinstance(outcome, Unknown)}:
        resume_account(run.services, run.accounts.store, run.accounts.rows[account_id])
    return [_result(movement, outcome, now) if movement.id in ours else Lost(movement) for movement, outcome in outcomes]


def write_ended(session: Session, run: Run, ended: Sequence[Ended], now: datetime, *, known: Sequence[UUID] = ()) -> None:
    """Write movements that ended in the caller's transaction; `known` are the ids of those that stand in the table already."""
    for one in ended:
        _put(one.movement, one.outcome, now)
    stored = [one.movement for one in ended if one.movement.id in known]
    _store(session, stored, "state", "reason", "ended_at", "points")
    insert_rows(session, MovementRow, [one.movement.model_dump() for one in ended if one.movement.id not in known])
    _follow(session, run, ended, now)
    for one in ended:
        count_movement(one.movement.kind, one.movement.state)


def _put(movement: MovementRow, outcome: Outcome, now: datetime) -> None:
    reason = outcome.doubt if isinstance(outcome, Accepted) else outcome.reason
    ended_at = None if _is_open(movement, outcome) else now
    change(movement, state=STATES[type(outcome)], reason=reason, ended_at=ended_at)


def _follow(session: Session, run: Run, ended: Sequence[Ended], now: datetime) -> None:
    if ended:
        run.cause.record(session, run.services.sealer, run.accounts, ended, now)
        accepted = [one.movement for one in ended if isinstance(one.outcome, Accepted)]
        _wake_others(session, run, ended, now)
        tally_accepted(session, run.accounts.store, accepted, now)


def _wake_others(session: Session, run: Run, ended: Sequence[Ended], now: datetime) -> None:
    """Wake the orders that wait for these INSTANTs to end, and orders and payments to whose customers they brought points."""
    instants = [one for one in ended if one.movement.kind in INSTANT_KINDS and one.movement.account_id not in run.accounts.local]
    if not instants:
        return  # Embedded points have no lanes, and the ledger itself wakes whoever is owed points.
    wake_waiting_for(session, {one.movement.lane for one in instants}, now)
    risen = [one.movement.email for one in instants if isinstance(one.outcome, Accepted) and one.movement.points > 0]
    if risen:
        wake_debtors(session, instants[0].movement.store_id, {key_in(session, email) for email in risen}, now)


def _is_open(movement: MovementRow, outcome: Outcome) -> bool:
    """A claim whose answer was lost is over: nobody saw its link. An INSTANT stays open until it is found out."""
    return isinstance(outcome, Unknown) and movement.kind in INSTANT_KINDS


def _result(movement: MovementRow, outcome: Outcome, now: datetime) -> Result:
    if not _is_open(movement, outcome):
        return Ended(movement, outcome)
    return Waits(movement, max(now, (movement.sent_at or now) + FIRST_LOOK_AFTER), UNKNOWN_INSTANT)


def mark_sending(
    run: Run, array: Sequence[MovementRow], *, call_id: UUID, balances: Mapping[str, Balance], asked_at: datetime
) -> tuple[list[MovementRow], list[Result]]:
    """Write that an array is about to be sent. Gives those that may go out, and what became of the others.

    A claim whose link goes out at once is judged later by its customer's balance, looked up at `asked_at`. It waits while an
    INSTANT of that customer is under way, because the balance may or may not include that one.
    """
    now = run.services.clock()
    busy: set[UUID] = set()
    with run.services.database.writing() as session:
        ours = _ours(session, run, array, now)
        if balances and array and array[0].kind == MovementKind.CLAIM:
            busy = {one.id for one in array if is_unclear(session, one.lane, since=asked_at, looked_at=asked_at, now=now)}
        sent = [movement for movement in array if movement.id in ours and movement.id not in busy]
        for position, movement in enumerate(sent):
            asks = movement.asks + 1
            change(movement, state=MovementState.SENDING, sent_at=now, asks=asks, call_id=call_id, position=position)
            before = balances.get(movement.email)
            if before is not None:
                change(movement, available_before=before.available, used_before=before.used)
        _store(session, sent, "state", "sent_at", "asks", "call_id", "position", "available_before", "used_before", "points")
    kept_back = [movement for movement in array if movement.id not in ours or movement.id in busy]
    return sent, [Lost(movement) if movement.id not in ours else Busy(movement) for movement in kept_back]


def take_back_to_planned(run: Run, movements: Sequence[MovementRow], *, was_sent: bool) -> None:
    """Write that nothing happened: an array did not go out, or was refused as a whole, or two looks showed it (`was_sent`).

    `asks` counts only requests that went out and whose answer was lost.
    """
    with run.services.database.writing() as session:
        ours = _ours(session, run, movements, run.services.clock())
        for movement in movements:
            if movement.id in ours:
                asks = movement.asks - (0 if was_sent else 1)
                change(movement, state=MovementState.PLANNED, asks=asks, **_NOT_LOOKED)
        _store(session, [one for one in movements if one.id in ours], "state", "asks", *_LOOKED)


def doubt_again(run: Run, movements: Sequence[MovementRow], *, for_staff: bool = False) -> list[Result]:
    """Set INSTANTs back to unknown instead of asking again: the newest balance says that they may have happened."""
    now = run.services.clock()
    with run.services.database.writing() as session:
        ours = [movement for movement in movements if movement.id in _ours(session, run, movements, now)]
        for movement in ours:
            # Nothing came of its last call, so that call must not be repeated.
            no_call = {"call_id": None, "position": None}
            change(movement, state=MovementState.UNKNOWN, is_for_staff=for_staff, **no_call, **_NOT_LOOKED)
        _store(session, ours, "state", "is_for_staff", "call_id", "position", *_LOOKED)
        if for_staff:
            _tell_staff(session, run, ours, now)
    if for_staff:
        return [Waits(movement, None, FOR_STAFF) for movement in movements]
    return [Waits(movement, now, UNKNOWN_INSTANT) for movement in movements]


def note_look(run: Run, movement: MovementRow, looked_at: datetime, balance: Balance) -> None:
    """Write the first of the two looks at an unknown INSTANT."""
    seen = {"looked_available": balance.available, "looked_used": balance.used}
    with run.services.database.writing() as session:
        if movement.id in _ours(session, run, [movement], run.services.clock()):
            change(movement, looked_at=looked_at, **seen)
            _store(session, [movement], *_LOOKED)


def leave_to_staff(run: Run, movement: MovementRow) -> Result:
    """Leave an unknown INSTANT to staff, because the balances do not tell whether it happened."""
    now = run.services.clock()
    with run.services.database.writing() as session:
        if movement.id not in _ours(session, run, [movement], now):
            return Lost(movement)
        change(movement, is_for_staff=True)
        _store(session, [movement], "is_for_staff")
        _tell_staff(session, run, [movement], now)
    return Waits(movement, None, FOR_STAFF)


def _tell_staff(session: Session, run: Run, movements: Sequence[MovementRow], now: datetime) -> None:
    for movement in movements:
        message = f"{run.cause.name(session, movement)}: {FOR_STAFF.sentence}"
        write_log(session, movement.store_id, "for_staff", message, now=now, level=LogLevel.ERROR)


def _ours(session: Session, run: Run, movements: Sequence[MovementRow], now: datetime) -> set[UUID]:
    """Lock causes, then movements. Gives those whose cause we hold, and that have not changed since they were read."""
    held = run.cause.hold(session, movements, now)
    stored = {row.id: row for row in session.connection().execute(_AS_STORED, {"ids": [one.id for one in movements]})}
    return {
        one.id
        for one in movements
        if one.id in held and one.id in stored and (one.state, one.call_id) == (stored[one.id].state, stored[one.id].call_id)
    }


_MOVEMENTS: Any = MovementRow.__table__  # type: ignore[attr-defined]  # every table model has it
_AS_STORED = (
    select(_MOVEMENTS.c.id, _MOVEMENTS.c.state, _MOVEMENTS.c.call_id)
    .where(IsIn(_MOVEMENTS.c.id, "ids"))
    .order_by(_MOVEMENTS.c.id)
    .with_for_update()
)


def _store(session: Session, movements: Sequence[MovementRow], *names: str) -> None:
    """Write some columns of movements that are ours."""
    change_rows(session, MovementRow, [{name: getattr(movement, name) for name in ("id", *names)} for movement in movements])
