"""See what keeps a store's points, or its mails, from their way now, whatever the order. One query."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlmodel import col

from app.db.mail_kinds import sends_mails
from app.db.processes import Signs, signs_asked
from app.db.tables import AccountRow, MailServerRow, StoreRow
from app.domain.signs_of_life import missing_since
from app.domain.store import StoreState
from app.usecases.services import Services


class Interrupted(StrEnum):
    """What is interrupted. SWEEP: Saleor answers, but changes of which no delivery came are not found."""

    SWITCHED_OFF = "switched_off"
    SALEOR = "saleor"
    SWEEP = "sweep"
    PROVIDER = "provider"
    WORKER = "worker"
    MAILS = "mails"


@dataclass(frozen=True, slots=True)
class Interruption:
    """Something that interrupts the work: since when, where that is known, and why, in a sentence, where there is more to say."""

    what: Interrupted
    since: datetime | None = None
    reason: str = ""


def see_interruptions(services: Services, store_id: int) -> list[Interruption]:
    """See what interrupts the work for a store now."""
    now = services.clock()
    query = (
        select(StoreRow, AccountRow, MailServerRow, sends_mails(), *signs_asked(now))
        .join(AccountRow, (col(AccountRow.store_id) == col(StoreRow.id)) & col(AccountRow.is_current))
        # There is one row at most: all stores send by the same server.
        .outerjoin(MailServerRow, col(MailServerRow.id) == 1)
        .where(col(StoreRow.id) == store_id)
    )
    with services.database.reading() as session:
        store, account, server, has_mails, *signs = session.execute(query).one()
        interruptions = [*_interruptions(store, account, Signs(*signs), now)]
        return [*interruptions, *_of_mails(store, server)] if has_mails else interruptions


def _interruptions(store: StoreRow, account: AccountRow, signs: Signs, now: datetime) -> Iterator[Interruption]:
    if store.state != StoreState.ACTIVE:
        yield Interruption(Interrupted.SWITCHED_OFF)
    elif store.failures:
        yield Interruption(Interrupted.SALEOR, store.failing_since, store.problem or "")
    elif store.problem:
        yield Interruption(Interrupted.SWEEP, None, store.problem)
    if account.failures:
        yield Interruption(Interrupted.PROVIDER, account.failing_since, account.problem or "")
    worker_missing_since = missing_since(signs.worker_seen_at, signs.web_since, now)
    if worker_missing_since is not None:
        yield Interruption(Interrupted.WORKER, worker_missing_since)


def _of_mails(store: StoreRow, server: MailServerRow | None) -> Iterator[Interruption]:
    if server is not None and server.failures:
        yield Interruption(Interrupted.MAILS, server.failing_since, server.problem or "")
    elif store.mail_problem:
        yield Interruption(Interrupted.MAILS, None, store.mail_problem)
