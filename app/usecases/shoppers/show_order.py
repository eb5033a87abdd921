"""Show where an order's points stand, and lead to its claim: what the order link does."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import structlog
from sqlalchemy import update
from sqlmodel import Session, col, select

from app.db.books import Books, books_of, position_of
from app.db.lanes import is_unclear
from app.db.stores import accounts_of, brand_of, find_store_by_slug
from app.db.tables import AccountRow, ClaimRow, OrderRow, StoreRow
from app.domain.brand import Brand
from app.domain.claim import LIVE, Balance, ClaimState, runs_out_at
from app.domain.earning import Because, Due
from app.domain.status import PointsStatus, points_status
from app.providers.protocol import Absent, NotSent, held
from app.usecases.moving.balances_now import balances_now
from app.usecases.services import Services
from app.usecases.shoppers.find_wallet import link_to_wallet

log = structlog.get_logger()


class OrderState(StrEnum):
    """What the page says. An unknown order looks like one whose points are being prepared.

    EXPIRED: the claim's time is over, and nobody took it. OVER: its time is over, and nobody knows whether somebody did.
    """

    WAITING = "waiting"
    READY = "ready"
    CLAIMED = "claimed"
    CREDITED = "credited"
    REVERSED = "reversed"
    EXPIRED = "expired"
    OVER = "over"
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
    """What the order link shows.

    `claim_url` is where a READY order leads. A READY order without one waits for its shopper to press a button.
    `wallet_link` is None where the store's wallet is off. It shows nothing by itself: a sign-in comes first.
    """

    state: OrderState
    brand: Brand
    points: int = 0
    claim_url: str | None = None
    wallet_link: str | None = None


@dataclass(frozen=True, slots=True)
class _Waiting:
    """The claim that waits to be taken, with whose it is."""

    store: StoreRow
    account: AccountRow
    claim: ClaimRow


def show_order(services: Services, slug: str, saleor_order_id: str) -> OrderView | None:
    """Show an order; None when there is no such store. Changes nothing of the order: mail scanners follow links.

    Where claims cannot be withdrawn, the claim is led to only after somebody asked for it (`ask_for_claim`).
    """
    view, waiting = _look(services, slug, saleor_order_id)
    if view is None or waiting is None:
        return view
    if not _can_be_shown_to_anybody(services, waiting):
        return replace(view, state=OrderState.READY, points=waiting.claim.points)
    return _leading(services, view, waiting)


def ask_for_claim(services: Services, slug: str, saleor_order_id: str) -> OrderView | None:
    """Lead a shopper, who pressed the button, to the claim; None when there is no such store.

    Where claims cannot be withdrawn, the first asking records the moment and the customer's balance: from then on the claim
    may be taken at any time. While that balance cannot be had, or an INSTANT of theirs is under way and it is open whether the
    balance holds it already, the points are being prepared.
    """
    view, waiting = _look(services, slug, saleor_order_id)
    if view is None or waiting is None:
        return view
    if _can_be_shown_to_anybody(services, waiting):
        return _leading(services, view, waiting)
    asked_at = services.clock()
    before = _balance_before(services, waiting)
    if isinstance(before, NotSent):
        log.warning("claim not shown", store=slug, reason=before.reason)
        return view
    now = services.clock()
    with services.database.writing() as session:
        if before is not None and is_unclear(session, waiting.claim.lane, since=asked_at, looked_at=asked_at, now=now):
            log.info("claim not shown", store=slug, reason="another change of the customer's balance is under way")
            return view
        is_recorded = _record_showing(session, waiting.claim, before, now)
    # Another press of the button may have been first, or a refund.
    return _leading(services, view, waiting) if is_recorded else show_order(services, slug, saleor_order_id)


def _look(services: Services, slug: str, saleor_order_id: str) -> tuple[OrderView | None, _Waiting | None]:
    with services.database.reading() as session:
        store = find_store_by_slug(session, slug)
        if store is None or store.id is None:
            return None, None
        brand, wallet = brand_of(store), link_to_wallet(services, store)
        order = _find_order(session, store.id, saleor_order_id)
        if order is None or order.id is None or order.because is None or order.erased_at is not None:
            return OrderView(OrderState.WAITING, brand, wallet_link=wallet), None
        books = books_of(session, [order.id])[order.id]
        accounts = accounts_of(session, store.id)
    if store.link_checked_at is None:
        _note_visit(services, store)
    view = OrderView(_state(order, books), brand, max(order.granted, 0), wallet_link=wallet)
    live = [claim for claim in books.claims.values() if claim.state in LIVE and claim.points > 0]
    past = {claim.id for claim in live if _is_past(services, store, accounts[claim.account_id], claim)}
    if past and len(past) == len(live):
        is_seen = any(claim.state == ClaimState.SHOWN for claim in live)
        return replace(view, state=OrderState.OVER if is_seen else OrderState.EXPIRED), None
    live = [claim for claim in live if claim.id not in past]
    if not live:
        return view, None
    newest = max(live, key=lambda claim: claim.created_at)
    return view, _Waiting(store, accounts[newest.account_id], newest)


def _is_past(services: Services, store: StoreRow, account: AccountRow, claim: ClaimRow) -> bool:
    """Tell whether a claim's time is over, although the order was not looked at since. A provider that shows claims tells it."""
    end = runs_out_at(ClaimState(claim.state), claim.expires_on, store.time_zone)
    return end is not None and end <= services.clock() and not services.provider_of(store, account).sees_claims


