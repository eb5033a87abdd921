"""Pause what does not serve us, a store's Saleor or its points provider, and go on by itself once it does."""

from dataclasses import dataclass
from datetime import datetime
from random import randrange

import structlog
from sqlalchemy import update
from sqlmodel import col

from app.db.logbook import write_log
from app.db.tables import AccountRow, LogLevel, StoreRow
from app.domain import retry
from app.errors import AppError, SaleorBusy, SaleorRefused
from app.providers.protocol import NotSent
from app.usecases.services import Services

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Said:
    """What the merchant reads in the log when it begins, and when it ends: not each time that it goes on."""

    sentence: str
    level: LogLevel


def pause_store(services: Services, store: StoreRow, error: AppError, now: datetime) -> None:
    """Ask nothing of a store's Saleor for a while, and say why. Its orders keep their place."""
    failures = store.failures + 1
    pause = retry.backoff(failures, jitter=randrange(100))  # noqa: S311 - spreads load, keeps no secret
    if isinstance(error, SaleorBusy) and error.retry_after is not None:
        pause = error.retry_after
    elif isinstance(error, SaleorRefused):
        pause = retry.PROBE_EVERY
    said = None if store.failures else Said(f"Saleor is not asked for now: {error.message}", LogLevel.ERROR)
    _write(services, store, failures=failures, paused_until=now + pause, problem=error.message, said=said)
    log.warning("store paused", store=store.slug, reason=error.code, seconds=int(pause.total_seconds()))


def resume_store(services: Services, store: StoreRow) -> None:
    """Forget a store's failures, if there were any: its Saleor has just answered."""
    if store.failures or store.problem:
        said = Said("Saleor serves Saleor Points again.", LogLevel.INFO)
        _write(services, store, failures=0, paused_until=None, problem=None, said=said)
        log.info("store serves again", store=store.slug)


def note_problem(services: Services, store: StoreRow, sentence: str) -> None:
    """Say what is wrong with a store that is served all the same."""
    said = None if store.problem == sentence else Said(sentence, LogLevel.ERROR)
    _write(services, store, failures=store.failures, paused_until=store.paused_until, problem=sentence, said=said)
    log.error("store has a problem", store=store.slug, problem=sentence)


def pause_account(services: Services, store: StoreRow, account: AccountRow, reply: NotSent) -> None:
    """Ask nothing of an account for a while, and say why. What is planned there waits."""
    failures = account.failures + 1
    pause = reply.retry_after or (
        retry.PROBE_EVERY if reply.is_accounts_fault else retry.backoff(failures, jitter=randrange(100))  # noqa: S311 - no secret
    )
    said = None if account.failures else Said(f"The points provider is not asked for now: {reply.reason}", LogLevel.ERROR)
    _write_account(services, account, failures=failures, paused_until=services.clock() + pause, problem=reply.reason, said=said)
    log.warning("account paused", store=store.slug, account=account.id, reason=reply.reason, seconds=int(pause.total_seconds()))


def resume_account(services: Services, store: StoreRow, account: AccountRow) -> None:
    """Forget an account's failures, if there were any: it has just answered."""
    if account.failures or account.problem:
        said = Said("The points provider serves again.", LogLevel.INFO)
        _write_account(services, account, failures=0, paused_until=None, problem=None, said=said)
        log.info("account serves again", store=store.slug, account=account.id)


def _write_account(
    services: Services,
    account: AccountRow,
    *,
    failures: int,
    paused_until: datetime | None,
    problem: str | None,
    said: Said | None,
) -> None:
    """Write it down, and keep it in the row at hand: a batch goes on with that."""
    account.failures, account.paused_until, account.problem = failures, paused_until, problem
    with services.database.writing() as session:
        session.execute(
            update(AccountRow)
            .where(col(AccountRow.id) == account.id)
            .values(failures=failures, paused_until=paused_until, problem=problem)
        )
        if said is not None:
            write_log(session, account.store_id, "provider", said.sentence, now=services.clock(), level=said.level)


def _write(
    services: Services,
    store: StoreRow,
    *,
    failures: int,
    paused_until: datetime | None,
    problem: str | None,
    said: Said | None,
) -> None:
    with services.database.writing() as session:
        session.execute(
            update(StoreRow)
            .where(col(StoreRow.id) == store.id)
            .values(failures=failures, paused_until=paused_until, problem=problem)
        )
        if said is not None and store.id is not None:
            write_log(session, store.id, "saleor", said.sentence, now=services.clock(), level=said.level)
