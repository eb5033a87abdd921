"""Pause a store whose Saleor does not serve us, and go on by itself once it does."""

from dataclasses import dataclass
from datetime import datetime
from random import randrange

import structlog
from sqlalchemy import update
from sqlmodel import col

from app.db.logbook import write_log
from app.db.tables import StoreRow
from app.domain import retry
from app.domain.log_level import LogLevel
from app.errors import AppError, NotASaleor, SaleorBusy, SaleorRefused
from app.saleor.own_app import NOT_ACCEPTED, NOT_PERMITTED
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
        pause = min(error.retry_after, retry.BACKOFF_LONGEST)
    elif isinstance(error, SaleorRefused):
        pause = retry.PROBE_EVERY
    problem = _why_refused(services, store, error) if isinstance(error, SaleorRefused) else error.message
    said = None if store.failures else Said(f"Saleor is not asked at present: {problem}", LogLevel.ERROR)
    since = store.failing_since if store.failures else now
    _write(services, store, failures=failures, since=since, paused_until=now + pause, problem=problem, said=said)
    log.warning("store paused", store=store.slug, reason=error.code, seconds=int(pause.total_seconds()))


def _why_refused(services: Services, store: StoreRow, error: SaleorRefused) -> str:
    """Ask Saleor about the app itself: it refuses an unknown token and a missing permission with the same words."""
    try:
        app = services.saleor.app.own(store.saleor_api_url or "", services.sealer.open(store.token_sealed or ""))
    except NotASaleor:
        return NOT_ACCEPTED
    except AppError:
        return error.message
    return error.message if app.may_read_orders else NOT_PERMITTED


def resume_store(services: Services, store: StoreRow) -> None:
    """Forget a store's failures, if there were any: its Saleor has just answered."""
    if store.failures or store.problem:
        said = Said("Saleor serves Saleor Points again.", LogLevel.INFO)
        _write(services, store, failures=0, since=None, paused_until=None, problem=None, said=said)
        log.info("store serves again", store=store.slug)


def note_problem(services: Services, store: StoreRow, sentence: str) -> None:
    """Say what is wrong with a store that is served all the same."""
    said = None if store.problem == sentence else Said(sentence, LogLevel.ERROR)
    since, paused_until = store.failing_since, store.paused_until
    _write(services, store, failures=store.failures, since=since, paused_until=paused_until, problem=sentence, said=said)
    log.error("store has a problem", store=store.slug, problem=sentence)


def _write(
    services: Services,
    store: StoreRow,
    *,
    failures: int,
    since: datetime | None,
    paused_until: datetime | None,
    problem: str | None,
    said: Said | None,
) -> None:
    with services.database.writing() as session:
        session.execute(
            update(StoreRow)
            .where(col(StoreRow.id) == store.id)
            .values(failures=failures, failing_since=since, paused_until=paused_until, problem=problem)
        )
        if said is not None and store.id is not None:
            write_log(session, store.id, "saleor", said.sentence, now=services.clock(), level=said.level)
