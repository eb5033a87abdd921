"""The claims that wait for one customer, by e-mail address."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_
from sqlmodel import Session, col, select

from app.db.keys import keys_in
from app.db.lanes import lane_of
from app.db.tables import AccountRow, ClaimRow, OrderRow, PointsClaimRow, StoreRow
from app.db.tables.points_claim import PointsClaimState
from app.domain.claim import LIVE
from app.domain.days import last_day
from app.domain.order_link import order_link

# A customer has a few. Of more, the newest are listed.
LISTED_MAX = 100


@dataclass(frozen=True, slots=True)
class OwnClaim:
    """A claim that waits for a customer.

    `can_be_taken` is False where the points are kept elsewhere: the shopper takes them on the page that `link` leads to.
    `link` is None where the claim belongs to no order. `last_day` is in the store's time zone; None where it never expires.
    """

    id: UUID
    points: int
    order_number: str | None
    last_day: date | None
    link: str | None
    can_be_taken: bool


def points_that_wait(session: Session, store: StoreRow, email: str, accounts: Collection[AccountRow], now: datetime) -> int:
    """Add up the claims that wait for a customer, by two queries."""
    here = select(func.coalesce(func.sum(PointsClaimRow.amount), 0)).where(*_waits_here(session, store, email, now))
    elsewhere = select(func.coalesce(func.sum(ClaimRow.points), 0)).where(*_waits_elsewhere(session, email, accounts))
    return int(session.exec(here).one()) + int(session.exec(elsewhere).one())


def claims_that_wait(
    session: Session,
    store: StoreRow,
    email: str,
    accounts: Collection[AccountRow],
    now: datetime,
    *,
    base: str,
) -> list[OwnClaim]:
    """List the claims that wait for a customer, newest first, by two queries. `base` is what order links begin with."""
    here = (
        select(PointsClaimRow, OrderRow.saleor_order_id, OrderRow.number)
        .outerjoin(ClaimRow, col(ClaimRow.token_mark) == col(PointsClaimRow.token_mark))
        .outerjoin(OrderRow, col(OrderRow.id) == col(ClaimRow.order_id))
        .where(*_waits_here(session, store, email, now))
        .order_by(col(PointsClaimRow.id).desc())
    )
    elsewhere = (
        select(ClaimRow, OrderRow.saleor_order_id, OrderRow.number)
        .join(OrderRow, col(OrderRow.id) == col(ClaimRow.order_id))
        .where(*_waits_elsewhere(session, email, accounts), OrderRow.store_id == store.id)
        .order_by(col(ClaimRow.created_at).desc())
    )

    def link(order_id: str | None) -> str | None:
        return None if order_id is None else order_link(base, store.slug, order_id)

    found = [
        OwnClaim(
            row.request_id,
            row.amount,
            number,
            last_day(row.expires_at, store.time_zone) if row.expires_at else None,
            link(order_id),
            can_be_taken=True,
        )
        for row, order_id, number in session.exec(here.limit(LISTED_MAX))
    ]
    return found + [
        OwnClaim(row.id, row.points, number, row.expires_on, link(order_id), can_be_taken=False)
        for row, order_id, number in session.exec(elsewhere.limit(LISTED_MAX))
    ]


def is_theirs(session: Session, store: StoreRow, email: str) -> tuple[ColumnElement[bool], ...]:
    """Give the conditions that a claim of the ledger is bound to a customer of this store."""
    return col(PointsClaimRow.store_id) == store.id, col(PointsClaimRow.email_key).in_(keys_in(session, email))


def _waits_here(session: Session, store: StoreRow, email: str, now: datetime) -> tuple[Any, ...]:
    is_in_time = or_(col(PointsClaimRow.expires_at).is_(None), col(PointsClaimRow.expires_at) > now)
    return *is_theirs(session, store, email), PointsClaimRow.state == PointsClaimState.OPEN, is_in_time


def _waits_elsewhere(session: Session, email: str, accounts: Collection[AccountRow]) -> tuple[Any, ...]:
    """Name the claims of orders that the ledger does not hold. Whether one that was shown was taken, nobody tells."""
    lanes = [lane_of(session, account, email) for account in accounts]
    is_in_ledger = exists().where(col(PointsClaimRow.token_mark) == col(ClaimRow.token_mark))
    return col(ClaimRow.lane).in_(lanes), col(ClaimRow.state).in_(LIVE), ClaimRow.points > 0, ~is_in_ledger
