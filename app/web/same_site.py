"""Refuse what another site's page made a browser send."""

from urllib.parse import urlsplit

from flask import request
from werkzeug.exceptions import Forbidden

# "none" is the person: a reload, a bookmark.
_OWN = frozenset({"same-origin", "none"})


def refuse_cross_site(own_urls: tuple[str, ...]) -> None:
    """Raise Forbidden for a request that a page of another origin made.

    Browsers since 2023 say in Sec-Fetch-Site who made them. Older ones send an Origin; ours is then "null", because our pages
    tell no referrer, and a program sends neither: those two are let through, as nobody can post to a page without its secret
    address. Any other Origin must be one of our own.
    """
    made_by = request.headers.get("Sec-Fetch-Site")
    if made_by is not None:
        if made_by not in _OWN:
            raise Forbidden
        return
    origin = request.headers.get("Origin")
    if origin is not None and origin != "null" and origin not in {_origin(url) for url in (*own_urls, request.host_url)}:
        raise Forbidden


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
