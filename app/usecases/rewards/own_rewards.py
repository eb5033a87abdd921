"""Show one signed-in shopper the rewards: what each costs them, what they still lack, and why one cannot be taken."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.db.stored_rewards import find_reward, taken_by, terms_in_force
from app.domain.rewards import (
    RewardAmount,
    RewardKind,
    RewardPrice,
    RewardRefusal,
    RewardTerms,
    Taken,
    Wish,
    decide_price,
    why_closed,
)
from app.usecases.confirmed_shoppers import SignedIn
from app.usecases.rewards.offer_rewards import offer_rewards
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class RewardChoice:
    """One way to take a reward: a voucher's code, or a gift card in one currency.

    `points` is what it costs; None where the customer still has to choose an amount, up to `amount`. `missing` is what the
    customer lacks; None while that is not known.
    """

    currency: str
    amount: Decimal | None
    points: int | None
    missing: int | None


@dataclass(frozen=True, slots=True)
class ShownReward:
    """A reward that is open. `is_yours_taken`: this customer has taken it as often as each may."""

    terms: RewardTerms
    choices: tuple[RewardChoice, ...]
    is_yours_taken: bool

    @property
    def cheapest(self) -> RewardChoice:
        """The first choice: the choices of a reward differ in their currency only, not in what they cost."""
        return self.choices[0]


def show_rewards(services: Services, shopper: SignedIn, spendable: int | None) -> list[ShownReward]:
    """List the open rewards for a customer who can spend so many points; None: it is not known now."""
    offered = offer_rewards(services, shopper.store_id)
    with services.database.reading() as session:
        taken = taken_by(session, shopper.store_id, shopper.email)
    return [
        ShownReward(
            terms=one.terms,
            choices=_choices(one.terms, spendable),
            is_yours_taken=one.terms.limit_each is not None and taken.get(one.terms.reward_id, 0) >= one.terms.limit_each,
        )
        for one in offered
    ]


def show_reward(
    services: Services, shopper: SignedIn, reward_id: int, spendable: int | None
) -> ShownReward | RewardRefusal | None:
    """Show one reward, or tell why nobody can take it now; None where the store has no such."""
    found = next((one for one in show_rewards(services, shopper, spendable) if one.terms.reward_id == reward_id), None)
    if found is not None:
        return found
    with services.database.reading() as session:
        reward = find_reward(session, shopper.store_id, reward_id)
        terms = None if reward is None else terms_in_force(session, reward)
    return None if terms is None else why_closed(terms, services.clock()) or RewardRefusal.ALL_TAKEN


def with_amount(
    terms: RewardTerms, choice: RewardChoice, amount: Decimal, spendable: int | None, now: datetime
) -> RewardChoice | None:
    """Tell what an amount costs that the customer chose; None where it cannot be had."""
    wish = Wish(choice.currency, amount, channel_of(terms))
    price = decide_price(terms, wish, Taken(), now)
    if not isinstance(price, RewardPrice):
        return None
    return RewardChoice(choice.currency, amount, price.points, _missing(price.points, spendable))


def channel_of(terms: RewardTerms) -> str:
    """Give a channel of a reward's. A wallet is a store's, not a channel's: a code works where the shop's terms for it say."""
    return terms.channels[0] if terms.channels else ""


def _choices(terms: RewardTerms, spendable: int | None) -> tuple[RewardChoice, ...]:
    if terms.kind is RewardKind.VOUCHER:
        return (RewardChoice("", None, terms.points, _missing(terms.points, spendable)),)
    return tuple(_choice(terms, amount, spendable) for amount in terms.amounts)


def _choice(terms: RewardTerms, one: RewardAmount, spendable: int | None) -> RewardChoice:
    points = terms.points if one.points_per_unit is None else None
    return RewardChoice(one.currency, one.amount, points, _missing(points, spendable))


def _missing(points: int | None, spendable: int | None) -> int | None:
    return None if points is None or spendable is None else max(0, points - spendable)
