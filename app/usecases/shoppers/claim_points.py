"""Claim points of the embedded provider: show what a claim link stands for, and take it."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import structlog
from sqlmodel import Session, col, select

from app.db.stores import brand_of
from app.db.tables import ClaimRow, OrderRow, PointsClaimRow, StoreRow
from app.db.waking import wake
from app.domain.brand import Brand
from app.domain.claim import LIVE, ClaimState
from app.domain.days import last_day
from app.domain.earning import Because
from app.domain.email import is_typed_well, masked
from app.domain.order_link import order_link
from app.ledger.entries import find_claims, take
from app.providers.embedded import state_of
from app.sealing import fingerprint
from app.usecases.services import Services
from app.usecases.shoppers.claim_receipt import read_receipt, write_receipt
from app.usecases.shoppers.find_wallet import link_to_wallet
from app.usecases.shoppers.note_opening import note_opening

log = structlog.get_logger()


class Refusal(StrEnum):
    """Why a claim was not taken although it is open."""

    BAD_EMAIL = "bad_email"


class Withdrawn(StrEnum):
    """Why a claim is void.

    CANCELLED  its order was cancelled
    REFUNDED   its order earns less now than the claim held
    REPLACED   another link of the order has its points, or had them
    """

    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class ClaimView:
    """What a claim page shows. `bound_to` is the masked address of a bound claim; `balance` is told to nobody else.

    `wallet_link` is None where the store's wallet is off. Days and times are those of the store's time zone. `receipt` shows the
    same view once more for some minutes: whoever took the claim is sent to a page that can be reloaded, and nobody else learns
    the balance.
    """

    state: ClaimState
    brand: Brand
    points: int
    bound_to: str | None = None
    taken_at: datetime | None = None
    last_day: date | None = None
    withdrawn: Withdrawn | None = None
    order_link: str | None = None
    wallet_link: str | None = None
    balance: int | None = None
    is_taken_now: bool = False
    refusal: Refusal | None = None
    receipt: str = ""


def show_claim(services: Services, token: str, *, receipt: str = "") -> ClaimView | None:
    """Show a claim; None when there is none of this token. Takes nothing: mail scanners follow links.

    The first opening is noted, for the merchant.
    """
    now = services.clock()
    with services.database.reading() as session:
        claim = find_claims(session, [fingerprint(token)]).get(fingerprint(token))
        if claim is None:
            return None
        view = _view(services, session, claim, now)
        is_first = claim.opened_at is None and view.state is ClaimState.OPEN
    if is_first:
        note_opening(services.database, fingerprint(token), now)
    shown = read_receipt(services.sealer, receipt, fingerprint(token), now) if view.state is ClaimState.TAKEN else None
    return view if shown is None else replace(view, is_taken_now=True, balance=shown.balance)


def take_claim(services: Services, token: str, email: str) -> ClaimView | None:
    """Take a claim, for its own e-mail if it is bound and else for the one given; None when there is none of this token.

    However often and from wherever it is taken, its points are given once.
    """
    return take_marked_claim(services, fingerprint(token), email)


def take_marked_claim(services: Services, token_mark: str, email: str) -> ClaimView | None:
    """Take the claim whose token has this mark, as `take_claim` does."""
    now = services.clock()
    with services.database.writing() as session:
        # The order is locked before its claim, here as everywhere.
        order_id = _lock_order(session, token_mark)
        claim = find_claims(session, [token_mark], lock=True).get(token_mark)
        if claim is None:
            return None
        is_bound = bool(claim.email)
        is_open = state_of(claim, now) is ClaimState.OPEN
        if is_open and not is_bound and not is_typed_well(email):
            return _view(services, session, claim, now, refusal=Refusal.BAD_EMAIL)
        customer = take(session, claim, claim.email or email.strip(), now) if is_open else None
        if customer is not None:
            if order_id is not None:
                wake(session, order_id, now)
            # Whoever may type any address learns nobody's balance.
            balance = customer.available if is_bound else None
            receipt = write_receipt(services.sealer, token_mark, balance, now)
            view = replace(_view(services, session, claim, now), is_taken_now=True, balance=balance, receipt=receipt)
        else:
            view = _view(services, session, claim, now)
    if customer is not None:
        log.info("claim taken", store_id=claim.store_id, points=view.points)
    return view


def _lock_order(session: Session, token_mark: str) -> int | None:
    of_claim = select(ClaimRow.order_id).where(ClaimRow.token_mark == token_mark)
    return session.exec(select(OrderRow.id).where(col(OrderRow.id).in_(of_claim)).with_for_update()).first()


def _view(
    services: Services,
    session: Session,
    claim: PointsClaimRow,
    now: datetime,
    *,
    refusal: Refusal | None = None,
) -> ClaimView:
    session.refresh(claim)
    store = session.get_one(StoreRow, claim.store_id)
    zone = ZoneInfo(store.time_zone)
    order = _order_of(session, claim)
    state = state_of(claim, now)
    return ClaimView(
        state=state,
        brand=brand_of(store),
        points=claim.amount,
        bound_to=masked(claim.email) if claim.email else None,
        taken_at=claim.taken_at.astimezone(zone) if claim.taken_at is not None else None,
        last_day=last_day(claim.expires_at, store.time_zone) if claim.expires_at is not None else None,
        withdrawn=_why_withdrawn(session, claim, order) if state is ClaimState.VOID else None,
        order_link=order_link(services.claim_url_base, store.slug, order.saleor_order_id) if order is not None else None,
        wallet_link=link_to_wallet(services, store),
        refusal=refusal,
    )


def _order_of(session: Session, claim: PointsClaimRow) -> OrderRow | None:
    query = select(OrderRow).join(ClaimRow, col(ClaimRow.order_id) == col(OrderRow.id))
    return session.exec(query.where(ClaimRow.token_mark == claim.token_mark)).first()


def _why_withdrawn(session: Session, claim: PointsClaimRow, order: OrderRow | None) -> Withdrawn | None:
    if order is None:
        return None
    if order.because == Because.CANCELLED:
        return Withdrawn.CANCELLED
    is_good = col(ClaimRow.state).in_((*LIVE, ClaimState.TAKEN))
    others = select(ClaimRow.id).where(ClaimRow.order_id == order.id, ClaimRow.token_mark != claim.token_mark, is_good)
    if session.exec(others.where(ClaimRow.points > 0).limit(1)).first() is not None:
        return Withdrawn.REPLACED
    return Withdrawn.REFUNDED if order.due == 0 else None
