"""Mails about the points of an order: that they are waiting, and, once, that they still are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from app.db.tables import ClaimRow, OrderRow, PointsClaimRow, StoreRow
from app.domain.claim import ClaimState, runs_out_at
from app.domain.mails import MailKind
from app.domain.order_link import order_link
from app.providers.embedded import state_of
from app.usecases.mailing.outbox import NewMail, days_of, on_since, put_mail
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class ReadyOrder:
    """An order whose points have begun to wait."""

    id: int
    email: str
    language: str
    placed_at: datetime


@dataclass(frozen=True, slots=True)
class WaitingPoints:
    """Points that can be claimed, and the last day on which the first of them can."""

    points: int
    last_day: date | None


def put_order_mails(session: Session, services: Services, store: StoreRow, orders: Iterable[ReadyOrder]) -> None:
    """Put the mails about orders whose points have begun to wait into the outbox, in the transaction that says so.

    Orders that were placed before a kind was switched on get no mail of it. One order has one mail of each kind, ever.
    """
    if services.courier is None:
        return
    now = services.clock()
    since = {kind: on_since(session, store.id or 0, kind) for kind in (MailKind.POINTS_READY, MailKind.REMINDER)}
    if not any(since.values()):
        return
    days = days_of(session, store.id or 0, MailKind.REMINDER)
    for order in orders:
        for kind, began in since.items():
            if began is not None and order.placed_at >= began:
                send_at = now + timedelta(days=days) if kind is MailKind.REMINDER else now
                values = {"order_id": order.id}
                put_mail(session, services, store, NewMail(kind, order.email, str(order.id), order.language, values, send_at))


def values_of_order(session: Session, services: Services, store: StoreRow, order_id: object) -> dict[str, object] | None:
    """Give what a mail says about an order as it is now; None where nothing waits to be claimed any more."""
    order = session.get(OrderRow, order_id)
    if order is None or order.erased_at is not None:
        return None
    waiting = waiting_points(session, store, order.id or 0, services.clock())
    if waiting is None:
        return None
    return {
        "points": waiting.points,
        "last_day": waiting.last_day.isoformat() if waiting.last_day is not None else None,
        "order": order.number or "",
        "link": order_link(services.claim_url_base, store.slug, order.saleor_order_id),
    }


def waiting_points(session: Session, store: StoreRow, order_id: int, now: datetime) -> WaitingPoints | None:
    """Add up what can be claimed of an order. A claim at Coggins that was shown may be taken already: it does not count."""
    query = select(ClaimRow).where(ClaimRow.order_id == order_id, ClaimRow.state == ClaimState.OPEN, col(ClaimRow.points) > 0)
    claims = [claim for claim in session.exec(query) if not _is_past(store, claim, now)]
    held = select(PointsClaimRow).where(col(PointsClaimRow.token_mark).in_([claim.token_mark for claim in claims]))
    states = {one.token_mark: state_of(one, now) for one in session.exec(held)}
    open_ones = [claim for claim in claims if states.get(claim.token_mark, ClaimState.OPEN) is ClaimState.OPEN]
    if not open_ones:
        return None
    days = [claim.expires_on for claim in open_ones if claim.expires_on is not None]
    return WaitingPoints(sum(claim.points for claim in open_ones), min(days, default=None))


def _is_past(store: StoreRow, claim: ClaimRow, now: datetime) -> bool:
    end = runs_out_at(ClaimState.OPEN, claim.expires_on, store.time_zone)
    return end is not None and end <= now
