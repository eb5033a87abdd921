"""Show and change rewards by command."""

from collections.abc import Mapping

from app.domain.rewards import RewardKind
from app.errors import BadRequest
from app.usecases.merchants.change_reward import add_reward, change_reward, end_reward
from app.usecases.merchants.reward_fields import CHANNEL, read_reward_draft, reward_draft_as_typed
from app.usecases.merchants.shown_rewards import ListedReward, list_rewards, see_reward
from app.usecases.operating.show_customer import find_named_store
from app.usecases.services import Services

# What a new reward's form holds before anything is typed.
_NEW = {"is_active": "yes", "return_on_expiry": "yes", "return_on_refund": "yes"}


def show_rewards(services: Services, slug: str) -> list[ListedReward]:
    """List a store's rewards.

    Raises BadRequest when there is no such store.
    """
    return list_rewards(services, _store(services, slug)[0])


def set_reward(
    services: Services, slug: str, reward_id: int | None, kind: RewardKind, typed: Mapping[str, str], *, who: str
) -> tuple[int, bool]:
    """Make a reward (no `reward_id`), or change one; `typed` holds the fields of its form that are to change.

    Gives its number, and whether anything changed. Raises BadRequest with a sentence for what will not do, and as `add_reward`
    does.
    """
    store_id, time_zone = _store(services, slug)
    before = _NEW
    if reward_id is not None:
        terms = see_reward(services, store_id, reward_id).terms
        kind, before = terms.kind, reward_draft_as_typed(terms, time_zone=time_zone)
    if any(name.startswith(CHANNEL) for name in typed):
        # Channels that are named take the place of those before; an empty name stands for all.
        before = {name: text for name, text in before.items() if not name.startswith(CHANNEL)}
    fields = {name: text for name, text in {**before, **typed}.items() if name != CHANNEL}
    wanted, errors = read_reward_draft(fields, kind, time_zone=time_zone)
    if wanted is None:
        raise BadRequest(" ".join(f"{name}: {sentence}" for name, sentence in errors.items()))
    if reward_id is None:
        return add_reward(services, store_id, wanted, who=who), True
    return reward_id, change_reward(services, store_id, reward_id, wanted, who=who)


def close_reward(services: Services, slug: str, reward_id: int, *, who: str) -> None:
    """Let nobody take a reward any more. Raises as `end_reward` does."""
    end_reward(services, _store(services, slug)[0], reward_id, who=who)


def _store(services: Services, slug: str) -> tuple[int, str]:
    with services.database.reading() as session:
        store = find_named_store(session, slug)
        return store.id or 0, store.time_zone
