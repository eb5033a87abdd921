"""What an examination found."""

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """How something does."""

    OK = "ok"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one thing, in a sentence, and what to do where something is to be done."""

    subject: str
    health: Health
    sentence: str
    advice: str = ""
