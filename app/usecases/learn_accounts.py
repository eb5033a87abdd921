"""Learn how accounts at Coggins answer about a customer whom nobody knows: the API does not say.

One that then answers with zeros never means *nobody* by a 404. So its 404 is always a fault, of its address or of what stands
before it, and nothing is decided by it. Of one that answers 404 nothing is learnt: so answers a server that is out of order.
"""

from datetime import timedelta
from uuid import uuid4

import structlog
from sqlalchemy import or_, update
from sqlmodel import col, select

from app.domain.claim import NO_POINTS
from app.points.provider import NotSent
from app.store.models import AccountKind, AccountRow, StoreRow, StoreState
from app.usecases.look_up_customer import hurried
from app.usecases.services import Services

log = structlog.get_logger()

ASKED_AGAIN_AFTER = timedelta(hours=1)


def learn_accounts(services: Services) -> None:
    """Ask each account of which it is not known yet for the balance of an address that nobody has. Each worker's turn, hourly."""
    now = services.clock()
    is_due = or_(col(AccountRow.asked_of_nobody_at).is_(None), col(AccountRow.asked_of_nobody_at) <= now - ASKED_AGAIN_AFTER)
    is_open = or_(col(AccountRow.paused_until).is_(None), col(AccountRow.paused_until) <= now)
    is_to_ask = (AccountRow.kind == AccountKind.COGGINS, ~col(AccountRow.knows_nobody_by_zeros), is_due, is_open)
    with services.database.reading() as session:
        query = select(AccountRow, StoreRow).join(StoreRow, col(StoreRow.id) == col(AccountRow.store_id))
        found = session.exec(query.where(*is_to_ask, StoreRow.state == StoreState.ACTIVE)).all()
    for account, store in found:
        with services.database.writing() as session:
            # Of several workers one asks.
            mine = update(AccountRow).where(col(AccountRow.id) == account.id, is_due).values(asked_of_nobody_at=now)
            is_mine = session.execute(mine.returning(col(AccountRow.id))).first() is not None
        if is_mine and _answers_with_zeros(services, store, account):
            with services.database.writing() as session:
                session.execute(update(AccountRow).where(col(AccountRow.id) == account.id).values(knows_nobody_by_zeros=True))
            log.info("account answers of nobody with zeros", store=store.slug)


def _answers_with_zeros(services: Services, store: StoreRow, account: AccountRow) -> bool:
    nobody = f"nobody-{uuid4().hex}@example.com"
    found = hurried(services.provider_of(store, account)).balances([nobody])
    return not isinstance(found, NotSent) and found.get(nobody) == NO_POINTS
