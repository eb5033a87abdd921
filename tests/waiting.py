"""How long tests wait: until the thing happens, however slow the machine is. Only what never happens meets the bound."""

import os
from collections.abc import Callable
from threading import Event
from time import monotonic
from typing import TypeVar

# For one wait, one request, one start of a process. A test that fails takes this long to fail: who mends it may set less.
PATIENCE_SECONDS = int(os.environ.get("PATIENCE_SECONDS") or 300)
# For a process that does many such things, one after the other.
STORY_SECONDS = 4 * PATIENCE_SECONDS
POLL_SECONDS = 0.05
# The first is over at once. Each next one is for a machine on which the request did not even leave within the one before.
DEADLINES_SECONDS = (0.2, 2, 20, 200)

T = TypeVar("T")


def wait_until(is_so: Callable[[], bool], *, what: str) -> None:
    """Ask until it is so; TimeoutError, saying what was waited for, when it never is."""
    ends_at = monotonic() + PATIENCE_SECONDS
    while not is_so():
        if monotonic() > ends_at:
            message = f"{what}: not within {PATIENCE_SECONDS} seconds"
            raise TimeoutError(message)
        Event().wait(POLL_SECONDS)


def call_that_arrives(call: Callable[[float], T], has_arrived: Callable[[], bool]) -> T:
    """Make a call that no server will answer, and give what came of it.

    `call` takes the seconds that it may last. It is made with the shortest of the deadlines within which the request reaches
    the server, which `has_arrived` tells: a call that ends before it was sent ends differently, and is not what is tested.
    """
    for seconds in DEADLINES_SECONDS:
        result = call(seconds)
        if has_arrived():
            return result
    message = f"the request did not arrive within {DEADLINES_SECONDS[-1]} seconds"
    raise TimeoutError(message)
