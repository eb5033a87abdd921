"""One deadline for a call to the outside, or for several together: a page or a registration waits for all that it makes.

A time-out of requests holds for each read, so a server that sends a byte now and then could hold a caller for ever. Here every
connect, handshake, write and read gets as its time-out what is left of the whole.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

# Sockets take no time-out without an end.
_LONGEST_SECONDS = 3600.0

_ends_at: ContextVar[float] = ContextVar("ends_at", default=float("inf"))


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let all that this thread does in the block end within so many seconds, and no later than the block around it."""
    token = _ends_at.set(min(monotonic() + seconds, _ends_at.get()))
    try:
        yield
    finally:
        _ends_at.reset(token)


def is_over() -> bool:
    """Tell whether the deadline has passed."""
    return monotonic() >= _ends_at.get()


def seconds_left(at_most: float = _LONGEST_SECONDS) -> float:
    """Give the time-out of the next step. Raises TimeoutError when the deadline has passed."""
    left = _ends_at.get() - monotonic()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return min(left, at_most)
