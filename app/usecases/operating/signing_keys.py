"""Ask a store's Saleor for its signing keys again, when something is signed with one that is not known."""

from datetime import datetime, timedelta

import structlog

from app.db.tables import StoreRow
from app.domain.moments import is_due
from app.errors import SaleorUnreachable, Unavailable
from app.usecases.services import Services

log = structlog.get_logger()

# Anybody can send a signature that no key fits, and each may cost a call to the store's Saleor.
JWKS_ASKED_EVERY = timedelta(minutes=1)


def newer_jwks(services: Services, store: StoreRow, now: datetime) -> str:
    """Ask the store's Saleor for its keys again, but not more than once a minute.

    Raises Unavailable when it was asked a moment ago, is being asked, or does not answer.
    """
    if not is_due(store.jwks_asked_at, now, every=JWKS_ASKED_EVERY):
        raise Unavailable("This is signed with a key not known yet; the keys were asked for a moment ago. Try again later.")
    with services.bulkheads.keys.place(store.slug):
        return _asked(services, store, now)


def _asked(services: Services, store: StoreRow, now: datetime) -> str:
    with services.database.writing() as session:
        session.add(store)
        store.jwks_asked_at = now
    try:
        jwks = services.saleor.jwks(store.saleor_api_url or "")
    except SaleorUnreachable:
        raise Unavailable("This is signed with a key not known yet, and the Saleor does not give its keys now.") from None
    if jwks != store.jwks:
        with services.database.writing() as session:
            session.add(store)
            store.jwks = jwks
        log.info("signing keys changed", store=store.slug)
    return jwks
