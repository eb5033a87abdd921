"""Read the merchant's log, a page at a time."""

from dataclasses import dataclass

from app.db.logbook import entries_of
from app.db.tables import LogEntryRow
from app.domain.log_level import LogLevel
from app.usecases.services import Services

ENTRIES_MAX = 50


@dataclass(frozen=True, slots=True)
class LogPage:
    """Entries, newest first. `older_than` is the id to go on from; None where this is the end."""

    entries: tuple[LogEntryRow, ...]
    older_than: int | None


def read_log(services: Services, store_id: int, *, level: LogLevel | None = None, before_id: int | None = None) -> LogPage:
    """Read up to fifty entries of a store."""
    with services.database.reading() as session:
        found = entries_of(session, store_id, level=level, before_id=before_id, limit=ENTRIES_MAX + 1)
    entries = tuple(found[:ENTRIES_MAX])
    return LogPage(entries, entries[-1].id if len(found) > ENTRIES_MAX else None)
