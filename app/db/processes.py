"""Questions asked of the running processes. A sign that lies in the future was written by a wrong clock, and is ignored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session, col

from app.db.tables import ProcessRow
from app.domain.moments import CLOCKS_AGREE_WITHIN
from app.domain.signs_of_life import SIGN_EVERY, ProcessKind


@dataclass(frozen=True, slots=True)
class Signs:
    """When a worker and a web process were seen last, and since when a web process that lives has run."""

    worker_seen_at: datetime | None
    web_seen_at: datetime | None
    web_since: datetime | None


def signs_of_life(session: Session, now: datetime) -> Signs:
    """Read when processes were seen last."""
    worker_seen_at, web_seen_at, web_since = session.execute(select(*signs_asked(now))).one()
    return Signs(worker_seen_at, web_seen_at, web_since)


def signs_asked(now: datetime) -> tuple[ColumnElement[Any], ...]:
    """Give the columns of `Signs`, to be asked for by a query of any other table, too."""
    seen_at = col(ProcessRow.seen_at)
    # A web process that has ended must not pass for one that has watched: two of its signs would be missing by now.
    lives = seen_at >= now - 2 * SIGN_EVERY

    def newest(kind: ProcessKind) -> ColumnElement[Any]:
        query = select(func.max(seen_at)).where(col(ProcessRow.kind) == kind, seen_at <= now + CLOCKS_AGREE_WITHIN)
        return query.scalar_subquery()

    web_since = (
        select(func.min(col(ProcessRow.started_at))).where(col(ProcessRow.kind) == ProcessKind.WEB, lives).scalar_subquery()
    )
    return newest(ProcessKind.WORKER), newest(ProcessKind.WEB), web_since
