"""Everything that happened to an order, in one line of time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.usecases.merchants.history import ShownAdjustment, ShownClaim, ShownEvent, ShownMovement, ShownOrder


class Happening(StrEnum):
    """What an entry of the timeline is about."""

    PLACED = "placed"
    HEARD = "heard"
    EVENT = "event"
    EVENT_AGAIN = "event_again"
    MOVEMENT = "movement"
    OPENED = "opened"
    TAKEN = "taken"
    ADJUSTED = "adjusted"
    READ = "read"


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One entry. `movement`, `event` or `adjustment` is what it is about, where there is one."""

    at: datetime
    what: Happening
    points: int = 0
    who: str | None = None
    movement: ShownMovement | None = None
    event: ShownEvent | None = None
    adjustment: ShownAdjustment | None = None


def timeline(
    order: ShownOrder,
    *,
    movements: Sequence[ShownMovement],
    claims: Sequence[ShownClaim],
    adjustments: Sequence[ShownAdjustment],
    events: Sequence[ShownEvent],
) -> list[TimelineEntry]:
    """Put all that is known of an order in order of time, newest first."""
    entries = [
        *_of_order(order),
        *_of_events(events),
        *(
            TimelineEntry(one.ended_at or one.planned_at, Happening.MOVEMENT, one.points, one.decided_by, movement=one)
            for one in movements
        ),
        *_of_claims(claims),
        *(TimelineEntry(one.made_at, Happening.ADJUSTED, one.points, one.made_by, adjustment=one) for one in adjustments),
    ]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _of_order(order: ShownOrder) -> Iterator[TimelineEntry]:
    if order.placed_at is not None and order.read_at is not None:
        yield TimelineEntry(order.placed_at, Happening.PLACED)
        yield TimelineEntry(order.read_at, Happening.READ)
    yield TimelineEntry(order.created_at, Happening.HEARD)


def _of_events(events: Sequence[ShownEvent]) -> Iterator[TimelineEntry]:
    for event in events:
        yield TimelineEntry(event.first_at, Happening.EVENT, event=event)
        if event.count > 1:
            yield TimelineEntry(event.last_at, Happening.EVENT_AGAIN, event=event)


def _of_claims(claims: Sequence[ShownClaim]) -> Iterator[TimelineEntry]:
    for claim in claims:
        if claim.opened_at is not None:
            yield TimelineEntry(claim.opened_at, Happening.OPENED, claim.points)
        if claim.taken_at is not None:
            yield TimelineEntry(claim.taken_at, Happening.TAKEN, claim.points)
