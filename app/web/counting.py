"""Counts requests in this process's memory: a moving window for each caller."""

import threading
import time
from collections import deque
from collections.abc import Callable

# Callers whose window is empty are forgotten once there are so many, and then whenever there are twice as many as were left.
FORGOTTEN_FROM = 1024


class MovingWindows:
    """At most `amount` requests of each caller in any `seconds`. `clock` tells seconds."""

    def __init__(self, amount: int, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._amount, self._seconds, self._clock = amount, seconds, clock
        self._of_callers: dict[str, deque[float]] = {}
        self._changing = threading.Lock()
        self._forget_at = FORGOTTEN_FROM

    def __len__(self) -> int:
        """Give how many callers are remembered."""
        return len(self._of_callers)

    def hit(self, caller: str) -> bool:
        """Count a request, and tell whether it is within the limit. One that is not is not counted."""
        with self._changing:
            window = self._of_callers.get(caller)
            if window is None:
                window = self._of_callers[caller] = deque()
            now = self._clock()
            self._let_go(window, now)
            if len(window) >= self._amount:
                return False
            window.append(now)
            if len(self._of_callers) >= self._forget_at:
                self._forget(now)
            return True

    def test(self, caller: str) -> bool:
        """Tell like `hit`, but count nothing."""
        with self._changing:
            window = self._of_callers.get(caller, deque())
            self._let_go(window, self._clock())
            return len(window) < self._amount

    def _let_go(self, window: deque[float], now: float) -> None:
        while window and window[0] <= now - self._seconds:
            window.popleft()

    def _forget(self, now: float) -> None:
        for caller, window in list(self._of_callers.items()):
            if not window or window[-1] <= now - self._seconds:
                del self._of_callers[caller]
        self._forget_at = max(FORGOTTEN_FROM, 2 * len(self._of_callers))
