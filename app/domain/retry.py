"""When to look again."""

from datetime import timedelta

BACKOFF_FIRST = timedelta(seconds=5)
BACKOFF_LONGEST = timedelta(hours=1)
# With the longest jitter. Whoever asks for more patience is asked hourly all the same.
PAUSE_LONGEST = BACKOFF_LONGEST * 5 / 4

# Our key is refused or the address is wrong: a merchant has to act, and should not wait long afterwards.
PROBE_EVERY = timedelta(minutes=5)

# A read that is older than what we were told comes from a replica that lags: seconds, not minutes.
REPLICA_LAG = timedelta(seconds=5)
_REPLICA_LAGS = 6

# A customer's other INSTANT is under way: it takes one call.
LANE_BUSY = timedelta(seconds=2)
_LANE_BUSIES = 5

FIRST_SHORTFALL_LOOK = timedelta(hours=1)
_SHORTFALL_FIRST_LOOKS = (FIRST_SHORTFALL_LOOK, timedelta(hours=6), timedelta(days=1))
SHORTFALL_EVERY = timedelta(days=7)
_SHORTFALL_GIVEN_UP_AFTER = timedelta(days=90)

# A shown claim is mostly taken at once or within the day; later it only matters when a refund asks for it.
_SHOWN_CLAIM_LOOKS = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(days=1))
# A last look that told nothing is made up for until then.
SHOWN_LOOKED_AT_FOR = timedelta(days=2)


def backoff(failures: int, *, jitter: int = 0) -> timedelta:
    """Give the pause after so many failures in a row: doubling from 5 seconds to an hour.

    `jitter` (0 to 100) adds up to a quarter, so that many waiters do not come back at one instant.
    """
    pause: timedelta = min(BACKOFF_FIRST * 2 ** min(max(failures - 1, 0), 20), BACKOFF_LONGEST)
    return pause + pause * jitter / 400


def replica_wait(failures: int) -> timedelta:
    """Give the pause after so many answers in a row that were older than what we know: five seconds, half a minute long."""
    return REPLICA_LAG if failures <= _REPLICA_LAGS else backoff(failures - _REPLICA_LAGS)


def lane_wait(failures: int) -> timedelta:
    """Give the pause after finding a customer's other INSTANT under way so many times in a row."""
    return LANE_BUSY if failures <= _LANE_BUSIES else backoff(failures - _LANE_BUSIES)


def next_shortfall_look(since: timedelta) -> timedelta | None:
    """Give the time from the beginning of a shortfall to its next look; None once it is left to staff.

    `since` is how long the shortfall has lasted: an hour, 6 hours, a day, then weekly for 90 days.
    """
    for look in _SHORTFALL_FIRST_LOOKS:
        if since < look:
            return look
    weeks = since // SHORTFALL_EVERY + 1
    look = SHORTFALL_EVERY * weeks
    return look if look <= _SHORTFALL_GIVEN_UP_AFTER else None


def shown_pause(since: timedelta, since_end: timedelta | None) -> timedelta | None:
    """Give the pause after a look at a shown claim that told nothing; None where no other is worth while.

    `since` is how long ago it was shown, `since_end` how long it has been over. In the first days of both the looks are many.
    After its end they go on for as long as points to take back are looked for: until then the order's number may be wrong.
    """
    if since < SHOWN_LOOKED_AT_FOR or (since_end is not None and timedelta() <= since_end < SHOWN_LOOKED_AT_FOR):
        return PROBE_EVERY
    is_over = since_end is not None and since_end >= timedelta()
    return timedelta(days=1) if is_over and since_end is not None and since_end < _SHORTFALL_GIVEN_UP_AFTER else None


def next_shown_look(since: timedelta) -> timedelta | None:
    """Give the time from the first showing of a claim link to the next look at whether it was taken."""
    return next((look for look in _SHOWN_CLAIM_LOOKS if since < look), None)
