"""Batches of changes: points that staff give to many customers at once, or take from them. A batch can be undone."""

from dataclasses import dataclass, field
from enum import StrEnum

# One batch has at most so many changes.
CHANGES_MAX = 100_000


@dataclass(frozen=True, slots=True)
class WantedChange:
    """Points for one customer, below zero to take them. `line` is that of a file, or the place in a list."""

    line: int
    email: str = field(repr=False)
    points: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Unusable:
    """A row from which no change can be made, and why."""

    line: int
    sentence: str


@dataclass(frozen=True, slots=True)
class CheckedChange:
    """What one row would do. If the row cannot be used, `refusal` says why, and there is no customer.

    `expected` is what it would move now; None where that is not known.
    """

    line: int
    email: str | None = field(repr=False)
    points: int | None
    reason: str = ""
    expected: int | None = None
    refusal: str = ""


class BatchState(StrEnum):
    """How far a batch has come.

    READING    its changes are being written down; nobody sees it yet
    DISCARDED  nobody wants it any more; it is deleted soon
    CHECKED    all are written down, and it waits for somebody to run it
    WAITING    it is above a limit, and waits for somebody else's approval
    REFUSED    somebody refused it; nothing was changed
    RUNNING    its changes are being made
    DONE       each change was made or refused
    UNDOING    what was made is being undone; what was not made yet is not made any more
    UNDONE     all that was made was undone, as far as it could be
    """

    READING = "reading"
    DISCARDED = "discarded"
    CHECKED = "checked"
    WAITING = "waiting"
    REFUSED = "refused"
    RUNNING = "running"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


class ChangeState(StrEnum):
    """How far one change of a batch has come.

    READY         it was not made yet
    REFUSED       it cannot be made, or the points provider refused it
    ASKED         it is made; the points provider's answer is awaited
    DONE          it moved points
    UNDO_ASKED    it is being undone; the points provider's answer is awaited
    UNDONE        some or all of its points were moved back
    UNDO_REFUSED  none of its points could be moved back
    """

    READY = "ready"
    REFUSED = "refused"
    ASKED = "asked"
    DONE = "done"
    UNDO_ASKED = "undo_asked"
    UNDONE = "undone"
    UNDO_REFUSED = "undo_refused"


# A worker goes on with such a batch.
AT_WORK = (BatchState.RUNNING, BatchState.UNDOING)
# Somebody ran it.
STARTED = (BatchState.RUNNING, BatchState.DONE, BatchState.UNDOING, BatchState.UNDONE)
# Nothing of it was made, and nothing will be without somebody's word.
NOT_STARTED = (BatchState.CHECKED, BatchState.WAITING, BatchState.REFUSED)
