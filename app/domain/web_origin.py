"""The origins of a shop's own pages: scheme, host and port, as browsers write them in the header Origin."""

from urllib.parse import urlsplit

ORIGINS_MAX = 20
ORIGIN_LENGTH_MAX = 260

_PORTS = {"https": 443, "http": 80}
# A page that somebody develops has no certificate. Everywhere else a token must not travel in the clear.
_OWN_MACHINE = frozenset({"localhost", "127.0.0.1", "[::1]"})
_IN_HOSTS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-_")


def as_origin(text: str) -> str | None:
    """Write an address as the origin of its pages; None where it is none, or names a page instead of a whole origin.

    Examples: `https://Shop.example/` is `https://shop.example`, `https://shop.example:443` too. `http` does for localhost only.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        return None
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else (parts.hostname or "")
    is_bare = parts.path in {"", "/"} and not (parts.query or parts.fragment or "@" in parts.netloc or "?" in text or "#" in text)
    is_host = host == "[::1]" or (bool(host.strip(".")) and set(host) <= _IN_HOSTS)
    if not is_bare or not is_host or len(text) > ORIGIN_LENGTH_MAX:
        return None
    is_own = host in _OWN_MACHINE or host.endswith(".localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_own):
        return None
    return f"{parts.scheme}://{host}" if port in {None, _PORTS[parts.scheme]} else f"{parts.scheme}://{host}:{port}"
