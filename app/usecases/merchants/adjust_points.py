"""Adjust points by hand: of an order, as part of what is due; or of a customer, at once. And write off what cannot be had.

What exceeds a limit of the store is not made: it waits for somebody else's approval (`decide_request.py`).
"""

from dataclasses import dataclass

import structlog
from sqlalchemy import update
from sqlmodel import Session, col, select

from app.db.approval_requests import Asked, ask_for_approval
from app.db.form_tokens import FormToken, is_first
from app.db.keys import key_in
from app.db.logbook import write_log
from app.db.staff_days import count_change
from app.db.stores import current_account, find_store_by_slug
from app.db.tables import AccountRow, OrderRow, StoreRow
from app.db.waking import wake
from app.domain.bounds import POINTS_MAX
from app.domain.staff_limits import Limit, Wanted
from app.errors import BadRequest
from app.saleor.parsing import is_order_id
from app.usecases.merchants.customer_address import check_address
from app.usecases.merchants.make_change import (
    Adjusted,
    ChangeByHand,
    FormOutcome,
    change_customer,
    change_order,
    let_go,
    require_somebody,
)
from app.usecases.services import Services

__all__ = [
    "TEXT_LENGTH_MAX",
    "Adjusted",
    "FormOutcome",
    "WrittenOff",
    "adjust_customer",
    "adjust_order",
    "find_order",
    "look_again",
    "write_off",
]

log = structlog.get_logger()

TEXT_LENGTH_MAX = 1024


@dataclass(frozen=True, slots=True)
class WrittenOff:
    """What came of a write-off: `points` are those that were let go, none where it was not made now."""

    outcome: FormOutcome
    points: int = 0


def adjust_order(
    services: Services, store_slug: str, number: str, *, points: int, reason: str, who: str, once: FormToken | None = None
) -> FormOutcome:
    """Give or take extra points for an order, known by its number or Saleor's id. The worker settles it at once.

    Raises BadRequest when there is no such order, no reason, or nobody who could get the points.
    """
    _check(points, reason, who)
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return FormOutcome.SENT_BEFORE
        order = find_order(session, store_slug, number, lock=True)
        require_somebody(order, points)
        counted = count_change(session, session.get_one(StoreRow, order.store_id), points, who, now)
        if isinstance(counted, Limit):
            asked = Asked(Wanted.ADJUST, points, reason, who, exceeds=counted)
            ask_for_approval(session, order.store_id, asked, now, order_id=order.id)
        else:
            change_order(session, order, ChangeByHand(points, reason, who, counted), now)
    outcome = FormOutcome.WAITS if isinstance(counted, Limit) else FormOutcome.MADE
    said = "order adjusted" if outcome is FormOutcome.MADE else "approval asked"
    log.info(said, store=store_slug, order=number, points=points)
    return outcome


def adjust_customer(
    services: Services, store_slug: str, email: str, *, points: int, reason: str, who: str, once: FormToken | None = None
) -> Adjusted | None:
    """Give or take points of a customer, by one INSTANT: at once with embedded points, else when the worker asks for it.

    None where the form was sent before.

    Raises BadRequest when there is no such store, the address cannot be one, or there is no reason.
    """
    _check(points, reason, who)
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return None
        store, account = store_and_account(session, store_slug)
        check_address(session, store.id or 0, email)
        counted = count_change(session, store, points, who, now)
        if isinstance(counted, Limit):
            asked = Asked(Wanted.ADJUST, points, reason, who, exceeds=counted)
            ask_for_approval(session, store.id or 0, asked, now, email=email.strip(), email_key=key_in(session, email))
            adjusted = Adjusted(None, None, waits_for_approval=True)
        else:
            change = ChangeByHand(points, reason, who, counted)
            adjusted = change_customer(services, session, store, account, email, change, now)
    log.info("approval asked" if adjusted.waits_for_approval else "customer adjusted", store=store_slug, points=points)
    return adjusted


def write_off(services: Services, store_slug: str, number: str, *, who: str, once: FormToken | None = None) -> WrittenOff:
    """Close an order's shortfall without taking anything.

    Raises BadRequest when the order lacks nothing.
    """
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return WrittenOff(FormOutcome.SENT_BEFORE)
        order = find_order(session, store_slug, number, lock=True)
        if order.shortfall <= 0:
            raise BadRequest("Nothing is missing from this order.")
        store, account = store_and_account(session, store_slug)
        shortfall = order.shortfall
        counted = count_change(session, store, shortfall, who, now)
        if isinstance(counted, Limit):
            asked = Asked(Wanted.WRITE_OFF, shortfall, "Write-off", who, exceeds=counted)
            ask_for_approval(session, order.store_id, asked, now, order_id=order.id)
            written_off = WrittenOff(FormOutcome.WAITS)
        else:
            written_off = WrittenOff(FormOutcome.MADE, let_go(session, order, account, who, now))
    said = "shortfall written off" if written_off.outcome is FormOutcome.MADE else "approval asked"
    log.info(said, store=store_slug, order=number, points=shortfall)
    return written_off


def look_again(
    services: Services, store_slug: str, number: str, *, who: str | None = None, once: FormToken | None = None
) -> None:
    """Check an order now, and ask again for what the provider refused.

    Raises BadRequest when there is no such order.
    """
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return
        order = find_order(session, store_slug, number, lock=True)
        session.execute(update(OrderRow).where(col(OrderRow.id) == order.id).values(refused_step=None))
        wake(session, order.id or 0, now)
        said = f"Order {order.number or ''} is looked at again."
        write_log(session, order.store_id, "looked_again", said, now=now, made_by=who)


def find_order(session: Session, store_slug: str, number: str, *, lock: bool = False) -> OrderRow:
    """Find an order by its store's slug and its number, or Saleor's id of it.

    Raises BadRequest when there is none.
    """
    is_it = OrderRow.saleor_order_id == number if is_order_id(number) else OrderRow.number == number
    query = select(OrderRow).join(StoreRow).where(StoreRow.slug == store_slug, is_it)
    order = session.exec(query.with_for_update(of=OrderRow) if lock else query).first()
    if order is None:
        raise BadRequest(f"The store {store_slug} has no order {number} here.")
    return order


def store_and_account(session: Session, store_slug: str) -> tuple[StoreRow, AccountRow]:
    """Find a store and the account that new points go to.

    Raises BadRequest when there is no such store.
    """
    store = find_store_by_slug(session, store_slug)
    account = current_account(session, store.id) if store is not None and store.id is not None else None
    if store is None or account is None:
        raise BadRequest(f"There is no store {store_slug}.")
    return store, account


def _check(points: int, reason: str, who: str) -> None:
    if not 0 < abs(points) <= POINTS_MAX:
        raise BadRequest(f"Points must be a whole number from 1 to {POINTS_MAX}, with a minus to take them.")
    if not 0 < len(reason.strip()) <= TEXT_LENGTH_MAX or not 0 < len(who.strip()) <= 256:
        raise BadRequest("Say why, and who you are: both stay with the points.")
