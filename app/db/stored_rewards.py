"""Questions asked of rewards, and of what customers took."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from app.db.bulk import IsIn
from app.db.keys import keys_in
from app.db.moved_possessions import in_a_period, periods_of
from app.db.tables import RedemptionRow, RedemptionUseRow, RewardAmountRow, RewardRow, RewardVersionRow
from app.domain.redemptions import UNCOUNTED
from app.domain.rewards import RewardAmount, RewardKind, RewardTerms, Taken
from app.domain.spending import as_amount


def find_reward(session: Session, store_id: int, reward_id: int, *, lock: bool = False) -> RewardRow | None:
    """Find a reward of a store."""
    query = select(RewardRow).where(RewardRow.id == reward_id, RewardRow.store_id == store_id)
    return session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query).first()


def terms_in_force(session: Session, reward: RewardRow) -> RewardTerms:
    """Give what a reward says by its newest version."""
    newest = select(func.max(RewardVersionRow.id)).where(RewardVersionRow.reward_id == reward.id)
    return terms_of(session, [session.exec(newest).one()])[0]


def terms_in_force_of_all(session: Session, store_id: int) -> list[RewardTerms]:
    """Give what each reward of a store says by its newest version, in the order in which they were made."""
    newest = (
        select(func.max(RewardVersionRow.id))
        .join(RewardRow, col(RewardRow.id) == col(RewardVersionRow.reward_id))
        .where(RewardRow.store_id == store_id)
        .group_by(col(RewardVersionRow.reward_id))
    )
    return terms_of(session, session.exec(newest).all())


def terms_of(session: Session, version_ids: Sequence[int | None]) -> list[RewardTerms]:
    """Load versions by id, by two queries; in the order of their rewards."""
    amounts: dict[int, list[RewardAmount]] = {}
    is_theirs = col(RewardAmountRow.version_id).in_(version_ids)
    for row in session.exec(select(RewardAmountRow).where(is_theirs).order_by(col(RewardAmountRow.id))):
        amounts.setdefault(row.version_id, []).append(_amount(row))
    query: Any = (
        select(RewardVersionRow, RewardRow.kind)
        .join(RewardRow, col(RewardRow.id) == col(RewardVersionRow.reward_id))
        .where(col(RewardVersionRow.id).in_(version_ids))
        .order_by(col(RewardVersionRow.reward_id))
    )
    return [_terms(row, kind, amounts.get(row.id or 0, ())) for row, kind in session.exec(query)]


def taken_of(session: Session, reward: RewardRow, email: str) -> Taken:
    """Count who has taken a reward, as far as it counts for its limits.

    The database counts what was taken at the customer's address, too, before it lets one in: no more than is counted here.
    """
    return Taken(reward.taken, taken_by(session, reward.store_id, email).get(reward.id or 0, 0))


def taken_by(session: Session, store_id: int, email: str) -> dict[int, int]:
    """Count what a customer has taken of each reward, as far as it counts for its limit.

    What was taken at this address counts, and what was taken at others from which staff moved the customer here.
    """
    moved_here = in_a_period(periods_of(session, store_id, email), RedemptionRow.email_key, RedemptionRow.asked_at)
    query = (
        select(RedemptionRow.reward_id, func.count(col(RedemptionRow.id)))
        .where(
            RedemptionRow.store_id == store_id,
            or_(col(RedemptionRow.email_key).in_(keys_in(session, email)), moved_here),
            col(RedemptionRow.stage).not_in(UNCOUNTED),
        )
        .group_by(col(RedemptionRow.reward_id))
    )
    return {reward_id: int(count) for reward_id, count in session.exec(query)}


def used_of_rewards(session: Session, store_id: int, order_ids: Collection[str]) -> dict[str, int]:
    """Add up what orders used of gift cards that customers took for points, by order, in the smallest unit of its currency."""
    query = (
        select(RedemptionUseRow.saleor_order_id, func.sum(RedemptionUseRow.amount_units))
        .join(RedemptionRow, col(RedemptionRow.id) == col(RedemptionUseRow.redemption_id))
        .where(RedemptionRow.store_id == store_id, RedemptionRow.currency != "")
        .where(IsIn(col(RedemptionUseRow.saleor_order_id), "order_ids", order_ids))
        .group_by(col(RedemptionUseRow.saleor_order_id))
    )
    return {order_id: int(units) for order_id, units in session.exec(query)}


def cards_of_rewards(session: Session, store_id: int, card_ids: Collection[str]) -> frozenset[str]:
    """Give those of the gift cards that customers took for points."""
    if not card_ids:
        return frozenset()
    is_one_of_them = IsIn(col(RedemptionRow.saleor_id), "card_ids", card_ids)
    query = select(RedemptionRow.saleor_id).where(RedemptionRow.store_id == store_id, is_one_of_them)
    return frozenset(card_id for card_id in session.exec(query) if card_id is not None)


def lock_redemptions(session: Session, ids: Collection[int | None]) -> list[RedemptionRow]:
    """Lock redemptions by id, and their rewards before them: an end may change how often a reward counts as taken."""
    rewards = select(RedemptionRow.reward_id).where(col(RedemptionRow.id).in_(ids))
    locked = select(RewardRow.id).where(col(RewardRow.id).in_(rewards)).order_by(col(RewardRow.id)).with_for_update()
    session.exec(locked).all()
    query = select(RedemptionRow).where(col(RedemptionRow.id).in_(ids)).order_by(col(RedemptionRow.id)).with_for_update()
    return list(session.exec(query.execution_options(populate_existing=True)))


def amount_of(redemption: RedemptionRow) -> Decimal:
    """Give what a gift card holds when it is made."""
    return as_amount(redemption.amount_units, redemption.currency)


def _amount(row: RewardAmountRow) -> RewardAmount:
    return RewardAmount(row.currency, as_amount(row.amount_units, row.currency), row.points_per_unit)


def _terms(row: RewardVersionRow, kind: str, amounts: Sequence[RewardAmount]) -> RewardTerms:
    return RewardTerms(
        id=row.id or 0,
        reward_id=row.reward_id,
        kind=RewardKind(kind),
        name=row.name,
        text=row.text,
        picture_url=row.picture_url,
        points=row.points,
        amounts=tuple(amounts),
        voucher_id=row.voucher_id,
        voucher_name=row.voucher_name,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        limit_in_all=row.limit_in_all,
        limit_each=row.limit_each,
        channels=tuple(row.channels.split()),
        days_valid=row.days_valid,
        return_on_expiry=row.return_on_expiry,
        return_on_refund=row.return_on_refund,
        is_active=row.is_active,
    )
