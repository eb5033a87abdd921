"""Learn how an account at Coggins answers about a customer whom nobody knows: the API does not say.

If the account answers with zeros, then a 404 from it never means *nobody*: a server in front of it is out of order, or cannot
carry that address. If it answers 404, nothing is learnt, because a server that is out of order answers 404, too.

What was learnt counts for a day after it was last seen: an account may begin to answer in another way.
"""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import case, update
from sqlmodel import Session, col, select

from app.db import moment_conditions
from app.db.tables import AccountRow, StoreRow
from app.domain.claim import NO_POINTS
from app.domain.retry import PAUSE_LONGEST
from app.domain.store import AccountKind, StoreState
from app.providers.protocol import NotSent
from app.usecases.moving.balances_now import balances_now
from app.usecases.services import Services

log = structlog.get_logger()

ASKED_AGAIN_AFTER = timedelta(hours=1)


def learn_account(services: Services) -> None:
    """Ask one account, of those whose hour has come, for the balance of an address that nobody has."""
    now = services.clock()
    with services.database.writing() as session:
        found = _take(session, now)
    if found is None:
        return
    account, store = found
    nobody = account.nobody
    answer = balances_now(services, services.provider_of(store, account), [nobody])
    if isinstance(answer, NotSent) or answer.get(nobody) != NO_POINTS:
        return
    with services.database.writing() as session:
        session.execute(update(AccountRow).where(col(AccountRow.id) == account.id).values(zeros_for_nobody_at=now))
    if account.zeros_for_nobody_at is None:
        log.info("account answers of nobody with zeros", store=store.slug)


def _take(session: Session, now: datetime) -> tuple[AccountRow, StoreRow] | None:
    """Choose the account that was asked longest ago, and note that it is asked: of several workers one asks."""
    asked_at = col(AccountRow.asked_of_nobody_at)
    is_due = moment_conditions.is_due(asked_at, now, every=ASKED_AGAIN_AFTER)
    is_open = moment_conditions.is_free(col(AccountRow.paused_until), now, now + PAUSE_LONGEST)
    query = (
        select(AccountRow, StoreRow)
        .join(StoreRow, col(StoreRow.id) == col(AccountRow.store_id))
        .where(AccountRow.kind == AccountKind.COGGINS, col(AccountRow.is_current), is_due, is_open)
        .where(StoreRow.state == StoreState.ACTIVE)
        .order_by(asked_at.nulls_first(), col(AccountRow.id))
        .limit(1)
    )
    found = session.exec(query).first()
    if found is None:
        return None
    account, store = found
    session.expunge(account)
    seen_at = col(AccountRow.zeros_for_nobody_at)
    asked = (
        update(AccountRow)
        .where(col(AccountRow.id) == account.id, is_due)
        # What a clock that was ahead has noted is believed no longer than if it had been seen now.
        .values(asked_of_nobody_at=now, zeros_for_nobody_at=case((seen_at > now, now), else_=seen_at))
    )
    return (account, store) if session.execute(asked.returning(col(AccountRow.id))).first() is not None else None
