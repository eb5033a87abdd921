"""Erase the customers whom Saleor deleted, once the store's grace is over, unless they came back."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, exists, select

from app.db.keys import keys_in
from app.db.logbook import write_log
from app.db.moment_conditions import is_free
from app.db.people import find_person
from app.db.tables import DeletedCustomerRow, OrderRow, StoreRow
from app.domain.store import StoreState
from app.errors import AppError, BadRequest
from app.usecases.operating.erase_customer import erase_customer
from app.usecases.services import Services

log = structlog.get_logger()

# So many customers of a store are looked at in one round.
ROUND_MAX = 20
# Saleor did not say whether the customer came back.
UNTIL_SALEOR_IS_ASKED_AGAIN = timedelta(hours=1)
# The app is at work on an order of the customer, or a change of their points is not known yet.
UNTIL_IT_IS_TRIED_AGAIN = timedelta(minutes=10)


def erase_deleted(services: Services) -> bool:
    """Do one round for each store that erases customers. Tells whether more may be due."""
    is_more = [_do_round(services, store) for store in _stores(services)]
    return any(is_more)


def _stores(services: Services) -> Sequence[StoreRow]:
    with services.database.reading() as session:
        erases = (col(StoreRow.erase_after_days).is_not(None), col(StoreRow.token_sealed).is_not(None))
        return session.exec(select(StoreRow).where(StoreRow.state == StoreState.ACTIVE, *erases)).all()


def _do_round(services: Services, store: StoreRow) -> bool:
    now = services.clock()
    deleted = col(DeletedCustomerRow.store_id) == store.id, col(DeletedCustomerRow.kept_at).is_(None)
    is_over = col(DeletedCustomerRow.deleted_at) <= now - timedelta(days=store.erase_after_days or 0)
    may_begin = is_free(col(DeletedCustomerRow.not_before), now, now + UNTIL_SALEOR_IS_ASKED_AGAIN)
    with services.database.reading() as session:
        returned = session.exec(select(DeletedCustomerRow).where(*deleted, _has_newer_order()).limit(ROUND_MAX)).all()
        known = [row.id for row in returned]
        oldest = select(DeletedCustomerRow).where(*deleted, is_over, may_begin, col(DeletedCustomerRow.id).not_in(known))
        due = session.exec(oldest.order_by(col(DeletedCustomerRow.deleted_at)).limit(ROUND_MAX)).all()
    for row in returned:
        _keep_returned(services, row)
    for row in due:
        _erase(services, store, row)
    return max(len(returned), len(due)) >= ROUND_MAX


def _has_newer_order() -> ColumnElement[bool]:
    """Give the condition that the customer has ordered since. Both times are Saleor's."""
    return exists().where(
        col(OrderRow.store_id) == col(DeletedCustomerRow.store_id),
        col(OrderRow.email_key) == col(DeletedCustomerRow.email_key),
        col(OrderRow.placed_at) > col(DeletedCustomerRow.deleted_at),
    )


def _erase(services: Services, store: StoreRow, row: DeletedCustomerRow) -> None:
    with services.database.reading() as session:
        if not find_person(session, store, row.email).is_known:
            _forget(services, row)
            return
        has_ordered = _ordered_since(session, row)
    try:
        token = services.sealer.open(store.token_sealed or "")
        if has_ordered or services.saleor.shop.has_customer(store.saleor_api_url or "", token, row.email):
            _keep_returned(services, row)
            return
        erase_customer(services, store.slug, row.email, only_if_deleted=True)
    except BadRequest:
        _put_off(services, row, UNTIL_IT_IS_TRIED_AGAIN)
    except AppError as error:
        log.warning("a deleted customer is erased later", store=store.slug, code=error.code)
        _put_off(services, row, UNTIL_SALEOR_IS_ASKED_AGAIN)


def _ordered_since(session: Session, row: DeletedCustomerRow) -> bool:
    """Tell whether the customer has ordered since, also under the key of a version before."""
    theirs = (OrderRow.store_id == row.store_id, col(OrderRow.email_key).in_(keys_in(session, row.email)))
    found = session.exec(select(OrderRow.id).where(*theirs, col(OrderRow.placed_at) > row.deleted_at).limit(1))
    return found.first() is not None


def _keep_returned(services: Services, row: DeletedCustomerRow) -> None:
    now = services.clock()
    with services.database.writing() as session:
        if _change(session, row, kept_at=now):
            message = "A customer who was deleted in Saleor came back, and is not erased."
            write_log(session, row.store_id, "customer_returned", message, now=now)


def _put_off(services: Services, row: DeletedCustomerRow, pause: timedelta) -> None:
    with services.database.writing() as session:
        _change(session, row, not_before=services.clock() + pause)


def _forget(services: Services, row: DeletedCustomerRow) -> None:
    with services.database.writing() as session:
        found = session.get(DeletedCustomerRow, row.id)
        if found is not None:
            session.delete(found)


def _change(session: Session, row: DeletedCustomerRow, **values: datetime) -> bool:
    """Change the row where it still stands as it was read."""
    found = session.get(DeletedCustomerRow, row.id, with_for_update=True)
    if found is None or found.kept_at is not None or found.deleted_at != row.deleted_at:
        return False
    for name, value in values.items():
        setattr(found, name, value)
    session.add(found)
    return True