def _leading(services: Services, view: OrderView, waiting: _Waiting) -> OrderView:
    claim_url = services.sealer.open(waiting.claim.url_sealed)
    return replace(view, state=OrderState.READY, points=waiting.claim.points, claim_url=claim_url)


def _note_visit(services: Services, store: StoreRow) -> None:
    """Remember, once, that somebody came by the link of a known order: the shop's mails hold it."""
    first = update(StoreRow).where(col(StoreRow.id) == store.id, col(StoreRow.link_checked_at).is_(None))
    with services.database.writing() as session:
        session.execute(first.values(link_checked_at=services.clock()))


def _find_order(session: Session, store_id: int, saleor_order_id: str) -> OrderRow | None:
    return session.exec(
        select(OrderRow).where(OrderRow.store_id == store_id, OrderRow.saleor_order_id == saleor_order_id)
    ).first()


def _state(order: OrderRow, books: Books) -> OrderState:
    due = Due(order.due, order.due, Because(order.because or Because.WAITING_FOR_MOMENT))
    status = points_status(due, position_of(books, ()), was_ever_granted=books.was_ever_granted)
    if status is PointsStatus.NONE and any(claim.state == ClaimState.EXPIRED for claim in books.claims.values()):
        return OrderState.EXPIRED
    return _STATES[status]


def _can_be_shown_to_anybody(services: Services, waiting: _Waiting) -> bool:
    """Tell whether showing the claim's link loses nothing: it can still be withdrawn, or has left the house already."""
    provider = services.provider_of(waiting.store, waiting.account)
    return provider.sees_claims or waiting.claim.state == ClaimState.SHOWN


def _balance_before(services: Services, waiting: _Waiting) -> Balance | NotSent | None:
    """Look up what the customer has before the claim is shown; None where the claim is nobody's yet, or nobody can tell.

    Where the account says that it knows nobody, and did before, nobody can tell: with a balance of nothing, the claim would
    seem to be taken.
    """
    if not waiting.claim.email:
        return None
    balances = balances_now(services, services.provider_of(waiting.store, waiting.account), [waiting.claim.email])
    if isinstance(balances, NotSent):
        return balances
    judged = balances[waiting.claim.email]
    return None if judged is Absent.DOUBTFUL else held(judged)


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
