"""HTTP to the outside: no redirects, bounded answers, a deadline for the whole call, and no private network where none may be."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.hooks import dispatch_hook
from requests.structures import CaseInsensitiveDict

from app.http.connections import DeadlineAdapter, Verify
from app.http.faults import AnswerTooLong, DeadlineExceeded, NotConnected, NotPublic, was_never_sent
from app.http.urls import as_sent

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

# Makes what carries the calls of a session, each of which may take so many seconds in all.
NewAdapter = Callable[[float], BaseAdapter]


def new_session(
    *,
    total_seconds: float = TOTAL_SECONDS,
    headers: Mapping[str, str] | None = None,
    new_adapter: NewAdapter | None = None,
    public_only: bool = False,
) -> requests.Session:
    """Make a session whose calls end in time, follow no redirect and read no proxy or password from the environment.

    With `public_only` they reach servers of the public internet only, whatever a name leads to at that moment.
    """
    session = _Session()
    session.trust_env = False
    session.headers["User-Agent"] = "Saleor-Points"
    # HTTP/1.1 keeps connections by itself.
    del session.headers["Connection"]
    session.headers.update(headers or {})
    adapter = (new_adapter or partial(DeadlineAdapter, public_only=public_only))(total_seconds)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


class _Session(requests.Session):
    """A session that gathers nothing for a call from defaults, environment and cookies: that took as long as sending it."""

    def request(  # type: ignore[override]  # it takes less than requests' own
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        verify: Verify | None = None,
        allow_redirects: bool = False,
        **unused: None,
    ) -> requests.Response:
        """Send JSON, or nothing, and follow no redirect. Other options, which requests and gql name anyway, stay as they are."""
        del allow_redirects
        if verify is False or any(value is not None for value in unused.values()):
            raise TypeError("a call to the outside has no such options")
        prepared = requests.PreparedRequest()
        prepared.prepare_method(method)
        prepared.url = as_sent(url)
        prepared.prepare_headers(CaseInsensitiveDict(self.headers, **headers or {}))
        prepared.prepare_body(None, None, json)
        answer = self.get_adapter(prepared.url or "").send(prepared, verify=True if verify is None else verify)
        looked_at: requests.Response = dispatch_hook("response", self.hooks, answer)  # type: ignore[no-untyped-call]  # requests leaves it bare
        return looked_at
