"""Read the merchant's log, a page at a time."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from app.db.rows import as_value
from app.db.tables import LogEntryRow
from app.domain.log_level import LogLevel
from app.usecases.services import Services

ENTRIES_MAX = 50


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One thing that happened, as the table has it."""

    id: int
    at: datetime
    level: str
    code: str
    message: str
    until: datetime | None
    orders: int
    granted: int
    taken_back: int
    made_by: str | None


@dataclass(frozen=True, slots=True)
class LogPage:
    """Entries, newest first. `older_than` is the id to go on from; None where this is the end."""

    entries: tuple[LogEntry, ...]
    older_than: int | None


def read_log(services: Services, store_id: int, *, level: LogLevel | None = None, before_id: int | None = None) -> LogPage:
    """Read up to fifty entries of a store."""
    with services.database.reading() as session:
        query = select(LogEntryRow).where(LogEntryRow.store_id == store_id)
        if level is not None:
            query = query.where(LogEntryRow.level == level)
        if before_id is not None:
            query = query.where(col(LogEntryRow.id) < before_id)
        found = session.exec(query.order_by(col(LogEntryRow.id).desc()).limit(ENTRIES_MAX + 1)).all()
    entries = tuple(as_value(LogEntry, row) for row in found[:ENTRIES_MAX])
    return LogPage(entries, entries[-1].id if len(found) > ENTRIES_MAX else None)
