"""Learn where a store's Dashboard is, and forget it. Only that Dashboard may frame the store's pages."""

import structlog
from sqlalchemy import update
from sqlmodel import col

from app.db.form_tokens import FormToken, is_first
from app.db.logbook import SETTINGS_CHANGED, write_log
from app.db.tables import StoreRow
from app.usecases.merchants.verify_staff import Staff
from app.usecases.services import Services

log = structlog.get_logger()


def learn_dashboard(services: Services, staff: Staff) -> None:
    """Remember the address that a staff user's request names. The request was allowed, and the user may change settings."""
    told = staff.dashboard_learnable
    if told is None:
        return
    known = None if staff.dashboard_url == told else staff.dashboard_url
    with services.database.writing() as session:
        # Of several requests at once the first one decides.
        as_known = col(StoreRow.dashboard_url).is_not_distinct_from(known)
        session.execute(update(StoreRow).where(col(StoreRow.id) == staff.store_id, as_known).values(dashboard_url=told))
    log.info("dashboard learned", store=staff.store_slug)


def forget_dashboard(services: Services, staff: Staff, *, once: FormToken) -> None:
    """Forget a store's Dashboard. The app learns it again when somebody with MANAGE_APPS opens a page."""
    now = services.clock()
    with services.database.writing() as session:
        if not is_first(session, once, now):
            return
        session.execute(update(StoreRow).where(col(StoreRow.id) == staff.store_id).values(dashboard_url=None))
        write_log(
            session, staff.store_id, SETTINGS_CHANGED, "The Dashboard's address is forgotten.", now=now, made_by=staff.email
        )
    log.info("dashboard forgotten", store=staff.store_slug)
