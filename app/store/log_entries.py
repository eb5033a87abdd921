"""The merchant's log: one sentence for each thing that happened, written in the transaction in which it happens."""

from datetime import datetime

from sqlmodel import Session

from app.store.models import LogEntryRow, LogLevel

MESSAGE_LENGTH_MAX = 1024


def note(
    session: Session,
    store_id: int,
    now: datetime,
    *,
    code: str,
    message: str,
    level: LogLevel = LogLevel.INFO,
    made_by: str | None = None,
) -> None:
    """Write an entry. `message` holds no secret and no e-mail address; who did it stands beside it."""
    session.add(
        LogEntryRow(store_id=store_id, at=now, level=level, code=code, message=message[:MESSAGE_LENGTH_MAX], made_by=made_by)
    )
