"""Checks of a reward's terms as the merchant typed them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.domain.bounds import POINTS_MAX
from app.domain.rewards import RewardAmount, RewardKind, RewardTerms
from app.domain.spending import minor_units

NAME_LENGTH_MAX = 80
TEXT_LENGTH_MAX = 500
# Ten years: a code that is good for longer is good for ever.
DAYS_VALID_MAX = 3650
LIMIT_MAX = 1_000_000_000


class RewardFault(NamedTuple):
    """A field of a reward that cannot be saved as typed, and why."""

    name: str
    sentence: str


def faults_of(terms: RewardTerms) -> list[RewardFault]:
    """Find what is wrong with the terms. None: they may be put in force."""
    return [*_of_words(terms), *_of_price(terms), *_of_limits(terms)]


def _of_words(terms: RewardTerms) -> Iterator[RewardFault]:
    if not 0 < len(terms.name) <= NAME_LENGTH_MAX:
        yield RewardFault("name", f"Give it a name of at most {NAME_LENGTH_MAX} characters.")
    if len(terms.text) > TEXT_LENGTH_MAX:
        yield RewardFault("text", f"The text can have {TEXT_LENGTH_MAX} characters at most.")


def _of_price(terms: RewardTerms) -> Iterator[RewardFault]:
    if any(one.points_per_unit is not None for one in terms.amounts):
        if terms.points is not None:
            yield RewardFault("points", "Where the customer chooses the amount, the points follow from it. Leave them empty.")
        if any(one.points_per_unit is None for one in terms.amounts):
            yield RewardFault("amounts", "Say for each currency how many points 1.00 costs.")
    elif terms.points is None or not 0 < terms.points <= POINTS_MAX:
        yield RewardFault("points", f"Points are a whole number from 1 to {POINTS_MAX}.")
    if terms.kind is RewardKind.AMOUNT:
        yield from _of_amounts(terms.amounts)
    elif not terms.voucher_id:
        yield RewardFault("voucher", "Choose a voucher.")
    elif terms.amounts:
        yield RewardFault("amounts", "A voucher has no amount here: Saleor knows what it is worth.")


def _of_amounts(amounts: Sequence[RewardAmount]) -> Iterator[RewardFault]:
    if not amounts:
        yield RewardFault("amounts", "Give an amount in at least one currency.")
    if len({one.currency for one in amounts}) < len(amounts):
        yield RewardFault("amounts", "Give one amount for each currency.")
    for one in amounts:
        if one.amount <= 0:
            yield RewardFault("amounts", "An amount is above 0.")
        if one.points_per_unit is not None and one.points_per_unit <= 0:
            yield RewardFault("amounts", "1.00 costs more than 0 points.")
        if not _has_digits(one):
            yield RewardFault("amounts", f"{one.amount} has more digits than {one.currency} has.")


def _of_limits(terms: RewardTerms) -> Iterator[RewardFault]:
    if terms.starts_at is not None and terms.ends_at is not None and terms.starts_at >= terms.ends_at:
        yield RewardFault("ends_at", "The end comes before the beginning.")
    for name, limit in (("limit_in_all", terms.limit_in_all), ("limit_each", terms.limit_each)):
        if limit is not None and not 0 < limit <= LIMIT_MAX:
            yield RewardFault(name, "A limit is a whole number above 0. Leave it empty for none.")
    if terms.days_valid is not None and not 0 < terms.days_valid <= DAYS_VALID_MAX:
        yield RewardFault("days_valid", f"A code is good for 1 to {DAYS_VALID_MAX} days. Leave it empty for ever.")


def _has_digits(one: RewardAmount) -> bool:
    try:
        minor_units(one.amount, one.currency)
    except ValueError:
        return False
    return True
