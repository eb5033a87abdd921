"""Limits how often one address may ask."""

from flask import request
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from werkzeug.exceptions import TooManyRequests


class RequestLimiter:
    """Counts requests by address, in this process."""

    def __init__(self, limit: str) -> None:
        self._limit = parse(limit)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def check(self) -> None:
        """Raise TooManyRequests, with the time to wait, once the caller's address has asked too often."""
        if not self._limiter.hit(self._limit, request.remote_addr or ""):
            raise TooManyRequests("Too many requests. Try again in a minute.", retry_after=self._limit.get_expiry())
