"""The merchant's log: what happened in a store, in words. Written in the transaction of what it tells."""

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col, select

from app.db.tables import LogEntryRow
from app.domain.log_level import LogLevel
from app.logs import blotted

MESSAGE_LENGTH_MAX = 1024
# The codes of entries that several use cases write.
SETTLED = "settled"
SETTINGS_CHANGED = "settings_changed"
# Batches that follow one another within this time make one entry.
SUMMED_UP_FOR = timedelta(hours=1)


def write_log(
    session: Session,
    store_id: int,
    code: str,
    message: str,
    *,
    now: datetime,
    level: LogLevel = LogLevel.INFO,
    made_by: str | None = None,
) -> None:
    """Write one entry. `message` is a sentence for the merchant; whatever in it looks like a secret or an e-mail is blotted out.

    `made_by` is the staff user who did it, by e-mail: colleagues read it.
    """
    text = blotted(message)[:MESSAGE_LENGTH_MAX]
    session.add(LogEntryRow(store_id=store_id, at=now, level=level, code=code, message=text, made_by=made_by))


def log_settled(session: Session, store_id: int, *, orders: int, granted: int, taken_back: int, now: datetime) -> None:
    """Write that orders were settled with points moved: into the newest entry, where that says the same of the last hour."""
    of_store = select(LogEntryRow.id).where(LogEntryRow.store_id == store_id)
    newest = of_store.order_by(col(LogEntryRow.id).desc()).limit(1).scalar_subquery()
    summed_up = session.execute(
        update(LogEntryRow)
        .where(col(LogEntryRow.id) == newest, col(LogEntryRow.code) == SETTLED, col(LogEntryRow.at) > now - SUMMED_UP_FOR)
        .values(
            until=now,
            orders=col(LogEntryRow.orders) + orders,
            granted=col(LogEntryRow.granted) + granted,
            taken_back=col(LogEntryRow.taken_back) + taken_back,
        )
        .returning(col(LogEntryRow.id))
    ).first()
    if summed_up is None:
        entry = LogEntryRow(store_id=store_id, at=now, code=SETTLED, message="", until=now)
        entry.orders, entry.granted, entry.taken_back = orders, granted, taken_back
        session.add(entry)
