"""One deadline for several calls: a page or a registration that makes them waits for all of them together."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

_ends_at: ContextVar[float | None] = ContextVar("ends_at", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let all calls that this thread makes in the block end within so many seconds, together."""
    outer, ends_at = _ends_at.get(), monotonic() + seconds
    token = _ends_at.set(ends_at if outer is None else min(ends_at, outer))
    try:
        yield
    finally:
        _ends_at.reset(token)


def seconds_left(at_most: float) -> float:
    """Tell how long the next call of this thread may take: at most `at_most`, and at most what its block has left."""
    ends_at = _ends_at.get()
    return at_most if ends_at is None else min(at_most, ends_at - monotonic())
