"""A clock that stands still until it is moved."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


class MovableClock:
    """Call it for the time; `advance` moves it. Each call is a microsecond later, as no two moments are the same."""

    def __init__(self, start: datetime = START) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now

    def advance(self, **units: int) -> None:
        """Move the clock, by `timedelta` units: `advance(hours=1)`."""
        self.now += timedelta(**units)
