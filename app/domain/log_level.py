"""How much a log entry asks of the merchant."""

from enum import StrEnum


class LogLevel(StrEnum):
    """How much a log entry asks of the merchant: nothing, a look, or to act."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
