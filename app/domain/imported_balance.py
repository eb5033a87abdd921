"""Balances that come from somebody else's books."""

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """What a customer has, by somebody else's books. Without `used` or a type, those stay as they are.

    `expires_on` is the last day of the points that the row adds; without one, the store's policy says how long they last.
    """

    line: int
    email: str = field(repr=False)
    available: int
    used: int | None = None
    customer_type: str | None = None
    expires_on: date | None = None

    @property
    def mark(self) -> str:
        """Give what makes the same row twice the same: its numbers, and its day."""
        numbers = f"{self.available}/{'' if self.used is None else self.used}"
        return numbers if self.expires_on is None else f"{numbers}/{self.expires_on}"


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """By how much a customer's balance is to change. The reference makes the same row twice the same."""

    line: int
    email: str = field(repr=False)
    change: int
    reference: str
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class BroughtIn:
    """What became of some rows: how many were known from before, and by how many points the others moved balances.

    `refused` counts changes that would have taken more than the balance holds.
    """

    rows: int = 0
    known: int = 0
    new_customers: int = 0
    points: int = 0
    refused: int = 0

    def __add__(self, other: "BroughtIn") -> "BroughtIn":
        return BroughtIn(
            self.rows + other.rows,
            self.known + other.known,
            self.new_customers + other.new_customers,
            self.points + other.points,
            self.refused + other.refused,
        )
