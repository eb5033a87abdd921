"""The mails that the app sends itself: which there are, how long each may wait, and what becomes of one."""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum

from app.domain import retry
from app.domain.email import is_address


class MailKind(StrEnum):
    """What a mail is for."""

    POINTS_READY = "points_ready"
    REMINDER = "reminder"
    REWARD_CODE = "reward_code"
    SIGN_IN = "sign_in"
    POINTS_END = "points_end"


class Urgency(IntEnum):
    """NOW: somebody sits there and waits. LATER: nobody does. Each has a sender of its own: many of one never hold the other."""

    NOW = 0
    LATER = 1


class MailState(StrEnum):
    """WAITING and SENDING: not over. SENT: the server took it. FAILED: the server refused it for good.

    LATE: its time was over before the server took it. UNSURE: the answer was lost, and this mail must not come twice.
    DROPPED: nobody needs it any more: a claim was taken, the kind was switched off, the customer opted out.
    """

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    LATE = "late"
    UNSURE = "unsure"
    DROPPED = "dropped"


OPEN = frozenset({MailState.WAITING, MailState.SENDING})


@dataclass(frozen=True, slots=True)
class Manner:
    """How mails of a kind are treated. `waits_at_most`: later than this after its time, a mail helps nobody."""

    urgency: Urgency
    waits_at_most: timedelta
    # Sent again when the answer was lost. Where it is not, the mail may get lost, but never comes twice.
    comes_again: bool
    # A shopper can do without it, by one click.
    can_be_declined: bool


MANNERS = {
    MailKind.SIGN_IN: Manner(Urgency.NOW, timedelta(minutes=10), comes_again=True, can_be_declined=False),
    MailKind.REWARD_CODE: Manner(Urgency.NOW, timedelta(days=7), comes_again=True, can_be_declined=False),
    MailKind.POINTS_READY: Manner(Urgency.LATER, timedelta(days=3), comes_again=False, can_be_declined=True),
    MailKind.REMINDER: Manner(Urgency.LATER, timedelta(days=3), comes_again=False, can_be_declined=True),
    # The second mail is written seven days before the last day. Six days later one day is left.
    MailKind.POINTS_END: Manner(Urgency.LATER, timedelta(days=6), comes_again=False, can_be_declined=True),
}
# One that waits is tried no later than this after the failure before: a person is waiting for it.
_LONGEST_PAUSE = {Urgency.NOW: timedelta(minutes=1), Urgency.LATER: retry.BACKOFF_LONGEST}

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
SUBJECT_MAX = 200


def pause_after(failures: int, urgency: Urgency, *, jitter: int = 0) -> timedelta:
    """Give the pause before a mail is tried again."""
    return min(retry.backoff(failures, jitter=jitter), _LONGEST_PAUSE[urgency])


def as_header(text: str, *, at_most: int = SUBJECT_MAX) -> str:
    """Make a text fit for a header: one line, without what controls anything."""
    return _CONTROL.sub(" ", text).strip()[:at_most]


def is_sender(address: str) -> bool:
    """Tell whether a text can stand as the sender: an address of plain letters, because not every server takes others."""
    return is_address(address) and address.isascii() and not set(address) & set('<>,;:\\"()[]')
