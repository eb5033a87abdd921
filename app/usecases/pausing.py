"""Pause a store whose Saleor does not serve us, and go on by itself once it does."""

from datetime import datetime
from random import randrange

import structlog
from sqlalchemy import update
from sqlmodel import col

from app.domain import retry
from app.errors import AppError, SaleorBusy, SaleorRefused
from app.store.models import StoreRow
from app.usecases.services import Services

log = structlog.get_logger()


def pause_store(services: Services, store: StoreRow, error: AppError, now: datetime) -> None:
    """Ask nothing of a store's Saleor for a while, and say why. Its orders keep their place."""
    failures = store.failures + 1
    pause = retry.backoff(failures, jitter=randrange(100))  # noqa: S311 - spreads load, keeps no secret
    if isinstance(error, SaleorBusy) and error.retry_after is not None:
        pause = error.retry_after
    elif isinstance(error, SaleorRefused):
        pause = retry.PROBE_EVERY
    _write(services, store, failures=failures, paused_until=now + pause, problem=error.message)
    log.warning("store paused", store=store.slug, reason=error.code, seconds=int(pause.total_seconds()))


def resume_store(services: Services, store: StoreRow) -> None:
    """Forget a store's failures, if there were any: its Saleor has just answered."""
    if store.failures or store.problem:
        _write(services, store, failures=0, paused_until=None, problem=None)
        log.info("store serves again", store=store.slug)


def note_problem(services: Services, store: StoreRow, sentence: str) -> None:
    """Say what is wrong with a store that is served all the same."""
    _write(services, store, failures=store.failures, paused_until=store.paused_until, problem=sentence)
    log.error("store has a problem", store=store.slug, problem=sentence)


def _write(services: Services, store: StoreRow, *, failures: int, paused_until: datetime | None, problem: str | None) -> None:
    with services.database.writing() as session:
        session.execute(
            update(StoreRow)
            .where(col(StoreRow.id) == store.id)
            .values(failures=failures, paused_until=paused_until, problem=problem)
        )
