"""URLs of calls. A server's part is looked at once, not with each call."""

import re
from functools import lru_cache
from urllib.parse import urlsplit

import requests

_SERVERS_MAX = 256

# A path and a query that are sent as they are written. Others are left to requests, to be escaped and shortened.
_PLAIN = re.compile(r"/(?:[A-Za-z0-9_~!$&'()*+,;=:@/?-]|(?<!/)\.|%[0-9A-F]{2})*")


def server_of(url: str) -> str:
    """Give what comes before the path: scheme, host and port."""
    start = url.find("//")
    end = -1 if start < 0 else url.find("/", start + 2)
    return url if end < 0 else url[:end]


@lru_cache(maxsize=_SERVERS_MAX)
def host_of(server: str) -> str:
    """Give the name, or the IP address, of a server."""
    return urlsplit(server).hostname or ""


def as_sent(url: str) -> str:
    """Write a URL as it is sent. Raises what requests raises where it leads nowhere."""
    server = server_of(url)
    path = url[len(server) :]
    return _server_as_sent(server) + path if _PLAIN.fullmatch(path) else _prepared(url)


@lru_cache(maxsize=_SERVERS_MAX)
def _server_as_sent(server: str) -> str:
    return _prepared(server).removesuffix("/")


def _prepared(url: str) -> str:
    prepared = requests.PreparedRequest()
    prepared.prepare_url(url, None)
    return prepared.url or ""
