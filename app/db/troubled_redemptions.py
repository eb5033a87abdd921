"""The rewards taken that need a person: counted and listed, by a bounded query each."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from app.db.approval_requests import COUNTED_MAX
from app.db.tables import RedemptionRow, RewardVersionRow
from app.db.tables.redemption import REDEMPTION_NEEDS_A_PERSON

LISTED_MAX = 10


@dataclass(frozen=True, slots=True)
class TroubledRedemption:
    """A reward that a customer took and that waits for a person."""

    reward_id: int
    reward: str
    email: str
    code: str
    sentence: str


def count_troubled_redemptions(store_id: Any, *, limit: int = COUNTED_MAX + 1) -> Any:
    """Build the question how many redemptions of a store need a person, to be asked within another one. It counts to `limit`."""
    some = select(RedemptionRow.id).where(col(RedemptionRow.store_id) == store_id, REDEMPTION_NEEDS_A_PERSON).limit(limit)
    return select(func.count()).select_from(some.correlate_except(RedemptionRow).subquery()).scalar_subquery()


def troubled_redemptions(session: Session, store_id: int) -> list[TroubledRedemption]:
    """List the newest redemptions that need a person. One query."""
    newest = (
        select(RedemptionRow)
        .where(RedemptionRow.store_id == store_id, REDEMPTION_NEEDS_A_PERSON)
        .order_by(col(RedemptionRow.id).desc())
        .limit(LISTED_MAX)
        .subquery()
    )
    query = core_select(newest, col(RewardVersionRow.name)).join(
        RewardVersionRow, col(RewardVersionRow.id) == newest.c.version_id
    )
    return [
        TroubledRedemption(
            reward_id=one.reward_id, reward=one.name, email=one.email, code=one.problem_code, sentence=one.problem or ""
        )
        for one in session.execute(query.order_by(newest.c.id.desc()))
    ]
