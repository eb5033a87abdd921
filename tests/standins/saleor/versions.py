"""Things that change, with what they were before: so that a read can show them as a replica that lags does."""

from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")


class Versions(Generic[T]):
    """All versions of all things of one kind, by id. One that is deleted has None as its last."""

    def __init__(self) -> None:
        self._versions: dict[str, list[tuple[datetime, T | None]]] = {}

    def put(self, key: str, value: T | None, moment: datetime) -> None:
        self._versions.setdefault(key, []).append((moment, value))

    def get(self, key: str) -> T | None:
        return self._versions[key][-1][1] if key in self._versions else None

    def all(self, as_of: datetime | None = None) -> list[T]:
        """Return what there is now, or what there was at a moment, in the order in which it was made."""
        last = [
            next((value for moment, value in reversed(versions) if as_of is None or moment <= as_of), None)
            for versions in self._versions.values()
        ]
        return [value for value in last if value is not None]
