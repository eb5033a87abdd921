"""Changes that wait for approval: asked for, counted, and listed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, literal_column
from sqlmodel import Session, col, select

from app.db.bulk import IsIn
from app.db.keys import keys_in
from app.db.logbook import write_log
from app.db.tables import ApprovalRequestRow, ChangeBatchRow, OrderRow
from app.domain.staff_limits import Limit, RequestState, Wanted

# Nobody needs an exact number beyond this, and counting takes time.
COUNTED_MAX = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """A change that staff want, why, and the limit that it exceeds. A write-off's points are those that are let go."""

    wanted: Wanted
    points: int
    reason: str
    who: str
    exceeds: Limit


def ask_for_approval(session: Session, store_id: int, asked: Asked, now: datetime, **subject: Any) -> None:
    """Keep a change for somebody else to decide. `subject` is `order_id`, or `email` and `email_key`."""
    session.add(
        ApprovalRequestRow(
            store_id=store_id,
            wanted=asked.wanted,
            points=asked.points,
            reason=asked.reason,
            exceeds=asked.exceeds,
            asked_by=asked.who,
            asked_at=now,
            **subject,
        )
    )
    why = f"they exceed the limit of {_LIMIT_WORDS[asked.exceeds]}"
    said = f"{wanted_change(asked.wanted, asked.points)} needs approval: {why}. {asked.reason.strip()}"
    write_log(session, store_id, "approval_asked", said, now=now, made_by=asked.who)


def wanted_change(wanted: str, points: int) -> str:
    """Name what was asked for, for the store's log. A write-off gives nobody points, so it has no sign."""
    return f"A write-off of {points:,} points" if wanted == Wanted.WRITE_OFF else f"A change of {points:+,} points"


_LIMIT_WORDS = {Limit.CHANGE: "one change", Limit.DAY: "one person's day"}


def waiting_requests(store_id: int, *whose: Any) -> Any:
    """Build the question how many requests of a store wait, to be asked within another one. It counts to COUNTED_MAX + 1."""
    is_waiting = (col(ApprovalRequestRow.store_id) == store_id, col(ApprovalRequestRow.state) == RequestState.WAITING)
    some = select(ApprovalRequestRow.id).where(*is_waiting, *whose).limit(COUNTED_MAX + 1)
    # The order that a box asks about stands in the query around this one.
    return select(func.count()).select_from(some.correlate(OrderRow).subquery()).scalar_subquery()


def waiting_batches(store_id: int) -> Any:
    """Build the question how many batches of a store wait for approval, as `waiting_requests` does."""
    # Written as the index has it: PostgreSQL cannot tell from a parameter that it fits.
    is_waiting = (col(ChangeBatchRow.store_id) == store_id, col(ChangeBatchRow.state) == literal_column("'waiting'"))
    some = select(ChangeBatchRow.id).where(*is_waiting).limit(COUNTED_MAX + 1)
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


def held_requests(session: Session, store_id: int, email: str) -> list[ApprovalRequestRow]:
    """Lock the requests about a customer, and give them."""
    theirs = (ApprovalRequestRow.store_id == store_id, col(ApprovalRequestRow.email_key).in_(keys_in(session, email)))
    return list(session.exec(select(ApprovalRequestRow).where(*theirs).with_for_update()))


def refuse_gifts(session: Session, orders: Sequence[OrderRow], who: str, now: datetime) -> None:
    """Refuse the gifts that wait for locked orders of an erased customer: nobody could get the points."""
    waits = (ApprovalRequestRow.wanted == Wanted.ADJUST, ApprovalRequestRow.state == RequestState.WAITING)
    is_theirs = IsIn(col(ApprovalRequestRow.order_id), "order_ids", [order.id or 0 for order in orders])
    query = select(ApprovalRequestRow).where(is_theirs, *waits, ApprovalRequestRow.points > 0)
    for asked in session.exec(query.with_for_update()):
        _refuse(asked, who, now)


def forget_requests(requests: Sequence[ApprovalRequestRow], nobody: str, who: str, now: datetime) -> None:
    """Take a person's address out of requests, and refuse those that wait: there is nobody to change any more."""
    for asked in requests:
        asked.email = asked.email_key = nobody
        if asked.state == RequestState.WAITING:
            _refuse(asked, who, now)


def _refuse(asked: ApprovalRequestRow, who: str, now: datetime) -> None:
    asked.state, asked.decided_by, asked.decided_at = RequestState.REFUSED, who, now
    asked.decision_reason = "The customer was erased."
