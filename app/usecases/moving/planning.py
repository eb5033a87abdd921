"""Write movements before they are asked for. At an account in our own database they are done at once."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlmodel import Session, col, select

from app.db.lanes import lane_of
from app.db.movements import insert_movements
from app.db.rows import change, new_row
from app.db.tables import AccountRow, ClaimRow, MovementRow
from app.domain.settlement import INSTANT_KINDS, MovementKind, MovementState
from app.providers.protocol import Ask, AskKind, held
from app.usecases.moving.accounts import Accounts
from app.usecases.moving.balances import hold_to_balances
from app.usecases.moving.causes import Busy, Ended, Result
from app.usecases.moving.engine_run import Run
from app.usecases.moving.recording import write_ended

# Locked in this order: claims before customers.
_LOCAL_ORDER = (AskKind.CHANGE, AskKind.CLAIM, AskKind.INSTANT)


def new_movement(
    accounts: Accounts, account: AccountRow, kind: MovementKind, points: int, email: str, now: datetime, **values: Any
) -> MovementRow:
    """Make a movement that is to be planned. Planning puts it into its lane."""
    return new_row(
        MovementRow,
        id=uuid4(),
        store_id=accounts.store.id,
        account_id=account.id,
        kind=kind,
        state=MovementState.PLANNED,
        points=points,
        email=email,
        lane="",
        planned_at=now,
        **values,
    )


def plan(
    session: Session,
    run: Run,
    new: Sequence[MovementRow],
    now: datetime,
    *,
    left_open: Sequence[MovementRow] = (),
    done: Sequence[Ended] = (),
) -> tuple[list[MovementRow], list[Result]]:
    """Write new movements in the caller's transaction. Gives those that are now to be sent, and what became of the others.

    At an account in our own database, a movement happens at once and is written with its outcome. So does one that an earlier
    version left open there (`left_open`); where it had happened already, only its outcome is written. `done` are new movements
    that have happened in the caller's own books.

    At an account whose answers can be lost, a customer has at most one open INSTANT. A second one gives Busy.

    All outcomes are recorded together, last: the row of the day's totals is locked after claims and customers.
    """
    for movement in (*new, *(one.movement for one in done)):
        change(movement, lane=lane_of(session, run.accounts.rows[movement.account_id], movement.email))
    local = [movement for movement in (*new, *left_open) if movement.account_id in run.accounts.local]
    ended = [*done, *_moved(session, run, local, now)]
    write_ended(session, run, ended, now, known=[movement.id for movement in left_open])
    remote = [movement for movement in new if movement.account_id not in run.accounts.local]
    written = insert_movements(session, remote)
    # One of our own in the same lane ends in this round: that is no reason to wait.
    lanes = {movement.lane for movement in remote if movement.id in written}
    busy = [Busy(one) for one in remote if one.id not in written and one.lane not in lanes]
    to_send = [movement for movement in remote if movement.id in written]
    to_send += [movement for movement in left_open if movement.account_id not in run.accounts.local]
    return to_send, [*ended, *busy]


def _moved(session: Session, run: Run, movements: Sequence[MovementRow], now: datetime) -> list[Ended]:
    """Carry movements out at accounts in our own database. Nothing of it is recorded yet."""
    by_ask: dict[tuple[AskKind, int], list[MovementRow]] = defaultdict(list)
    for movement in movements:
        by_ask[ask_kind(movement), movement.account_id].append(movement)
    ended = []
    for kind, account_id in sorted(by_ask, key=lambda key: (_LOCAL_ORDER.index(key[0]), key[1])):
        ended += _move_array(session, run, kind, by_ask[kind, account_id], now)
    return ended


def _move_array(session: Session, run: Run, kind: AskKind, array: Sequence[MovementRow], now: datetime) -> list[Ended]:
    provider = run.accounts.local[array[0].account_id]
    emails = sorted({movement.email for movement in array if movement.kind == MovementKind.DEBIT})
    ended = []
    if emails and run.accounts.has_floor:
        balances = provider.balances_in(session, emails)
        array, empty = hold_to_balances(array, {email: held(judged) for email, judged in balances.items()})
        ended = [Ended(movement, outcome) for movement, outcome in empty]
    for movement in array:
        change(movement, sent_at=now, asks=movement.asks + 1)
    asks = _changes(session, array) if kind is AskKind.CHANGE else [as_ask(run, movement) for movement in array]
    outcomes = provider.move(session, kind, asks, now) if asks else ()
    return [*ended, *(Ended(movement, outcome) for movement, outcome in zip(array, outcomes, strict=True))]


def ask_kind(movement: MovementRow) -> AskKind:
    """Tell in which kind of array a movement is asked for."""
    if movement.kind in INSTANT_KINDS:
        return AskKind.INSTANT
    return AskKind.CLAIM if movement.target_id is None else AskKind.CHANGE


def as_ask(run: Run, movement: MovementRow) -> Ask:
    """Say in the provider's words what is asked for: a new claim, or an INSTANT."""
    return Ask(
        movement.id,
        movement.points,
        movement.email,
        customer_type=movement.customer_type,
        expires_days=movement.expires_days,
        may_go_below_zero=not run.accounts.has_floor,
        undoes=movement.target_id,
    )


def _changes(session: Session, array: Sequence[MovementRow]) -> list[Ask]:
    """Say in the provider's words to which amount claims are changed."""
    targets = [movement.target_id for movement in array]
    claims = {claim.id: claim for claim in session.exec(select(ClaimRow).where(col(ClaimRow.id).in_(targets)))}
    changes = [(movement, claims[movement.target_id]) for movement in array]  # type: ignore[index]  # a change has a target
    return [Ask(movement.id, claim.points + movement.points, token_mark=claim.token_mark) for movement, claim in changes]
