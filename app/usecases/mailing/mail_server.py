"""How the mail server does: pause while it serves nobody, and say why; the same for a sender that it refuses."""

from random import randrange

import structlog
from sqlalchemy import update
from sqlmodel import Session, col, select

from app.db.dialects import insert_into
from app.db.logbook import write_log
from app.db.mail_kinds import sends_mails
from app.db.tables import MailServerRow, StoreRow
from app.domain import retry
from app.domain.log_level import LogLevel
from app.domain.mails import Urgency, pause_after
from app.domain.store import StoreState
from app.errors import AppError, MailServerRefused
from app.usecases.services import Services

log = structlog.get_logger()

CODE = "mail_server"


def note_trouble(services: Services, error: AppError) -> None:
    """Try no mail for a while. Those that wait keep their place."""
    now = services.clock()
    with services.database.writing() as session:
        server = _locked(session)
        is_new = server.failures == 0
        server.failures += 1
        server.failing_since = now if is_new else server.failing_since or now
        server.problem = error.message[:512]
        jitter = randrange(100)  # noqa: S311 - spreads load, keeps no secret
        pause = pause_after(server.failures, Urgency.NOW, jitter=jitter)
        server.paused_until = now + (retry.PROBE_EVERY if isinstance(error, MailServerRefused) else pause)
        if is_new:
            _tell_stores(session, services, f"Mails wait: {error.message}", LogLevel.ERROR)
    log.warning("mail server paused", reason=error.code, failures=server.failures)


def note_served(services: Services) -> None:
    """Forget the mail server's failures, if there were any: it has just let us in."""
    with services.database.reading() as session:
        server = session.get(MailServerRow, 1)
        if server is None or server.failures == 0:
            return
    with services.database.writing() as session:
        server = _locked(session)
        server.failures, server.failing_since, server.problem, server.paused_until = 0, None, None, None
        _tell_stores(session, services, "The mail server takes mails again.", LogLevel.INFO)
    log.info("mail server serves again")


def pause_sender(services: Services, store: StoreRow, said: str) -> None:
    """Send no mails of one store for a while: the mail server takes none from its sender."""
    now = services.clock()
    problem = f"The mail server takes no mails from {store.name}'s sender: {said}"[:512]
    store.mail_paused_until = now + retry.PROBE_EVERY
    with services.database.writing() as session:
        row = session.get_one(StoreRow, store.id)
        is_new = row.mail_problem is None
        session.execute(
            update(StoreRow)
            .where(col(StoreRow.id) == store.id)
            .values(mail_problem=problem, mail_paused_until=store.mail_paused_until)
        )
        if is_new:
            write_log(session, store.id or 0, CODE, f"Mails wait: {problem}", now=now, level=LogLevel.ERROR)
    log.warning("a sender is refused", store=store.slug)


def resume_sender(services: Services, store: StoreRow) -> None:
    """Forget that a store's sender was refused: a mail of it was taken."""
    store.mail_problem = None
    with services.database.writing() as session:
        session.execute(update(StoreRow).where(col(StoreRow.id) == store.id).values(mail_problem=None, mail_paused_until=None))
        said = "The mail server takes mails from this sender again."
        write_log(session, store.id or 0, CODE, said, now=services.clock(), level=LogLevel.INFO)


def _locked(session: Session) -> MailServerRow:
    first = insert_into(session.get_bind().dialect.name, MailServerRow).values(id=1, failures=0)
    session.execute(first.on_conflict_do_nothing())
    return session.exec(select(MailServerRow).where(MailServerRow.id == 1).with_for_update()).one()


def _tell_stores(session: Session, services: Services, sentence: str, level: LogLevel) -> None:
    """Write into the log of each shop that sends mails."""
    for store_id in session.exec(select(StoreRow.id).where(StoreRow.state == StoreState.ACTIVE, sends_mails())):
        write_log(session, store_id or 0, CODE, sentence, now=services.clock(), level=level)
