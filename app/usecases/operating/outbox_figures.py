"""How the outbox of mails does: how many wait that should be gone, and since when."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import col, select

from app.db.tables import MailRow, MailServerRow
from app.usecases.operating.finding import Finding, Health
from app.usecases.services import Services

COUNTED_MAX = 10_000
# A few thousand mails at once take a worker this long.
WAITS_TOO_LONG = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class OutboxFigures:
    """Mails whose time has come, the moment since which the oldest has waited, and what the mail server's trouble is.

    COUNTED_MAX stands for so many or more.
    """

    waiting: int
    oldest_send_at: datetime | None
    problem: str | None
    failing_since: datetime | None


def figures_of_outbox(services: Services) -> OutboxFigures:
    """Count the mails that wait to be sent now."""
    now = services.clock()
    is_due = (col(MailRow.send_at).is_not(None), col(MailRow.send_at) <= now)
    due = select(MailRow.written_at, MailRow.send_at).where(*is_due).limit(COUNTED_MAX).subquery()
    with services.database.reading() as session:
        waiting, oldest = session.execute(select(func.count(), func.min(due.c.send_at))).one()
        server = session.get(MailServerRow, 1)
    problem, since = (server.problem, server.failing_since) if server is not None else (None, None)
    return OutboxFigures(waiting, oldest, problem, since)


def examine_outbox(services: Services) -> Finding:
    """Say how the mails do."""
    figures = figures_of_outbox(services)
    if services.courier is None and not figures.waiting:
        return Finding("mails", Health.OK, "MAIL_URL is not set: the app sends no mails of its own.")
    if services.courier is None:
        return Finding("mails", Health.BAD, f"{figures.waiting} mails wait, and MAIL_URL is not set here.", "Set MAIL_URL.")
    if figures.problem is not None:
        since = f" since {figures.failing_since:%Y-%m-%d %H:%M} UTC" if figures.failing_since is not None else ""
        return Finding("mails", Health.BAD, f"{figures.waiting} mails wait{since}. {figures.problem}", "Check MAIL_URL.")
    waited = services.clock() - figures.oldest_send_at if figures.oldest_send_at is not None else timedelta()
    if waited > WAITS_TOO_LONG:
        said = f"{figures.waiting} mails wait, the oldest for {int(waited.total_seconds()) // 60} minutes."
        return Finding("mails", Health.BAD, said, "Is a worker running? saleor-points worker")
    return Finding("mails", Health.OK, f"{figures.waiting} mails wait.")
