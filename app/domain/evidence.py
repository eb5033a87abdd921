"""What became of an INSTANT whose answer was lost: judged by the balance before and two looks after."""

from datetime import timedelta
from enum import StrEnum

from app.domain.claim import NO_POINTS, Balance

FIRST_LOOK_AFTER = timedelta(minutes=2)
SECOND_LOOK_AFTER = timedelta(minutes=10)

# An account that was reached by its address, and says of everybody that it knows nobody, is looked at again for so long.
DISBELIEVED_FOR = timedelta(days=1)

# Asked blindly a second time it could pay twice; asked once more after two looks found nothing, it very nearly cannot.
ASKS_MAX = 2


class Verdict(StrEnum):
    """HAPPENED: it is accepted. DID_NOT: ask once more. FOR_STAFF: a person must look."""

    HAPPENED = "happened"
    DID_NOT = "did_not"
    FOR_STAFF = "for_staff"


def is_credible(seen: Balance | None, *, known: Balance) -> bool:
    """Tell whether an account that says it knows no such customer (`seen` is None) may be believed.

    Not where it knew one: then a server that stands before it, or one that took its place, does not know the address at all.
    """
    return seen is not None or known == NO_POINTS


def is_belied(points: int, *, before: Balance, now: Balance) -> bool:
    """Tell whether a verdict that a change of `points` did not happen is belied by the look before it is asked for once more.

    Of a customer who had nothing, looks at an account that is out of order see nothing either. Whoever has that much now may
    have it from the first asking.
    """
    return before == NO_POINTS != now and (points < 0 or now.ever >= points)


def judge(points: int, *, before: Balance, first: Balance, second: Balance, asks: int, could_be_a_claim: bool) -> Verdict:
    """Judge by two looks whether a change of `points` happened.

    Only balances that stand still and moved by exactly the amount, or not at all, are proof. `could_be_a_claim`: claims of
    just that amount may have been taken meanwhile. They look like a credit that happened, and make a debit that happened look
    as if it had not. (DESIGN, Granting and taking back.)
    """
    moved = second.available - before.available
    if first != second or second.used != before.used or (could_be_a_claim and (points > 0 or moved == 0)):
        return Verdict.FOR_STAFF
    if moved == points:
        return Verdict.HAPPENED
    if moved == 0 and asks < ASKS_MAX:
        return Verdict.DID_NOT
    return Verdict.FOR_STAFF
