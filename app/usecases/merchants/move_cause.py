"""Moves of customers as a cause of movements, at an account elsewhere: first the debit, then the credit, one after the other.

    taking → in transit → done
             in transit → returning → refused

An accepted debit plans the credit in the same transaction. A credit that is refused for good goes back to where it came from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from app.db.lanes import claims_that_may_have_been_taken_since, lane_of, moved_between
from app.db.logbook import write_log
from app.db.movements import insert_movements
from app.db.moves import orders_with_points_of
from app.db.rows import change
from app.db.stores import accounts_of
from app.db.tables import ClaimRow, CustomerMoveRow, MovementRow
from app.db.tables.customer_move import UNDER_WAY, MoveState
from app.db.tallies import tally_taken
from app.db.waking import wake
from app.domain.claim import Balance, ClaimState, taken_since_shown
from app.domain.log_level import LogLevel
from app.domain.settlement import CauseKind, MovementKind
from app.providers.protocol import Accepted, Outcome, Rejected
from app.sealing import Sealer
from app.usecases.moving.accounts import Accounts
from app.usecases.moving.balances import NOTHING_THERE
from app.usecases.moving.causes import Ended
from app.usecases.moving.planning import new_movement
from app.usecases.moving.resolve_movement import DECIDED


@dataclass(frozen=True, slots=True)
class MoveCause:
    """A move of a customer; its row says how far it has come."""

    kind: str = CauseKind.MOVE

    def hold(self, session: Session, movements: Sequence[MovementRow], now: datetime) -> set[UUID]:
        """Lock the orders of both customers, then the moves. Gives the movements whose moves are under way."""
        del now
        ids = [movement.cause_id for movement in movements]
        moves = session.exec(select(CustomerMoveRow).where(col(CustomerMoveRow.id).in_(ids))).all()
        for store_id in sorted({move.store_id for move in moves}):
            keys = {key for move in moves if move.store_id == store_id for key in (move.from_key, move.to_key)}
            orders_with_points_of(session, store_id, accounts_of(session, store_id), keys, lock=True)
        locked = select(CustomerMoveRow).where(col(CustomerMoveRow.id).in_(ids)).order_by(col(CustomerMoveRow.id))
        found = session.exec(locked.with_for_update().execution_options(populate_existing=True))
        held = {move.id for move in found if move.state in UNDER_WAY}
        return {movement.id for movement in movements if movement.cause_id in held}

    def record(self, session: Session, sealer: Sealer, accounts: Accounts, ended: Sequence[Ended], now: datetime) -> None:
        """Write how far the moves have come, plan what comes next, and wake the orders of both customers."""
        del sealer
        for one in ended:
            move = session.get_one(CustomerMoveRow, one.movement.cause_id)
            go_on = {MoveState.TAKING: _taken, MoveState.IN_TRANSIT: _credited, MoveState.RETURNING: _returned}
            go_on[MoveState(move.state)](session, accounts, move, one.movement, one.outcome, now)
            session.flush()
            for order in orders_with_points_of(session, move.store_id, accounts.rows, {move.from_key, move.to_key}):
                wake(session, order.id or 0, now)

    def name(self, session: Session, movement: MovementRow) -> str:
        """Name it without naming the customer: logs are read by all staff."""
        del session, movement
        return "A move of a customer"


def plan_credit(session: Session, accounts: Accounts, move: CustomerMoveRow, now: datetime) -> bool:
    """Plan the credit that is next, and tell whether it is written: it waits while another INSTANT of the customer is open."""
    email = move.from_email if move.state == MoveState.RETURNING else move.to_email
    account = accounts.rows[move.account_id]
    cause = {"cause_kind": CauseKind.MOVE, "cause_id": move.id, "decided_by": move.made_by}
    credit = new_movement(accounts, account, MovementKind.CREDIT, move.points, email, now, **cause)
    change(credit, lane=lane_of(session, account, email))
    return bool(insert_movements(session, [credit]))


def _taken(
    session: Session, accounts: Accounts, move: CustomerMoveRow, debit: MovementRow, outcome: Outcome, now: datetime
) -> None:
    if isinstance(outcome, Accepted):
        _write_shown_claims(session, accounts, debit, now)
        move.points, move.state, move.moved_at = -debit.points, MoveState.IN_TRANSIT, now
        session.flush()
        plan_credit(session, accounts, move, now)
    elif isinstance(outcome, Rejected) and outcome.code == NOTHING_THERE:
        # Everything was spent meanwhile. Claims that wait are moved all the same.
        move.points, move.state, move.moved_at = 0, MoveState.DONE, now
    else:
        move.points, move.state, move.problem = 0, MoveState.REFUSED, outcome.reason
        _tell(session, move, f"A customer was not moved: the points provider refused it. It says: {outcome.reason}", now)


def _credited(
    session: Session, accounts: Accounts, move: CustomerMoveRow, _credit: MovementRow, outcome: Outcome, now: datetime
) -> None:
    if isinstance(outcome, Accepted):
        move.state, move.problem = MoveState.DONE, None
        return
    if not (isinstance(outcome, Rejected) and outcome.code == DECIDED):
        move.state, move.moved_at, move.problem = MoveState.RETURNING, None, outcome.reason
        said = f"The provider refused the points of a moved customer. They go back to the old address. It says: {outcome.reason}"
        _tell(session, move, said, now)
        session.flush()
    plan_credit(session, accounts, move, now)


def _returned(
    session: Session, accounts: Accounts, move: CustomerMoveRow, _credit: MovementRow, outcome: Outcome, now: datetime
) -> None:
    if isinstance(outcome, Accepted):
        move.state = MoveState.REFUSED
    elif isinstance(outcome, Rejected) and outcome.code == DECIDED:
        plan_credit(session, accounts, move, now)
    else:
        move.problem = outcome.reason
        said = f"The points of a customer cannot be given back to the old address. This is tried again. It says: {outcome.reason}"
        _tell(session, move, said, now)


def _write_shown_claims(session: Session, accounts: Accounts, debit: MovementRow, now: datetime) -> None:
    """Mark the shown claims that were taken before the debit: their points are moved, and belong to the new address."""
    sent_at = debit.sent_at
    if debit.available_before is None or debit.used_before is None or sent_at is None:
        return
    before = Balance(debit.available_before, debit.used_before)
    query = select(ClaimRow).where(ClaimRow.lane == debit.lane, ClaimRow.state == ClaimState.SHOWN).order_by(col(ClaimRow.id))
    for claim in session.exec(query.with_for_update().execution_options(populate_existing=True)).all():
        if claim.shown_at is None or claim.shown_available is None or claim.shown_used is None or claim.shown_at >= sent_at:
            continue
        shown = Balance(claim.shown_available, claim.shown_used)
        own = moved_between(session, claim.lane, claim.shown_at, sent_at).most
        others = claims_that_may_have_been_taken_since(session, claim.lane, claim.shown_at, but=claim.id)
        points = sum(other.points for other in others)
        if taken_since_shown(claim.points, shown=shown, now=before, own_movements=own, other_claims=points):
            claim.state, claim.taken_at, claim.taken_by = ClaimState.TAKEN, sent_at, claim.email
            tally_taken(session, accounts.store, claim.points, now)
    session.flush()


def _tell(session: Session, move: CustomerMoveRow, said: str, now: datetime) -> None:
    write_log(session, move.store_id, "customer_move", said, now=now, level=LogLevel.WARNING)
