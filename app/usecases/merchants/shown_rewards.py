"""Rewards as the merchant sees them: what each says, and whether it can be taken now."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import select

from app.db.stored_rewards import find_reward, terms_in_force, terms_in_force_of_all
from app.db.tables import RewardRow
from app.domain.rewards import RewardRefusal, RewardTerms, why_closed
from app.errors import BadRequest
from app.usecases.merchants.change_reward import NO_REWARD
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class ListedReward:
    """A reward. `taken` is how often it counts as taken; `closed` says why nobody can take it now."""

    terms: RewardTerms
    taken: int
    closed: RewardRefusal | None


def list_rewards(services: Services, store_id: int) -> list[ListedReward]:
    """List a store's rewards, the ended ones too, in the order in which they were made. Three queries."""
    now = services.clock()
    with services.database.reading() as session:
        rows = session.exec(select(RewardRow).where(RewardRow.store_id == store_id))
        taken = {row.id: row.taken for row in rows}
        return [_listed(terms, taken.get(terms.reward_id, 0), now) for terms in terms_in_force_of_all(session, store_id)]


def see_reward(services: Services, store_id: int, reward_id: int) -> ListedReward:
    """Look at one reward.

    Raises BadRequest when the store has no such reward.
    """
    with services.database.reading() as session:
        reward = find_reward(session, store_id, reward_id)
        if reward is None:
            raise BadRequest(NO_REWARD)
        return _listed(terms_in_force(session, reward), reward.taken, services.clock())


def _listed(terms: RewardTerms, taken: int, now: datetime) -> ListedReward:
    closed = why_closed(terms, now)
    if closed is None and terms.limit_in_all is not None and taken >= terms.limit_in_all:
        closed = RewardRefusal.ALL_TAKEN
    return ListedReward(terms, taken, closed)
