"""What the bench is at, on standard error: a line for each part, and a bar in it where somebody looks."""

import sys
import threading
import time

BAR = 40


class Progress:
    """The parts of one run, each with the time at which it began."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._what = ""

    def say(self, what: str) -> None:
        """Begin a part."""
        with self._lock:
            self._what = what
            print(self._line(), file=sys.stderr, flush=True)

    def show(self, done: int, of: int) -> None:
        """Show how much of the part is done."""
        if not sys.stderr.isatty():
            return
        with self._lock:
            end = "\r" if done < of else "\n"
            print(f"{self._line()}  [{'#' * (BAR * done // of):{BAR}}] {done:,} of {of:,}", end=end, file=sys.stderr, flush=True)

    def _line(self) -> str:
        return f"{time.monotonic() - self._began:5.0f} s  {self._what}"
