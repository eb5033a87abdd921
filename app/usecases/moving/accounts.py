"""A store's accounts as a worker has them at hand: paused while they do not serve us, resumed once they do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import randrange
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import update
from sqlmodel import Session, col

from app.db.logbook import write_log
from app.db.stores import accounts_of
from app.db.tables import AccountRow, MovementRow, StoreRow
from app.domain import retry
from app.domain.log_level import LogLevel
from app.domain.settlement import MovementKind
from app.domain.store import ClaimLink, DebtPolicy
from app.providers.protocol import LocalProvider, NotSent, PointsProvider

if TYPE_CHECKING:
    from app.usecases.services import Services

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts that a store ever had, by id, with their providers. `local` holds those that work in our own database."""

    store: StoreRow
    rows: Mapping[int, AccountRow]
    providers: Mapping[int, PointsProvider]
    local: Mapping[int, LocalProvider]

    @property
    def current(self) -> AccountRow:
        """The account of today."""
        return next(account for account in self.rows.values() if account.is_current)

    @property
    def showing_claims(self) -> set[int]:
        """Accounts whose claims can be seen and changed."""
        return {account_id for account_id, provider in self.providers.items() if provider.sees_claims}

    @property
    def has_floor(self) -> bool:
        """True if no balance may go below zero."""
        return self.store.debt_policy == DebtPolicy.FLOOR

    def goes_out_at_once(self, movement: MovementRow) -> bool:
        """True if a claim's own link goes to the shopper: from then on it cannot be withdrawn."""
        is_direct = self.store.claim_link == ClaimLink.DIRECT and not self.providers[movement.account_id].sees_claims
        return movement.kind == MovementKind.CLAIM and is_direct

    def paused_until(self, account_id: int, now: datetime) -> datetime | None:
        """Tell until when an account is not asked."""
        paused_until = self.rows[account_id].paused_until
        return paused_until if paused_until is not None and paused_until > now else None


def open_accounts(services: "Services", session: Session, store: StoreRow) -> Accounts:
    """Load a store's accounts and make their providers."""
    rows = accounts_of(session, store.id or 0)
    providers = {account_id: services.provider_of(store, row) for account_id, row in rows.items()}
    local = {account_id: provider for account_id, provider in providers.items() if isinstance(provider, LocalProvider)}
    return Accounts(store, rows, providers, local)


def pause_account(services: "Services", store: StoreRow, account: AccountRow, reply: NotSent) -> None:
    """Ask nothing of an account for a while, and say why. What is planned there waits."""
    failures = account.failures + 1
    pause = reply.retry_after or (
        retry.PROBE_EVERY if reply.is_accounts_fault else retry.backoff(failures, jitter=randrange(100))  # noqa: S311 - no secret
    )
    sentence = None if account.failures else f"The points provider is not asked for now: {reply.reason}"
    _write(services, account, failures, services.clock() + pause, reply.reason, sentence, LogLevel.ERROR)
    log.warning("account paused", store=store.slug, account=account.id, reason=reply.reason, seconds=int(pause.total_seconds()))


def resume_account(services: "Services", store: StoreRow, account: AccountRow) -> None:
    """Forget an account's failures, if there were any: it has just answered."""
    if account.failures or account.problem:
        _write(services, account, 0, None, None, "The points provider serves again.", LogLevel.INFO)
        log.info("account serves again", store=store.slug, account=account.id)


def _write(
    services: "Services",
    account: AccountRow,
    failures: int,
    paused_until: datetime | None,
    problem: str | None,
    sentence: str | None,
    level: LogLevel,
) -> None:
    """Write it down, and keep it in the row at hand: a batch goes on with that."""
    account.failures, account.paused_until, account.problem = failures, paused_until, problem
    with services.database.writing() as session:
        values = {"failures": failures, "paused_until": paused_until, "problem": problem}
        session.execute(update(AccountRow).where(col(AccountRow.id) == account.id).values(values))
        if sentence is not None:
            write_log(session, account.store_id, "provider", sentence, now=services.clock(), level=level)
