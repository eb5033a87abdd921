"""Which Saleor may install the app, and where its Dashboard is."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from urllib.parse import SplitResult, urlsplit

from app.errors import SaleorNotPublic

ADDRESS_LENGTH_MAX = 512
# A name, an IPv4 or a bracketed IPv6 address, and perhaps a port: nothing that another parser could read as another host.
_HOST_AND_PORT = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

# A name below a top level; below a country's own registry (co.uk, com.au) it takes one more.
_DOMAIN = re.compile(r"(?![a-z]{2,3}\.[a-z]{2}$)[^.]+(?:\.[^.]+)+")


def is_allowed(api_url: str, patterns: Iterable[str]) -> bool:
    """Tell whether an API URL matches one of the globs.

    The parts of the address are compared one by one, so that no `*` reaches from the host into the path or over a user name.
    """
    address = _parts(api_url)
    if address is None or address.query or address.fragment:
        return False
    return any(_matches(address, pattern) for pattern in patterns)


def is_of_a_known_domain(api_url: str, patterns: Iterable[str]) -> bool:
    """Tell whether an API URL matches a glob that names a host, or the domain of one: `*.example.com`, and not `*.com`.

    Whoever owns the domain says where its names lead. Where a glob leaves the domain open, anybody does. What looks like
    `co.uk`, a country under which everybody registers at the third place, is no domain here.
    """
    return is_allowed(api_url, (pattern for pattern in patterns if _names_a_domain(pattern)))


def _names_a_domain(pattern: str) -> bool:
    host = urlsplit(pattern).netloc.rpartition("@")[2]
    host = host if host.endswith("]") else host.partition(":")[0]
    _, wildcard, rest = host.rpartition("*")
    return not wildcard or (rest.startswith(".") and _DOMAIN.fullmatch(rest[1:]) is not None)


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


def is_one_of(url: str, addresses: Iterable[str]) -> bool:
    """Tell whether a URL leads to one of our own addresses.

    Neither the scheme counts, which a proxy in front may change, nor a query, nor a slash at the end. The names of the
    loopback are one.
    """
    place = _place(url)
    return any(url == address or (place is not None and place == _place(address)) for address in addresses)


def _place(url: str) -> tuple[str, int | None, str] | None:
    """Give host, port and path; None where two parsers might read two hosts."""
    parts = _parts(url)
    if parts is None:
        return None
    host = (parts.hostname or "").removesuffix(".")
    port = None if parts.port in {80, 443} else parts.port
    return "localhost" if host in _LOOPBACK else host, port, parts.path.rstrip("/")


def not_public(api_url: str) -> SaleorNotPublic:
    """Say why a Saleor is not called that stands where no call may go."""
    return SaleorNotPublic(
        f"{api_url} leads into a private network. Whoever runs Saleor Points can allow that by naming its host, or its domain, "
        "in ALLOWED_SALEOR_URLS."
    )


def dashboard_origin(url: str) -> str | None:
    """Give the origin of a Dashboard's address as a browser names it; None where it is no plain http(s) address."""
    parts = _parts(url)
    if parts is None or parts.query or parts.fragment:
        return None
    return f"{parts.scheme}://{parts.netloc.lower()}"
