"""Follow what becomes of customers in Saleor: whoever is deleted there is to be erased here, after the store's grace."""

from datetime import datetime
from typing import Any

import structlog
from sqlmodel import Session, col

from app.db.dialects import insert_into
from app.db.logbook import write_log
from app.db.people import find_person
from app.db.tables import DeletedCustomerRow, StoreRow
from app.domain.bounds import EMAIL_LENGTH_MAX
from app.domain.email import email_key
from app.errors import BadRequest
from app.saleor.parsing import parse_time
from app.usecases.operating.verify_delivery import Delivery
from app.usecases.services import Services

log = structlog.get_logger()

DELETIONS = frozenset({"CustomerDeleted", "AccountDeleted"})


def follow_customers(services: Services, delivery: Delivery) -> None:
    """Note that a customer was deleted. Nothing is noted where the store erases nobody, or keeps nothing of the customer.

    A delivery that comes again changes nothing, also after staff kept the customer.

    Raises BadRequest when the delivery does not say who was deleted, and when.
    """
    if delivery.type not in DELETIONS:
        raise BadRequest("The delivery does not say who was deleted.")
    email, deleted_at = _read(delivery.body)
    with services.database.writing() as session:
        store = session.get(StoreRow, delivery.signer.store_id)
        if store is None or store.erase_after_days is None or not find_person(session, store, email).is_known:
            return
        if not _note(session, store.id or 0, email, deleted_at):
            return
        message = (
            f"A customer was deleted in Saleor, and is erased here after {store.erase_after_days} days: not if they come back, "
            "or staff keep them."
        )
        write_log(session, store.id or 0, "customer_deleted", message, now=services.clock())
        slug = store.slug
    log.info("customer deleted in Saleor", store=slug)


def _read(body: dict[str, Any]) -> tuple[str, datetime]:
    user = body.get("user")
    email = user.get("email") if isinstance(user, dict) else None
    try:
        deleted_at = parse_time(body["issuedAt"])
    except (KeyError, TypeError, ValueError, ArithmeticError):
        raise BadRequest("The delivery does not say when the customer was deleted.") from None
    if not isinstance(email, str) or not email.strip() or len(email) > EMAIL_LENGTH_MAX:
        raise BadRequest("The delivery does not say who was deleted.")
    return email, deleted_at


def _note(session: Session, store_id: int, email: str, deleted_at: datetime) -> bool:
    """Write the deletion down. False where it, or a later one, is known already."""
    new = insert_into(session.get_bind().dialect.name, DeletedCustomerRow).values(
        store_id=store_id, email=email, email_key=email_key(email), deleted_at=deleted_at
    )
    noted = new.on_conflict_do_update(
        index_elements=["store_id", "email_key"],
        set_={"email": email, "deleted_at": deleted_at, "kept_at": None, "kept_by": None, "not_before": None},
        where=col(DeletedCustomerRow.deleted_at) < deleted_at,
    ).returning(col(DeletedCustomerRow.id))
    return session.execute(noted).first() is not None
