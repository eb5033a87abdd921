"""What can take a mail away, and what came of it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from app.mail.letter import Letter


class Fate(StrEnum):
    """What became of one mail.

    TAKEN: it is on its way. LATER: not now (4xx). NO_ADDRESS: nobody has that address (5xx at RCPT). REFUSED: not this mail.
    SENDER_REFUSED: no mail with this sender. UNKNOWN: it was handed over, and the answer was lost. NOT_OURS: `may_send` said no.
    """

    TAKEN = "taken"
    LATER = "later"
    NO_ADDRESS = "no_address"
    REFUSED = "refused"
    SENDER_REFUSED = "sender_refused"
    UNKNOWN = "unknown"
    NOT_OURS = "not_ours"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mail, and what the server said, without any address."""

    fate: Fate
    said: str = ""


# Asked right before the mail is handed over, once its receiver was accepted.
MaySend = Callable[[], bool]


class Round(Protocol):
    """One connection, for several mails."""

    def hand_over(self, letter: Letter, may_send: MaySend) -> Outcome:
        """Hand over one mail.

        Raises MailServerDown where the connection is lost before the mail was handed over: nothing was sent, for sure.
        """
        ...


class Courier(Protocol):
    """Where mails go."""

    def open(self) -> AbstractContextManager[Round]:
        """Connect. Raises MailServerDown, or MailServerRefused where user and password are wrong."""
        ...
