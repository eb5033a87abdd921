"""Make a change by hand, within the caller's transaction: one within the limits, or one that was approved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import update
from sqlmodel import Session, col

from app.db.keys import key_in
from app.db.lanes import lane_of
from app.db.logbook import write_log
from app.db.staff_days import Counted
from app.db.tables import AccountRow, AdjustmentRow, MovementRow, OrderRow, StoreRow
from app.db.waking import wake
from app.domain.arithmetic_versions import NEWEST
from app.domain.settlement import CauseKind, MovementKind, MovementState
from app.errors import BadRequest
from app.providers.protocol import Rejected
from app.usecases.moving.causes import Busy, Ended, Result
from app.usecases.moving.engine_run import Run, open_accounts
from app.usecases.moving.planning import new_movement, plan
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class ChangeByHand:
    """A change, by whom and why. It counts towards a day, or was approved by the request with this id."""

    points: int
    reason: str
    who: str
    counted: Counted | None = None
    request_id: int | None = None

    def row(self, store_id: int, now: datetime) -> AdjustmentRow:
        """Make the row that keeps it; its subject is still missing."""
        return AdjustmentRow(
            store_id=store_id,
            points=self.points,
            reason=self.reason,
            made_by=self.who,
            made_at=now,
            counted_on=self.counted.day if self.counted is not None else None,
            points_max=self.counted.points_max if self.counted is not None else None,
            request_id=self.request_id,
        )


class FormOutcome(StrEnum):
    """What came of a form that asks for a change of an order.

    MADE         the change is made
    WAITS        it waits for approval
    SENT_BEFORE  the form was sent before, and did nothing now
    """

    MADE = "made"
    WAITS = "waits"
    SENT_BEFORE = "sent_before"


@dataclass(frozen=True, slots=True)
class Adjusted:
    """What came of a change of a customer's points: how many were given (or taken, below zero), and the refusal if there was one.

    `points` is None while the points provider was not asked yet, and where the change waits for approval. `movement_id` names
    the change; None where none was made.
    """

    movement_id: UUID | None
    points: int | None
    refusal: str = ""
    waits_for_approval: bool = False


def change_order(session: Session, order: OrderRow, change: ChangeByHand, now: datetime) -> None:
    """Change an order's points. The worker settles it at once.

    Raises BadRequest when it is a gift, and the order's customer was erased.
    """
    require_somebody(order, change.points)
    adjustment = change.row(order.store_id, now)
    adjustment.order_id, adjustment.arithmetic = order.id, NEWEST
    session.add(adjustment)
    wake(session, order.id or 0, now)
    said = f"Points of order {order.number or ''} changed by {change.points:+,}: {change.reason.strip()}"
    write_log(session, order.store_id, "adjusted", said, now=now, made_by=change.who)


def require_somebody(order: OrderRow, points: int) -> None:
    """Raise BadRequest when points are to be given, and the order's customer was erased: nobody would get them."""
    if points > 0 and order.erased_at is not None:
        raise BadRequest("The customer of this order was erased, so nobody can get its points. Nothing was given.")


def change_customer(
    services: Services, session: Session, store: StoreRow, account: AccountRow, email: str, change: ChangeByHand, now: datetime
) -> Adjusted:
    """Change a customer's points, by one INSTANT: at once with embedded points, else when the worker asks for it.

    Raises BadRequest while another change of this customer is under way.
    """
    adjustment = change.row(store.id or 0, now)
    adjustment.email_key = key_in(session, email)
    session.add(adjustment)
    session.flush()
    run = Run(services, open_accounts(services, session, store), services.causes[CauseKind.CUSTOMER])
    kind = MovementKind.CREDIT if change.points > 0 else MovementKind.DEBIT
    cause = {"cause_kind": CauseKind.CUSTOMER, "cause_id": adjustment.id, "decided_by": change.who}
    movement = new_movement(run.accounts, account, kind, change.points, email.strip(), now, **cause)
    _, results = plan(session, run, [movement], now)
    if any(isinstance(result, Busy) for result in results):
        raise BadRequest("Another change of this customer's points is under way. Nothing was changed; try again in a moment.")
    said = f"A customer's points changed by {change.points:+,}: {change.reason.strip()}"
    write_log(session, store.id or 0, "adjusted", said, now=now, made_by=change.who)
    return _adjusted(movement.id, results)


def _adjusted(movement_id: UUID, results: Sequence[Result]) -> Adjusted:
    for result in results:
        if isinstance(result, Ended):
            if isinstance(result.outcome, Rejected):
                return Adjusted(movement_id, 0, result.outcome.reason)
            return Adjusted(movement_id, result.movement.points)
    return Adjusted(movement_id, None)


def let_go(session: Session, order: OrderRow, account: AccountRow, who: str, now: datetime) -> int:
    """Close the shortfall of a locked order, and give the points that were let go."""
    session.add(
        MovementRow(
            id=uuid4(),
            store_id=order.store_id,
            order_id=order.id,
            account_id=account.id or 0,
            kind=MovementKind.WRITE_OFF,
            state=MovementState.ACCEPTED,
            points=-order.shortfall,
            email=order.email or "",
            lane=lane_of(session, account, order.email or ""),
            planned_at=now,
            ended_at=now,
            decided_by=who,
        )
    )
    points = order.shortfall
    session.execute(
        update(OrderRow)
        .where(col(OrderRow.id) == order.id)
        .values(granted=col(OrderRow.granted) - points, shortfall=0, shortfall_since=None, problem_code=None, problem=None)
    )
    wake(session, order.id or 0, now)
    said = f"{points} missing points of order {order.number or ''} were let go."
    write_log(session, order.store_id, "written_off", said, now=now, made_by=who)
    return points
