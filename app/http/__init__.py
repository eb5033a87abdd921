"""HTTP to the outside: no redirects, bounded answers, a deadline for the whole call and, where asked, public addresses only."""

from collections.abc import Callable, Mapping
from functools import partial
from http.cookiejar import DefaultCookiePolicy

import requests
from requests.adapters import BaseAdapter

from app.http.adapter import DeadlineAdapter
from app.http.faults import AnswerTooLong, DeadlineExceeded, NotConnected, NotPublic, was_never_sent

__all__ = [
    "TOTAL_SECONDS",
    "AnswerTooLong",
    "DeadlineExceeded",
    "NewAdapter",
    "NotConnected",
    "NotPublic",
    "new_session",
    "was_never_sent",
]

TOTAL_SECONDS = 20

# Makes the adapter of a session, given the seconds that each call may take in all.
NewAdapter = Callable[[float], BaseAdapter]


def new_session(
    *,
    total_seconds: float = TOTAL_SECONDS,
    headers: Mapping[str, str] | None = None,
    new_adapter: NewAdapter | None = None,
    public_only: bool = False,
) -> requests.Session:
    """Make a session whose calls end in time, follow no redirect and read no proxy or password from the environment.

    With `public_only` it connects to addresses of the public internet only, whatever a name resolves to at that moment.
    """
    session = _Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.update({"User-Agent": "Saleor-Points", **(headers or {})})
    adapter = (new_adapter or partial(DeadlineAdapter, public_only=public_only))(total_seconds)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow no redirect, whatever a call asks for."""
        del resp
