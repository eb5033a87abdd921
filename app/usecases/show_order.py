"""Show where an order's points stand, and lead to its claim: what the order link does."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog
from sqlalchemy import update
from sqlmodel import Session, col, select

from app.domain.claim import LIVE, Balance, ClaimState
from app.domain.earning import Because, Due
from app.domain.status import PointsStatus, points_status
from app.points.provider import NotSent
from app.store.books import Books, books_of, position_of
from app.store.models import AccountRow, ClaimRow, OrderRow, StoreRow
from app.store.stores import accounts_of, find_store_by_slug
from app.usecases.services import Services

log = structlog.get_logger()


class OrderState(StrEnum):
    """What the page says. An unknown order looks like one whose points are being prepared."""

    WAITING = "waiting"
    READY = "ready"
    CLAIMED = "claimed"
    CREDITED = "credited"
    REVERSED = "reversed"
    EXPIRED = "expired"
    NOT_EARNING = "not_earning"


_STATES = {
    PointsStatus.PENDING: OrderState.WAITING,
    PointsStatus.READY: OrderState.WAITING,
    PointsStatus.CLAIMED: OrderState.CLAIMED,
    PointsStatus.CREDITED: OrderState.CREDITED,
    PointsStatus.REVERSED: OrderState.REVERSED,
    PointsStatus.NONE: OrderState.NOT_EARNING,
}


@dataclass(frozen=True, slots=True)
class OrderView:
    """What the order link shows; `claim_url` is where it leads when the points can be taken."""

    state: OrderState
    shop: str
    points: int = 0
    claim_url: str | None = None


def show_order(services: Services, slug: str, saleor_order_id: str, *, is_visit: bool) -> OrderView | None:
    """Show an order; None when there is no such store. `is_visit` is False for a look that shows nobody the claim.

    Where claims cannot be withdrawn, the first visit records the moment and the customer's balance: from then on the claim
    may be taken at any time. While that balance cannot be had, the points are being prepared.
    """
    with services.database.reading() as session:
        store = find_store_by_slug(session, slug)
        if store is None or store.id is None:
            return None
        order = _find_order(session, store.id, saleor_order_id)
        if order is None or order.id is None or order.because is None or order.erased_at is not None:
            return OrderView(OrderState.WAITING, store.name)
        books = books_of(session, [order.id])[order.id]
        accounts = accounts_of(session, store.id)
    if is_visit and store.link_checked_at is None:
        _note_visit(services, store)
    live = [claim for claim in books.claims.values() if claim.state in LIVE and claim.points > 0]
    if live and is_visit:
        newest = max(live, key=lambda claim: claim.created_at)
        if _may_be_shown(services, store, accounts[newest.account_id], newest):
            return OrderView(OrderState.READY, store.name, newest.points, services.sealer.open(newest.url_sealed))
    return OrderView(_state(order, books), store.name, max(order.granted, 0))


def _note_visit(services: Services, store: StoreRow) -> None:
    """Remember, once, that a shopper came by the link of a known order: the shop's mails hold it."""
    first = update(StoreRow).where(col(StoreRow.id) == store.id, col(StoreRow.link_checked_at).is_(None))
    with services.database.writing() as session:
        session.execute(first.values(link_checked_at=services.clock()))


def _find_order(session: Session, store_id: int, saleor_order_id: str) -> OrderRow | None:
    return session.exec(
        select(OrderRow).where(OrderRow.store_id == store_id, OrderRow.saleor_order_id == saleor_order_id)
    ).first()


def _state(order: OrderRow, books: Books) -> OrderState:
    if any(claim.state == ClaimState.EXPIRED and claim.points > 0 for claim in books.claims.values()):
        return OrderState.EXPIRED
    due = Due(order.due, order.due, Because(order.because or Because.WAITING_FOR_MOMENT))
    return _STATES[points_status(due, position_of(books, ()), was_ever_granted=books.was_ever_granted)]


def _may_be_shown(services: Services, store: StoreRow, account: AccountRow, claim: ClaimRow) -> bool:
    """Record the first showing of a link that cannot be withdrawn. False while that cannot be done, or it was withdrawn."""
    provider = services.provider_of(store, account)
    if provider.sees_claims or claim.state == ClaimState.SHOWN:
        return True
    before: Balance | None = None
    if claim.email:
        balances = provider.balances([claim.email])
        if isinstance(balances, NotSent):
            log.warning("claim not shown", store=store.slug, reason=balances.reason)
            return False
        before = balances.get(claim.email, Balance(0, 0))
    with services.database.writing() as session:
        return _record_showing(session, claim, before, services.clock())


def _record_showing(session: Session, claim: ClaimRow, before: Balance | None, now: datetime) -> bool:
    shown = session.execute(
        update(ClaimRow)
        .where(col(ClaimRow.id) == claim.id, col(ClaimRow.state) == ClaimState.OPEN, col(ClaimRow.points) == claim.points)
        .values(
            state=ClaimState.SHOWN,
            shown_at=now,
            shown_available=before.available if before is not None else None,
            shown_used=before.used if before is not None else None,
        )
        .returning(col(ClaimRow.order_id))
    ).first()
    return shown is not None
