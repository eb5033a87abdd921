"""What may go wrong with a call to the outside, beside what requests names."""

import requests
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema


class NotConnected(requests.ConnectionError):
    """The connection was not made, or TLS not agreed on: not a byte of the request left."""


class NotPublic(NotConnected):
    """The address leads into a private network, where this call may not go. Not a byte of the request left."""


class DeadlineExceeded(requests.Timeout):
    """The whole call took longer than it may."""


class AnswerTooLong(requests.RequestException):
    """The answer is longer than any that makes sense."""


def was_never_sent(error: requests.RequestException) -> bool:
    """Tell whether the call failed before a byte of the request left. What is not surely so counts as sent."""
    return isinstance(error, NotConnected | InvalidURL | MissingSchema | InvalidSchema)
