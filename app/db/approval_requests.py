"""Changes that wait for approval: asked for, counted, and listed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from app.db.keys import keys_in
from app.db.logbook import write_log
from app.db.tables import ApprovalRequestRow
from app.domain.staff_limits import Limit, RequestState, Wanted


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
    said = f"{asked.points:+} points wait for approval: {why}. {asked.reason.strip()}"
    write_log(session, store_id, "approval_asked", said, now=now, made_by=asked.who)


_LIMIT_WORDS = {Limit.CHANGE: "one change", Limit.DAY: "one person's day"}


def waiting_requests(store_id: int, *whose: Any) -> Any:
    """Build the question how many requests of a store wait, to be asked within another one."""
    is_waiting = (col(ApprovalRequestRow.store_id) == store_id, col(ApprovalRequestRow.state) == RequestState.WAITING)
    return select(func.count()).select_from(ApprovalRequestRow).where(*is_waiting, *whose).scalar_subquery()


def held_requests(session: Session, store_id: int, email: str) -> list[ApprovalRequestRow]:
    """Lock the requests about a customer, and give them."""
    theirs = (ApprovalRequestRow.store_id == store_id, col(ApprovalRequestRow.email_key).in_(keys_in(session, email)))
    return list(session.exec(select(ApprovalRequestRow).where(*theirs).with_for_update()))


def forget_requests(requests: Sequence[ApprovalRequestRow], nobody: str, who: str, now: datetime) -> None:
    """Take a person's address out of requests, and refuse those that wait: there is nobody to change any more."""
    for asked in requests:
        asked.email = asked.email_key = nobody
        if asked.state == RequestState.WAITING:
            asked.state, asked.decided_by, asked.decided_at = RequestState.REFUSED, who, now
            asked.decision_reason = "The customer was erased."
