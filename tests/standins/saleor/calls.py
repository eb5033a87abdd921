"""How a Saleor calls an app: short timeouts, no redirects, no proxies."""

from collections.abc import Callable, Mapping

import requests

CONNECT_SECONDS = 2
READ_SECONDS = 18

Call = Callable[..., requests.Response]


def call(
    method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None, read_seconds: int = READ_SECONDS
) -> requests.Response:
    """Send one request; requests.RequestException when no answer comes."""
    with requests.Session() as session:
        session.trust_env = False
        timeout = (CONNECT_SECONDS, read_seconds)
        return session.request(method, url, data=body, headers=dict(headers), timeout=timeout, allow_redirects=False)
