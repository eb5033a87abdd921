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


def contradicts(points: int, *, before: Balance, now: Balance) -> bool:
    """True if the newest balance contradicts the verdict DID_NOT.

    Example: before 0, credit 50 lost, two looks said 0, now 50: the first request did arrive.
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
