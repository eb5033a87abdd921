"""Pause an account that does not serve us, and go on by itself once it does."""

from datetime import datetime
from random import randrange

import structlog
from sqlalchemy import update
from sqlmodel import col

from app.db.logbook import write_log
from app.db.tables import AccountRow, StoreRow
from app.domain import retry
from app.domain.log_level import LogLevel
from app.providers.protocol import NotSent
from app.usecases.services import Services

log = structlog.get_logger()


def pause_account(services: Services, store: StoreRow, account: AccountRow, reply: NotSent) -> None:
    """Ask nothing of an account for a while, and say why. What is planned there waits."""
    now = services.clock()
    failures, since = account.failures + 1, account.failing_since if account.failures else now
    asked_for = min(reply.retry_after, retry.BACKOFF_LONGEST) if reply.retry_after is not None else None
    pause = asked_for or (
        retry.PROBE_EVERY if reply.is_accounts_fault else retry.backoff(failures, jitter=randrange(100))  # noqa: S311 - no secret
    )
    sentence = None if account.failures else f"The points provider is not asked at present: {reply.reason}"
    _write(services, account, failures, since, now + pause, reply.reason, sentence, LogLevel.ERROR)
    log.warning("account paused", store=store.slug, account=account.id, reason=reply.reason, seconds=int(pause.total_seconds()))


def resume_account(services: Services, store: StoreRow, account: AccountRow) -> None:
    """Forget an account's failures, if there were any: it has just answered."""
    if account.failures or account.problem:
        _write(services, account, 0, None, None, None, "The points provider serves again.", LogLevel.INFO)
        log.info("account serves again", store=store.slug, account=account.id)


def _write(
    services: Services,
    account: AccountRow,
    failures: int,
    since: datetime | None,
    paused_until: datetime | None,
    problem: str | None,
    sentence: str | None,
    level: LogLevel,
) -> None:
    """Write it down, and keep it in the row at hand: a batch goes on with that."""
    account.failures, account.failing_since = failures, since
    account.paused_until, account.problem = paused_until, problem
    with services.database.writing() as session:
        values = {"failures": failures, "failing_since": since, "paused_until": paused_until, "problem": problem}
        session.execute(update(AccountRow).where(col(AccountRow.id) == account.id).values(values))
        if sentence is not None:
            write_log(session, account.store_id, "provider", sentence, now=services.clock(), level=level)
