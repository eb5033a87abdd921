"""Follow what becomes of the app in a store: removed, switched off, switched on."""

import structlog

from app.errors import BadRequest
from app.store.models import StoreRow, StoreState
from app.usecases.services import Services
from app.usecases.verify_delivery import Delivery

log = structlog.get_logger()

DELETED = "AppDeleted"
STATUS_CHANGED = "AppStatusChanged"


def follow_app(services: Services, delivery: Delivery) -> None:
    """End, pause or go on with a store. Its books are kept; at the end its secrets are wiped.

    Raises BadRequest when the delivery does not say what became of the app.
    """
    app = delivery.body.get("app")
    if delivery.type not in {DELETED, STATUS_CHANGED} or not isinstance(app, dict) or not isinstance(app.get("isActive"), bool):
        raise BadRequest("The delivery does not say what became of the app.")
    with services.database.writing() as session:
        store = session.get(StoreRow, delivery.signer.store_id)
        if store is None or store.app_id != app.get("id"):
            raise BadRequest("The delivery is about another app.")
        if delivery.type == DELETED:
            store.state = StoreState.DELETED
            store.app_id = store.token_sealed = store.jwks = None
        else:
            store.state = StoreState.ACTIVE if app["isActive"] else StoreState.INACTIVE
        session.add(store)
        slug, state = store.slug, store.state
    log.info("app followed", store=slug, state=state)
