"""The running processes of this installation, and when one of them counts as missing."""

from datetime import datetime, timedelta
from enum import StrEnum

# How often a process writes down that it lives.
SIGN_EVERY = timedelta(seconds=30)
# Four signs: a restart, or a database that is busy for a minute, is no cause for alarm.
MISSING_AFTER = timedelta(minutes=2)


class ProcessKind(StrEnum):
    """WEB serves HTTP, WORKER settles orders. `run` starts one of each."""

    WEB = "web"
    WORKER = "worker"


def is_missing(seen_at: datetime | None, now: datetime) -> bool:
    """Tell whether a process that was seen last at a moment, or never, is missing."""
    return seen_at is None or now - seen_at > MISSING_AFTER


def missing_since(seen_at: datetime | None, watched_since: datetime | None, now: datetime) -> datetime | None:
    """Tell since when a kind of process is missing; None where it is not, or where nobody can know yet.

    `seen_at` is its last sign of life, `watched_since` the start of the process that looks. That one gives others time to start:
    `run` starts the web first.
    """
    if watched_since is None or not is_missing(watched_since, now) or not is_missing(seen_at, now):
        return None
    return seen_at or watched_since
