"""Claim points of the embedded provider: show what a claim link stands for, and take it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import structlog
from sqlmodel import Session, col, select

from app.domain.claim import ClaimState
from app.points.embedded import state_of
from app.points.ledger import find_claims, take
from app.sealing import fingerprint
from app.store.models import ClaimRow, OrderRow, PointsClaimRow, StoreRow
from app.store.waiting import wake
from app.usecases.order_link import order_link
from app.usecases.services import Services

log = structlog.get_logger()

EMAIL_LENGTH_MAX = 254


class Refusal(StrEnum):
    """Why a claim was not taken although it is open."""

    BAD_EMAIL = "bad_email"


@dataclass(frozen=True, slots=True)
class ClaimView:
    """What a claim page shows. `bound_to` is the masked address of a bound claim; `balance` is told to nobody else."""

    state: ClaimState
    shop: str
    points: int
    bound_to: str | None = None
    taken_at: datetime | None = None
    expires_at: datetime | None = None
    order_link: str | None = None
    balance: int | None = None
    refusal: Refusal | None = None

    @property
    def last_day(self) -> date | None:
        """The last day on which the claim can be taken, in UTC."""
        return self.expires_at.date() if self.expires_at is not None else None


def show_claim(services: Services, token: str) -> ClaimView | None:
    """Show a claim; None when there is none of this token. Changes nothing: mail scanners follow links."""
    with services.database.reading() as session:
        claim = find_claims(session, [fingerprint(token)]).get(fingerprint(token))
        return None if claim is None else _view(services, session, claim, services.clock())


def take_claim(services: Services, token: str, email: str) -> ClaimView | None:
    """Take a claim, for its own e-mail if it is bound and else for the one given; None when there is none of this token.

    However often and from wherever it is taken, its points are given once.
    """
    now = services.clock()
    with services.database.writing() as session:
        claim = find_claims(session, [fingerprint(token)], lock=True).get(fingerprint(token))
        if claim is None:
            return None
        is_bound = bool(claim.email)
        is_open = state_of(claim, now) is ClaimState.OPEN
        if is_open and not is_bound and not is_address(email):
            return _view(services, session, claim, now, refusal=Refusal.BAD_EMAIL)
        customer = take(session, claim, claim.email or email.strip(), now) if is_open else None
        if customer is not None:
            _wake_order(session, claim, now)
        view = _view(services, session, claim, now, balance=customer.available if customer is not None and is_bound else None)
    if customer is not None:
        log.info("claim taken", store_id=claim.store_id, points=view.points)
    return view


def is_address(email: str) -> bool:
    """Tell whether a text can be an e-mail address. Only a mail to it could tell more."""
    address = email.strip()
    name, at, host = address.rpartition("@")
    is_plausible = bool(name and at and "." in host.strip(".")) and len(address) <= EMAIL_LENGTH_MAX
    return is_plausible and address.isprintable() and " " not in address


def masked(email: str) -> str:
    """Hide an address so that its owner knows it and nobody else learns it: `j•••@e•••.com`."""
    name, _, host = email.strip().rpartition("@")
    label, _, ending = host.rpartition(".")
    return f"{name[:1]}•••@{label[:1]}•••.{ending}"


def _wake_order(session: Session, claim: PointsClaimRow, now: datetime) -> None:
    order_id = session.exec(select(ClaimRow.order_id).where(ClaimRow.token_mark == claim.token_mark)).first()
    if order_id is not None:
        wake(session, order_id, now)


def _view(
    services: Services,
    session: Session,
    claim: PointsClaimRow,
    now: datetime,
    *,
    balance: int | None = None,
    refusal: Refusal | None = None,
) -> ClaimView:
    session.refresh(claim)
    store = session.get_one(StoreRow, claim.store_id)
    saleor_order_id = session.exec(
        select(OrderRow.saleor_order_id)
        .join(ClaimRow, col(ClaimRow.order_id) == col(OrderRow.id))
        .where(ClaimRow.token_mark == claim.token_mark)
    ).first()
    return ClaimView(
        state=state_of(claim, now),
        shop=store.name,
        points=claim.amount,
        bound_to=masked(claim.email) if claim.email else None,
        taken_at=claim.taken_at,
        expires_at=claim.expires_at,
        order_link=order_link(services.claim_url_base, store.slug, saleor_order_id) if saleor_order_id else None,
        balance=balance,
        refusal=refusal,
    )
