"""Answers of the Points API, kept so that asking twice is asking once."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, select, update
from sqlmodel import Session, col

from app.db.dialects import insert_into
from app.db.tables import ApiAnswerRow

# A client that has not asked again by then will not do so any more.
KEPT_FOR = timedelta(days=30)
# Each new answer lets go of a few old ones: so there are never many more than thirty days bring.
FORGOTTEN_AT_ONCE = 20


class KeptAnswer(NamedTuple):
    """An answer given before: to what, and the outcomes, sealed."""

    body_mark: str
    outcomes_sealed: str


def begin_answer(session: Session, store_id: int, request_mark: str, body_mark: str, now: datetime) -> KeptAnswer | None:
    """Reserve a request for this transaction, or give what it brought before.

    Of several at once under one key, one reserves it; the others wait for its end here, and then find its answer.
    """
    values = {"store_id": store_id, "request_mark": request_mark, "body_mark": body_mark, "created_at": now}
    reserve = insert_into(session.get_bind().dialect.name, ApiAnswerRow).values(values).on_conflict_do_nothing()
    if session.execute(reserve.returning(col(ApiAnswerRow.id))).first() is not None:
        return None
    query = select(col(ApiAnswerRow.body_mark), col(ApiAnswerRow.outcomes_sealed))
    return KeptAnswer(*session.execute(query.where(*_is(store_id, request_mark))).one())


def keep_answer(session: Session, store_id: int, request_mark: str, outcomes_sealed: str, now: datetime) -> None:
    """Keep what a reserved request brought, and forget some answers whose time is over."""
    session.execute(update(ApiAnswerRow).where(*_is(store_id, request_mark)).values(outcomes_sealed=outcomes_sealed))
    old = select(col(ApiAnswerRow.id)).where(col(ApiAnswerRow.created_at) <= now - KEPT_FOR).limit(FORGOTTEN_AT_ONCE)
    session.execute(delete(ApiAnswerRow).where(col(ApiAnswerRow.id).in_(old.with_for_update(skip_locked=True))))


def _is(store_id: int, request_mark: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return col(ApiAnswerRow.store_id) == store_id, col(ApiAnswerRow.request_mark) == request_mark
