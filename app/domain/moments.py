"""Stored moments that make something wait, read so that a clock which was ahead and is put back delays nothing.

Example: a pause lasts an hour at most. One that ends tomorrow was written by a clock that was a day ahead, so it is ignored.
"""

from datetime import datetime, timedelta

# Clocks of two machines that follow a time server do not differ by more.
CLOCKS_AGREE_WITHIN = timedelta(seconds=30)


def holds(until: datetime | None, now: datetime, *, longest: timedelta) -> bool:
    """Tell whether something still waits until a moment. One further ahead than `longest`, its greatest wait, is ignored."""
    return until is not None and now < until <= now + longest


def is_due(last: datetime | None, now: datetime, *, every: timedelta) -> bool:
    """Tell whether something that repeats is due again. A last time that lies in the future is ignored."""
    return last is None or last <= now - every or last > now + CLOCKS_AGREE_WITHIN
