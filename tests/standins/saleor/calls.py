"""How a Saleor calls an app: no redirects, no proxies.

Saleor gives up after 18 seconds. This one has the patience of the tests, because a busy machine may take longer.
"""

from collections.abc import Callable, Mapping

import requests

from tests.waiting import PATIENCE_SECONDS

Call = Callable[..., requests.Response]


def call(
    method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None, seconds: int = PATIENCE_SECONDS
) -> requests.Response:
    """Send one request; requests.RequestException when no answer comes."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, data=body, headers=dict(headers), timeout=seconds, allow_redirects=False)
