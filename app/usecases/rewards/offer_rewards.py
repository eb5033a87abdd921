"""Tell a storefront which rewards can be taken now."""

from dataclasses import dataclass

from sqlmodel import select

from app.db.stored_rewards import terms_in_force_of_all
from app.db.tables import RewardRow
from app.domain.rewards import RewardTerms, why_closed
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class OfferedReward:
    """A reward that can be taken now. `left` is how many are left; None: there is no limit."""

    terms: RewardTerms
    left: int | None


def offer_rewards(services: Services, store_id: int, *, channel: str = "") -> list[OfferedReward]:
    """List the rewards that are open, in the order in which they were made. Those of one channel, where it is named."""
    now = services.clock()
    with services.database.reading() as session:
        taken = {row.id: row.taken for row in session.exec(select(RewardRow).where(RewardRow.store_id == store_id))}
        found = terms_in_force_of_all(session, store_id)
    offered = [OfferedReward(terms, _left(terms, taken[terms.reward_id])) for terms in found if why_closed(terms, now) is None]
    return [one for one in offered if one.left != 0 and _is_for(one.terms, channel)]


def _left(terms: RewardTerms, taken: int) -> int | None:
    return None if terms.limit_in_all is None else max(0, terms.limit_in_all - taken)


def _is_for(terms: RewardTerms, channel: str) -> bool:
    return not channel or not terms.channels or channel in terms.channels
