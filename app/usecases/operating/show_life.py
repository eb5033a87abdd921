"""Show that a process lives: web and worker write it down every half minute. Pages and `doctor` tell by it what is missing."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from sqlalchemy import delete, exists
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from app.db.logbook import write_log
from app.db.processes import signs_of_life
from app.db.tables import LogEntryRow, ProcessRow, StoreRow
from app.domain.log_level import LogLevel
from app.domain.signs_of_life import SIGN_EVERY, ProcessKind, is_missing, missing_since
from app.domain.store import StoreState
from app.logs import fault_name
from app.usecases.services import Services

log = structlog.get_logger()

# What ended longer ago is of no interest to anybody.
KEPT_FOR = timedelta(days=7)
# Of log entries.
CODE = "worker"


@dataclass(frozen=True, slots=True)
class Process:
    """This process, as others know it."""

    id: str
    kind: ProcessKind


def new_process(kind: ProcessKind) -> Process:
    """Give this process a name that no other has."""
    return Process(uuid4().hex, kind)


def keep_showing_life(
    services: Services, kind: ProcessKind, stop: threading.Event, *, every: timedelta = SIGN_EVERY
) -> threading.Thread:
    """Show from now on, in a thread of its own, that this process lives, until `stop` is set. Nobody need wait for its end."""
    given = (services, new_process(kind), stop, every.total_seconds())
    thread = threading.Thread(target=_repeat, args=given, name="sign of life", daemon=True)
    thread.start()
    return thread


def _repeat(services: Services, process: Process, stop: threading.Event, seconds: float) -> None:
    while not stop.is_set():
        try:
            show_life(services, process)
        except SQLAlchemyError as fault:
            # Others see that the sign is missing. It comes again once the database does its work.
            log.warning("sign of life not written", kind=fault_name(fault))
        stop.wait(seconds)


def show_life(services: Services, process: Process) -> None:
    """Write down that a process lives now.

    The stores' logs tell of a time without workers: a web process of its beginning, the first worker of its end.
    """
    now = services.clock()
    # What a power cut takes away, the next start writes again.
    with services.database.writing(durable=False) as session:
        if process.kind is ProcessKind.WORKER:
            _log_end_of_absence(session, now)
        else:
            _log_absence(session, now)
        row = session.get(ProcessRow, process.id)
        if row is None:
            is_past = (col(ProcessRow.kind) == process.kind, col(ProcessRow.seen_at) < now - KEPT_FOR)
            session.execute(delete(ProcessRow).where(*is_past))
            row = ProcessRow(id=process.id, kind=process.kind, started_at=now, seen_at=now)
        # A start that lies in the future was written by a clock that has been put back since.
        row.started_at, row.seen_at = min(row.started_at, now), now
        session.add(row)


def _log_absence(session: Session, now: datetime) -> None:
    signs = signs_of_life(session, now)
    since = missing_since(signs.worker_seen_at, signs.web_since, now)
    if since is None:
        return
    is_told = exists().where(
        col(LogEntryRow.store_id) == col(StoreRow.id), col(LogEntryRow.at) > since, col(LogEntryRow.code) == CODE
    )
    sentence = "No worker is seen. No points are given or taken back until one runs."
    for store_id in session.exec(select(StoreRow.id).where(StoreRow.state == StoreState.ACTIVE, ~is_told)).all():
        write_log(session, store_id or 0, CODE, sentence, now=now, level=LogLevel.ERROR)


def _log_end_of_absence(session: Session, now: datetime) -> None:
    seen_at = signs_of_life(session, now).worker_seen_at
    if seen_at is None or not is_missing(seen_at, now):
        return
    minutes = int((now - seen_at).total_seconds()) // 60
    sentence = f"No worker ran for {minutes:,} minutes. It runs again, and does now what was not done."
    waited = select(StoreRow.id).where(StoreRow.state == StoreState.ACTIVE, col(StoreRow.created_at) < seen_at)
    for store_id in session.exec(waited).all():
        write_log(session, store_id or 0, CODE, sentence, now=now, level=LogLevel.WARNING)
