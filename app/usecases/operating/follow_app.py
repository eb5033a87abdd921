"""Follow what becomes of the app in a store: removed, switched off, switched on, given other permissions."""

import structlog
from sqlmodel import col, select

from app.db.logbook import write_log
from app.db.tables import StoreRow
from app.domain.log_level import LogLevel
from app.domain.store import StoreState
from app.errors import BadRequest
from app.usecases.operating.verify_delivery import Delivery
from app.usecases.services import Services

log = structlog.get_logger()

DELETED = "AppDeleted"
STATUS_CHANGED = "AppStatusChanged"
# Saleor sends it when the app gets other permissions, or another name.
UPDATED = "AppUpdated"
_SAID: dict[str, str] = {
    StoreState.ACTIVE: "Saleor Points was switched on in Saleor.",
    StoreState.INACTIVE: "Saleor Points was switched off in Saleor. Nothing is done until it is switched on again.",
    StoreState.DELETED: "Saleor Points was removed from Saleor. The books are kept; the token is not.",
}
_LEVELS: dict[str, LogLevel] = {
    StoreState.ACTIVE: LogLevel.INFO,
    StoreState.INACTIVE: LogLevel.WARNING,
    StoreState.DELETED: LogLevel.WARNING,
}


def follow_app(services: Services, delivery: Delivery) -> None:
    """End, pause or go on with a store. Its books are kept; at the end its secrets are wiped.

    Raises BadRequest when the delivery does not say what became of the app.
    """
    app = delivery.body.get("app")
    if (
        delivery.type not in {DELETED, STATUS_CHANGED, UPDATED}
        or not isinstance(app, dict)
        or not isinstance(app.get("isActive"), bool)
    ):
        raise BadRequest("The delivery does not say what became of the app.")
    with services.database.writing() as session:
        store = session.get(StoreRow, delivery.signer.store_id)
        if store is None or store.app_id != app.get("id"):
            raise BadRequest("The delivery is about another app.")
        session.add(store)
        if delivery.type == UPDATED:
            services.app_permissions.pop(delivery.signer.api_url, None)
            _ask_at_once(store)
            return
        if delivery.type == DELETED:
            store.state = StoreState.DELETED
            store.app_id = store.token_sealed = store.jwks = None
        else:
            store.state = StoreState.ACTIVE if app["isActive"] else StoreState.INACTIVE
            _ask_at_once(store)
        write_log(session, delivery.signer.store_id, "app", _SAID[store.state], now=services.clock(), level=_LEVELS[store.state])
        slug, state = store.slug, store.state
    log.info("app followed", store=slug, state=state)


def _ask_at_once(store: StoreRow) -> None:
    """End a pause, and let the next sweep begin: what was refused may be granted now, and deliveries were lost meanwhile."""
    store.paused_until = store.swept_at = None


def switch_on(services: Services, store: StoreRow) -> None:
    """Go on with a store whose Saleor says that the app is on: that it was switched on was not told, or told too early."""
    with services.database.writing() as session:
        query = select(StoreRow).where(
            col(StoreRow.id) == store.id, StoreRow.state == StoreState.INACTIVE, StoreRow.token_sealed == store.token_sealed
        )
        row = session.exec(query).first()
        if row is None:
            return
        row.state = StoreState.ACTIVE
        session.add(row)
        write_log(session, row.id or 0, "app", _SAID[row.state], now=services.clock(), level=_LEVELS[row.state])
    log.info("app followed", store=store.slug, state=StoreState.ACTIVE)
