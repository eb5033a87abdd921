"""What an account says no to, item by item or array by array, until a test clears it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Item = Mapping[str, Any]
Chosen = Callable[[Item], bool]


def is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass
class Rules:
    """Standing refusals; they apply to claims and instants alike."""

    _items: list[tuple[Chosen, str]] = field(default_factory=list)
    _arrays: list[tuple[Callable[[Sequence[Item]], bool], int]] = field(default_factory=list)

    def refuse_items(self, chosen: Chosen, message: str = "Not allowed.") -> None:
        """Answer `created: false` and `message` for the chosen items; the others go through."""
        self._items.append((chosen, message))

    def reject_arrays_longer_than(self, items: int, status: int = 413) -> None:
        """Do nothing and answer `status` for longer arrays."""
        self._arrays.append((lambda array: len(array) > items, status))

    def reject_arrays_with(self, chosen: Chosen, status: int = 422) -> None:
        """Do nothing and answer `status` for arrays that hold a chosen item."""
        self._arrays.append((lambda array: any(chosen(item) for item in array), status))

    def clear(self) -> None:
        self._items.clear()
        self._arrays.clear()

    def refusal_of(self, item: Item) -> str | None:
        return next((message for chosen, message in self._items if chosen(item)), None)

    def rejection_of(self, array: Any) -> tuple[int, str] | None:
        """Return the status and message for a body that is not taken at all."""
        if not isinstance(array, list) or not all(isinstance(item, dict) for item in array):
            return 400, "The body must be an array."
        if not all(is_whole(item.get("amount")) for item in array):
            return 400, "Every item needs an amount."
        status = next((status for is_bad, status in self._arrays if is_bad(array)), None)
        return None if status is None else (status, "The array was not accepted.")
