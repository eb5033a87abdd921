"""Void an open claim: take its earned points off what the order is due, and let the worker withdraw the link.

If only the claim were withdrawn at the provider, the next look would find that the order lacks points, and would grant them
again. So voiding is an adjustment of the order, which names the claim. Less is due then, and settling does what it always does:
it first withdraws what nobody has taken. Points of the same link that staff gave to the order can still be claimed.
"""

from uuid import UUID

import structlog
from sqlmodel import Session, col, select

from app.db.books import books_of
from app.db.form_tokens import FormToken, is_first
from app.db.logbook import write_log
from app.db.tables import AccountRow, AdjustmentRow, ClaimRow, OrderRow, StoreRow
from app.db.waking import wake
from app.domain.arithmetic_versions import NEWEST
from app.domain.claim import ClaimState
from app.errors import BadRequest
from app.usecases.merchants.adjust_points import TEXT_LENGTH_MAX
from app.usecases.services import Services

log = structlog.get_logger()

_REASON = "Claim link withdrawn: "


def void_claim(services: Services, store_id: int, claim_id: UUID, *, reason: str, who: str, once: FormToken | None = None) -> int:
    """Void a claim that nobody has opened or taken. Returns how many points can no longer be claimed.

    Raises BadRequest when it is not open any more, was voided before, or there is no reason.
    """
    if not 0 < len(reason.strip()) <= TEXT_LENGTH_MAX - len(_REASON):
        raise BadRequest("Say why: it stays with the order.")
    _refuse_taken(services, store_id, claim_id)
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return 0
        claim, order = _locked(session, store_id, claim_id)
        books = books_of(session, [claim.order_id])[claim.order_id]
        points = claim.points - books.gifts_on_link(claim.points, order.granted)
        adjustment = AdjustmentRow(
            store_id=store_id,
            order_id=order.id,
            points=-points,
            reason=_REASON + reason.strip(),
            made_by=who,
            made_at=now,
            claim_id=claim.id,
            arithmetic=NEWEST,
        )
        session.add(adjustment)
        wake(session, order.id or 0, now)
        said = f"The claim link of order {order.number or ''} is withdrawn: {points} points. {reason.strip()}"
        write_log(session, store_id, "claim_withdrawn", said, now=now, made_by=who)
    log.info("claim voided", store_id=store_id, points=points)
    return points


def _locked(session: Session, store_id: int, claim_id: UUID) -> tuple[ClaimRow, OrderRow]:
    """Lock the claim's order and give both, as they stand then."""
    order = session.exec(
        select(OrderRow)
        .join(ClaimRow, col(ClaimRow.order_id) == col(OrderRow.id))
        .where(OrderRow.store_id == store_id, ClaimRow.id == claim_id)
        .with_for_update(of=OrderRow)
    ).first()
    claim = session.get(ClaimRow, claim_id) if order is not None else None
    if order is None or claim is None or claim.state != ClaimState.OPEN or claim.points <= 0:
        raise BadRequest("This claim is not open any more, so it cannot be withdrawn.")
    if session.exec(select(AdjustmentRow.id).where(AdjustmentRow.claim_id == claim_id)).first() is not None:
        raise BadRequest("This claim was withdrawn before.")
    return claim, order


def _refuse_taken(services: Services, store_id: int, claim_id: UUID) -> None:
    """Refuse a claim that was taken since the order was last looked at, as the provider knows."""
    with services.database.reading() as session:
        found = session.exec(
            select(ClaimRow, AccountRow, StoreRow)
            .join(AccountRow, col(AccountRow.id) == col(ClaimRow.account_id))
            .join(StoreRow, col(StoreRow.id) == col(AccountRow.store_id))
            .where(ClaimRow.id == claim_id, StoreRow.id == store_id)
        ).first()
    if found is None:
        raise BadRequest("This claim is not open any more, so it cannot be withdrawn.")
    claim, account, store = found
    seen = services.provider_of(store, account).seen_claims([claim.token_mark], now=services.clock())
    if claim.token_mark in seen and seen[claim.token_mark].state is not ClaimState.OPEN:
        raise BadRequest(
            "The shopper has taken these points, or the claim is over. Nothing was changed; take points with a reason."
        )
