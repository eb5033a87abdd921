"""Rewards: what points are exchanged for, and whether a customer may take one now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from app.domain.bounds import POINTS_MAX
from app.domain.spending import minor_units


class RewardKind(StrEnum):
    """What a customer gets.

    AMOUNT   a gift card that the app makes in Saleor
    VOUCHER  a code of one of the shop's own vouchers, good once
    """

    AMOUNT = "amount"
    VOUCHER = "voucher"


class RewardRefusal(StrEnum):
    """Why a reward cannot be taken. Storefronts read these codes.

    ENDED        the merchant has ended the reward
    NOT_YET      its first day has not come
    OVER         its last day has passed
    CHANNEL      it is for other channels
    CURRENCY     it has no amount in this currency
    AMOUNT       the amount is missing, zero, above the limit, or has more digits than the currency
    ALL_TAKEN    as many were taken as the merchant gives out
    YOURS_TAKEN  this customer has taken as many as each may
    PRICE        it costs something else by now than the storefront has shown
    NO_POINTS    the customer has fewer points than it costs
    BUSY         another change of this customer's points is under way
    TRY_AGAIN    the points provider does not answer
    """

    ENDED = "ended"
    NOT_YET = "not_yet"
    OVER = "over"
    CHANNEL = "channel"
    CURRENCY = "currency"
    AMOUNT = "amount"
    ALL_TAKEN = "all_taken"
    YOURS_TAKEN = "yours_taken"
    PRICE = "price"
    NO_POINTS = "no_points"
    BUSY = "busy"
    TRY_AGAIN = "try_again"


@dataclass(frozen=True, slots=True)
class RewardAmount:
    """What a gift card holds in one currency.

    Without `points_per_unit` it is just `amount`. With it, the customer chooses an amount up to that: so many points for 1.00.
    """

    currency: str
    amount: Decimal
    points_per_unit: Decimal | None = None


@dataclass(frozen=True, slots=True)
class RewardTerms:
    """One version of a reward.

    `points` is what it costs; None where the customer chooses the amount. An AMOUNT has `amounts`, one for each currency; a
    VOUCHER has `voucher_id`. It can be taken from `starts_at` until `ends_at`, by customers of `channels` (none named: of all).
    A code is good for `days_valid` days (None: for ever). `return_on_expiry`: what was not used by then comes back as points.
    `return_on_refund`: where an order that used it is cancelled or refunded, points come back in proportion.
    """

    id: int
    reward_id: int
    kind: RewardKind
    name: str
    text: str = ""
    picture_url: str = ""
    points: int | None = None
    amounts: tuple[RewardAmount, ...] = ()
    voucher_id: str | None = None
    voucher_name: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    limit_in_all: int | None = None
    limit_each: int | None = None
    channels: tuple[str, ...] = ()
    days_valid: int | None = None
    return_on_expiry: bool = True
    return_on_refund: bool = True
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Wish:
    """What a customer asks for.

    `amount` is for rewards of any amount; `channel` for those that are not for all channels. `points` are what the customer was
    told that it costs.
    """

    currency: str = ""
    amount: Decimal | None = None
    channel: str = ""
    points: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """How often a reward was taken, as far as that counts: by everybody, and by this customer."""

    in_all: int = 0
    by_customer: int = 0


@dataclass(frozen=True, slots=True)
class RewardPrice:
    """What a reward costs, and what its gift card holds, in the smallest unit. A voucher counts as 1 of no currency."""

    points: int
    currency: str = ""
    amount_units: int = 1


def why_closed(terms: RewardTerms, now: datetime) -> RewardRefusal | None:
    """Tell why nobody can take a reward now; None while it is open."""
    if not terms.is_active:
        return RewardRefusal.ENDED
    if terms.starts_at is not None and now < terms.starts_at:
        return RewardRefusal.NOT_YET
    if terms.ends_at is not None and now >= terms.ends_at:
        return RewardRefusal.OVER
    return None


def decide_price(terms: RewardTerms, wish: Wish, taken: Taken, now: datetime) -> RewardPrice | RewardRefusal:
    """Decide what a reward costs a customer now, or why it cannot be taken. The balance is not looked at."""
    closed = why_closed(terms, now)
    if closed is not None:
        return closed
    if terms.channels and wish.channel not in terms.channels:
        return RewardRefusal.CHANNEL
    if terms.limit_in_all is not None and taken.in_all >= terms.limit_in_all:
        return RewardRefusal.ALL_TAKEN
    if terms.limit_each is not None and taken.by_customer >= terms.limit_each:
        return RewardRefusal.YOURS_TAKEN
    price = RewardPrice(terms.points or 0) if terms.kind is RewardKind.VOUCHER else _price_of_amount(terms, wish)
    if isinstance(price, RewardPrice) and wish.points is not None and wish.points != price.points:
        return RewardRefusal.PRICE
    return price


def _price_of_amount(terms: RewardTerms, wish: Wish) -> RewardPrice | RewardRefusal:
    chosen = amount_in(terms.amounts, wish.currency)
    if chosen is None:
        return RewardRefusal.CURRENCY
    if chosen.points_per_unit is None:
        # A storefront may repeat the amount that it has shown. Any other is a mistake.
        if wish.amount is not None and wish.amount != chosen.amount:
            return RewardRefusal.AMOUNT
        return RewardPrice(terms.points or 0, chosen.currency, minor_units(chosen.amount, chosen.currency))
    if wish.amount is None or not 0 < wish.amount <= chosen.amount:
        return RewardRefusal.AMOUNT
    try:
        units = minor_units(wish.amount, chosen.currency)
    except ValueError:
        return RewardRefusal.AMOUNT
    points = points_for(wish.amount, chosen.points_per_unit)
    return RewardPrice(points, chosen.currency, units) if points <= POINTS_MAX else RewardRefusal.AMOUNT


def amount_in(amounts: Sequence[RewardAmount], currency: str) -> RewardAmount | None:
    """Choose the amount of a currency. Where there is only one, no currency needs to be named."""
    if not currency and len(amounts) == 1:
        return amounts[0]
    return next((one for one in amounts if one.currency == currency), None)


def points_for(amount: Decimal, points_per_unit: Decimal) -> int:
    """Tell what an amount costs: whole points, rounded up, so that no split of an amount is cheaper."""
    return -int(-(Fraction(amount) * Fraction(points_per_unit)) // 1)
