"""Limits how often one address, or one key, may ask."""

from ipaddress import IPv4Address, ip_address, ip_network
from typing import NoReturn

import structlog
from flask import request
from limits import parse
from limits.errors import ConfigurationError, StorageError
from limits.storage import RedisStorage, Storage
from limits.strategies import MovingWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

from app.errors import BadSetting
from app.web.counting import MovingWindows

log = structlog.get_logger()

# A shared count is asked on every request: it is quick, or it does not count.
STORAGE_SECONDS = 0.5
IPV6_NETWORK_BITS = 64


def open_storage(url: str) -> Storage | None:
    """Open the Redis in which several processes count requests together; None for this process's memory. Connects to nothing yet.

    Raises BadSetting when the library for it is not installed.
    """
    if url.startswith("memory:"):
        return None
    try:
        return RedisStorage(url, wrap_exceptions=True, socket_timeout=STORAGE_SECONDS, socket_connect_timeout=STORAGE_SECONDS)
    except ConfigurationError:
        raise BadSetting("LIMITS_STORAGE_URL: the redis package is not installed; it is one of the extra `reporting`") from None


def network_of(address: str) -> str:
    """Give what one caller's address counts as: of IPv6 the network of 64 bits, because each caller has a whole one of those."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv4Address):
        return address
    return str(parsed.ipv4_mapped or ip_network((parsed.packed[:8] + bytes(8), IPV6_NETWORK_BITS)))


class RequestLimiter:
    """Counts requests by address, or by what the caller names. `name` tells its counts from others in the same storage."""

    def __init__(self, limit: str, *, name: str = "", storage: Storage | None = None) -> None:
        self._limit = parse(limit)
        self._name = name
        # The library's own memory starts a thread for every few requests, and keeps its windows as lists.
        self._own = MovingWindows(self._limit.amount, self._limit.get_expiry())
        self._shared = None if storage is None else MovingWindowRateLimiter(storage)

    def look(self, who: str | None = None) -> None:
        """Raise TooManyRequests like `check`, but count nothing."""
        caller = self._caller(who)
        if self._shared is None:
            is_within = self._own.test(caller)
        else:
            try:
                is_within = self._shared.test(self._limit, self._name, caller)
            except StorageError:
                is_within = self._own.test(caller)
        if not is_within:
            self._refuse()

    def check(self, who: str | None = None) -> None:
        """Raise TooManyRequests, with the time to wait, once the caller's address, or `who`, has asked too often."""
        if not self._hit(self._caller(who)):
            self._refuse()

    def _caller(self, who: str | None) -> str:
        return who if who is not None else network_of(request.remote_addr or "")

    def _hit(self, caller: str) -> bool:
        if self._shared is None:
            return self._own.hit(caller)
        try:
            return self._shared.hit(self._limit, self._name, caller)
        except StorageError as fault:
            # Without the shared count each process counts for itself: better than to serve nobody, or anybody.
            log.warning("shared limits are away", kind=type(fault.storage_error).__name__)
            return self._own.hit(caller)

    def _refuse(self) -> NoReturn:
        raise TooManyRequests("Too many requests. Try again in a moment.", retry_after=self._limit.get_expiry())
