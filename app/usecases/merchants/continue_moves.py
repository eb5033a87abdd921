"""Go on with moves of customers whose next credit could not be planned at once."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, or_
from sqlmodel import Session, col, select

from app.db.movements import is_open
from app.db.tables import CustomerMoveRow, MovementRow, StoreRow
from app.db.tables.customer_move import MoveState
from app.domain.moments import CLOCKS_AGREE_WITHIN
from app.domain.settlement import CauseKind, MovementState
from app.domain.store import StoreState
from app.usecases.merchants.move_cause import plan_credit
from app.usecases.moving.engine_run import open_accounts
from app.usecases.services import Services

# A credit that was refused is asked for again after this long.
_REFUSED_FOR = timedelta(hours=1)


def continue_moves(services: Services) -> bool:
    """Plan the next credit of a move, unless one is open. Tells whether one was planned."""
    now = services.clock()
    with services.database.reading() as session:
        waiting = session.exec(_waiting(now)).first()
    if waiting is None:
        return False
    with services.database.writing() as session:
        return _plan(services, session, waiting, now)


def _plan(services: Services, session: Session, move_id: int, now: datetime) -> bool:
    locked = _waiting(now).where(CustomerMoveRow.id == move_id).with_for_update(of=CustomerMoveRow)
    if session.exec(locked).first() is None:
        return False
    move = session.get_one(CustomerMoveRow, move_id)
    accounts = open_accounts(services, session, session.get_one(StoreRow, move.store_id))
    return plan_credit(session, accounts, move, now)


def _waiting(now: datetime) -> Any:
    """Find moves in transit, or going back, without an open movement. Those that wait for another change come last."""
    of_move = and_(col(MovementRow.cause_kind) == CauseKind.MOVE, col(MovementRow.cause_id) == col(CustomerMoveRow.id))
    was_just_refused = and_(
        col(MovementRow.state) == MovementState.REJECTED,
        col(MovementRow.ended_at) > now - _REFUSED_FOR,
        col(MovementRow.ended_at) <= now + CLOCKS_AGREE_WITHIN,
    )
    is_in_lane = or_(
        and_(col(CustomerMoveRow.state) == MoveState.IN_TRANSIT, col(MovementRow.email) == col(CustomerMoveRow.to_email)),
        and_(col(CustomerMoveRow.state) == MoveState.RETURNING, col(MovementRow.email) == col(CustomerMoveRow.from_email)),
    )
    return (
        select(CustomerMoveRow.id)
        .join(StoreRow, col(StoreRow.id) == col(CustomerMoveRow.store_id))
        .where(
            col(CustomerMoveRow.state).in_((MoveState.IN_TRANSIT, MoveState.RETURNING)),
            StoreRow.state == StoreState.ACTIVE,
            ~exists().where(of_move, is_open()),  # type: ignore[arg-type]  # a condition
            ~exists().where(of_move, was_just_refused, is_in_lane),
        )
        .order_by(col(CustomerMoveRow.id))
    )
