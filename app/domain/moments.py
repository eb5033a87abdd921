"""Moments that hold something up. A clock may be put back: what lies further ahead than it ever should holds nothing up."""

from datetime import datetime, timedelta

# Clocks of two machines that follow a time server do not differ by more.
CLOCKS_AGREE_WITHIN = timedelta(seconds=30)


def holds(until: datetime | None, now: datetime, *, longest: timedelta) -> bool:
    """Tell whether something waits until a moment. One that is set for `longest` at most is not believed beyond that."""
    return until is not None and now < until <= now + longest


def is_due(last: datetime | None, now: datetime, *, every: timedelta) -> bool:
    """Tell whether what was done last at a moment is to be done again. A moment ahead of us does not count."""
    return last is None or last <= now - every or last > now + CLOCKS_AGREE_WITHIN
