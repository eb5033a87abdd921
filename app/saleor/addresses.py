"""Which Saleor may install the app, and where its Dashboard is."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from urllib.parse import SplitResult, urlsplit

ADDRESS_LENGTH_MAX = 512
# A name, an IPv4 or a bracketed IPv6 address, and perhaps a port: nothing that another parser could read as another host.
_HOST_AND_PORT = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


def is_allowed(api_url: str, patterns: Iterable[str]) -> bool:
    """Tell whether an API URL matches one of the globs.

    The parts of the address are compared one by one, so that no `*` reaches from the host into the path or over a user name.
    """
    address = _parts(api_url)
    if address is None or address.query or address.fragment:
        return False
    return any(_matches(address, pattern) for pattern in patterns)


def is_of_a_known_domain(api_url: str, patterns: Iterable[str]) -> bool:
    """Tell whether an API URL matches a glob that names a host, or the domain of one: `*.example.com`, and not `*` or `*.com`.

    Whoever owns the domain says where its names lead. Where a glob leaves the domain open, anybody does.
    """
    return is_allowed(api_url, (pattern for pattern in patterns if _names_a_domain(pattern)))


def _names_a_domain(pattern: str) -> bool:
    host = urlsplit(pattern).netloc.rpartition("@")[2]
    host = host if host.endswith("]") else host.partition(":")[0]
    _, wildcard, domain = host.rpartition("*")
    return not wildcard or (domain.startswith(".") and domain.count(".") > 1)


def _matches(address: SplitResult, pattern: str) -> bool:
    try:
        allowed = urlsplit(pattern)
    except ValueError:
        return False
    return (
        fnmatchcase(address.scheme, allowed.scheme)
        and fnmatchcase(address.netloc.lower(), allowed.netloc.lower().replace("[", "[[]"))
        and fnmatchcase(address.path, allowed.path)
    )


def _parts(api_url: str) -> SplitResult | None:
    if (
        not api_url
        or len(api_url) > ADDRESS_LENGTH_MAX
        or not api_url.isascii()
        or any(character <= " " for character in api_url)
    ):
        return None
    try:
        parts = urlsplit(api_url)
        parts.port  # noqa: B018 - raises where the port is no number
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not _HOST_AND_PORT.fullmatch(parts.netloc) or "\\" in api_url:
        return None
    return parts


def dashboard_origin(url: str) -> str | None:
    """Give the origin of a Dashboard's address as a browser names it; None where it is no plain http(s) address."""
    parts = _parts(url)
    if parts is None or parts.query or parts.fragment:
        return None
    return f"{parts.scheme}://{parts.netloc.lower()}"
