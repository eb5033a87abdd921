"""Work that nobody waits for: a thread of its own does it, one errand of a name at a time, and few in all."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

ERRANDS_MAX = 2


class Errands:
    """The errands of one process. Those that find no thread free are left: whoever needs them asks again."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._running: dict[str, threading.Thread] = {}
        self._begun: dict[str, datetime] = {}

    def begin(self, name: str, work: Callable[[], object], now: datetime, *, every: timedelta) -> None:
        """Begin an errand, unless it runs, has been begun within `every`, or too many others run."""
        with self._changing:
            before = self._begun.get(name)
            is_too_soon = before is not None and before <= now < before + every
            if name in self._running or is_too_soon or len(self._running) >= ERRANDS_MAX:
                return
            self._begun[name] = now
            thread = threading.Thread(target=self._do, args=(name, work), name=f"errand {name}", daemon=True)
            self._running[name] = thread
            thread.start()

    def wait(self, seconds: float) -> None:
        """Wait for the errands that run."""
        with self._changing:
            running = list(self._running.values())
        for thread in running:
            thread.join(seconds)

    def _do(self, name: str, work: Callable[[], object]) -> None:
        try:
            work()
        finally:
            with self._changing:
                del self._running[name]
