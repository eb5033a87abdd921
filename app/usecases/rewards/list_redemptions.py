"""List what customers took for points: newest first, a page at a time. Codes are not in it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from app.db.former_addresses import former_addresses
from app.db.keys import keys_in
from app.db.stored_rewards import amount_of
from app.db.tables import RedemptionRow, RewardVersionRow
from app.domain.redemptions import DELETED, SETTLEABLE, WITHDRAWABLE, RedemptionStage
from app.usecases.operating.show_customer import find_named_store
from app.usecases.services import Services

LISTED_MAX = 50


@dataclass(frozen=True, slots=True)
class ListedRedemption:
    """A redemption as staff see it. A voucher has no amount here. `problem` says why it waits, or why it
    ended as it did.
    """

    id: int
    reference: UUID
    reward_id: int
    name: str
    at: datetime
    email: str
    points: int
    returned_points: int
    amount: Decimal | None
    used: Decimal | None
    currency: str
    stage: RedemptionStage
    over_at: datetime | None
    problem: str | None
    # What staff may do about it: take it back, or, where its gift card was deleted, settle it.
    can_be_withdrawn: bool
    # It changes by itself in seconds: the worker has it in hand, or the points provider.
    is_soon_done: bool
    is_deleted: bool


def list_redemptions(
    services: Services, store_id: int, *, email: str = "", reward_id: int | None = None, before_id: int | None = None
) -> list[ListedRedemption]:
    """List up to fifty redemptions: everybody's or one customer's, of all rewards or of one.

    One customer's are also those from before a move, at the addresses that the customer had then.
    """
    with services.database.reading() as session:
        query = (
            select(RedemptionRow, RewardVersionRow.name)
            .join(RewardVersionRow, col(RewardVersionRow.id) == col(RedemptionRow.version_id))
            .where(RedemptionRow.store_id == store_id)
        )
        if email:
            query = query.where(_is_of_customer(session, store_id, email))
        if reward_id is not None:
            query = query.where(RedemptionRow.reward_id == reward_id)
        if before_id is not None:
            query = query.where(col(RedemptionRow.id) < before_id)
        found = session.exec(query.order_by(col(RedemptionRow.id).desc()).limit(LISTED_MAX)).all()
    return [_listed(row, name) for row, name in found]


def list_redemptions_of(
    services: Services, slug: str, *, email: str = "", reward_id: int | None = None, before_id: int | None = None
) -> list[ListedRedemption]:
    """List redemptions of a store by its name.

    Raises BadRequest when there is no such store.
    """
    with services.database.reading() as session:
        store_id = find_named_store(session, slug).id or 0
    return list_redemptions(services, store_id, email=email, reward_id=reward_id, before_id=before_id)


def find_by_card(services: Services, store_id: int, saleor_id: str) -> ListedRedemption | None:
    """Find what a customer took as this gift card of Saleor. None where the card was not made for points."""
    with services.database.reading() as session:
        found = session.exec(
            select(RedemptionRow, RewardVersionRow.name)
            .join(RewardVersionRow, col(RewardVersionRow.id) == col(RedemptionRow.version_id))
            # A voucher's code has no currency.
            .where(RedemptionRow.store_id == store_id, RedemptionRow.saleor_id == saleor_id, RedemptionRow.currency != "")
        ).first()
    return None if found is None else _listed(*found)


def _is_of_customer(session: Session, store_id: int, email: str) -> ColumnElement[bool]:
    is_theirs: list[ColumnElement[bool]] = [col(RedemptionRow.email_key).in_(keys_in(session, email))]
    is_theirs.extend(
        and_(col(RedemptionRow.email_key) == one.key, col(RedemptionRow.asked_at) <= one.until)
        for one in former_addresses(session, store_id, email)
    )
    return or_(*is_theirs)


def _listed(row: RedemptionRow, name: str) -> ListedRedemption:
    amount = amount_of(row) if row.currency else None
    return ListedRedemption(
        id=row.id or 0,
        reference=row.reference,
        reward_id=row.reward_id,
        name=name,
        at=row.asked_at,
        email=row.email,
        points=row.points,
        returned_points=row.returned_points + row.refunded_points,
        amount=amount,
        used=None if amount is None else amount * row.used_units / row.amount_units,
        currency=row.currency,
        stage=RedemptionStage(row.stage),
        over_at=row.over_at,
        problem=" ".join(said for said in (row.problem, row.because) if said) or None,
        can_be_withdrawn=RedemptionStage(row.stage) in WITHDRAWABLE and row.problem_code != DELETED,
        is_soon_done=_is_soon_done(row),
        is_deleted=row.problem_code == DELETED and RedemptionStage(row.stage) in SETTLEABLE,
    )


def _is_soon_done(row: RedemptionRow) -> bool:
    if row.problem_code is not None:
        return False
    is_blocked_now = row.stage == RedemptionStage.WITHDRAWING and row.blocked_at is None
    return is_blocked_now or row.stage in {RedemptionStage.ASKED, RedemptionStage.TAKEN, RedemptionStage.RETURNING}
