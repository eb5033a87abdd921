"""What was done about somebody's points, as pages show it: changes, claim links, what staff did, what Saleor told.

The fields are those of the tables with these names.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ShownOrder:
    """An order as we know it."""

    saleor_order_id: str
    number: str | None
    email: str | None
    status: str | None
    due: int
    granted: int
    shortfall: int
    problem: str | None
    look_at: datetime | None
    told_at: datetime | None
    read_at: datetime | None
    placed_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ShownMovement:
    """A change that was asked of an account."""

    id: UUID
    account_id: int
    kind: str
    state: str
    points: int
    email: str
    call_id: UUID | None
    planned_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None
    available_before: int | None
    looked_available: int | None
    is_for_staff: bool
    reason: str | None
    decided_by: str | None
    target_id: UUID | None


@dataclass(frozen=True, slots=True)
class ShownClaim:
    """A claim link of an order, without its address. `opened_at` is when it was first opened, where that is known."""

    id: UUID
    account_id: int
    points: int
    state: str
    created_at: datetime
    expires_on: date | None
    opened_at: datetime | None
    taken_at: datetime | None
    taken_by: str | None


@dataclass(frozen=True, slots=True)
class ShownAdjustment:
    """What a person changed, and why. `points` is what they asked for. `email_key` is None where it was an order's."""

    id: int
    points: int
    reason: str
    made_by: str
    made_at: datetime
    claim_id: UUID | None
    email_key: str | None = None


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """How often, and when, Saleor told of one type of event."""

    type: str
    count: int
    first_at: datetime
    last_at: datetime
