"""Requests that nobody means well with, over every route of the app, as hypothesis makes them up."""

import gzip
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st
from werkzeug.routing import Rule

# Would be seen in a page that puts a customer's text into its mark-up.
MARK_UP = "<b data-planted>"

NASTY = [
    "",
    " ",
    "0",
    "-1",
    "1e309",
    "9" * 400,
    "null",
    "' OR '1'='1' --",
    '"; DROP TABLE "order"; --',
    "1) UNION SELECT token_sealed FROM store --",
    "%' ESCAPE '!",
    f"{MARK_UP}<script>alert(1)</script>",
    f'"{MARK_UP} onload=alert(1) x="',
    "javascript:alert(1)",
    "{{7*7}}{% for x in [].__class__.__base__.__subclasses__() %}{{x}}{% endfor %}",
    "${7*7}#{7*7}<%= 7*7 %>",
    "%s%s%n%x{0.__class__}{request}",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd",
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "\x00",
    "a\x00b",
    "\r\nSet-Cookie: planted=1",
    "%0d%0aSet-Cookie:%20planted=1",
    "\u202e\ufeff\u2028",
    "ﬁ\u0130\u0131",
    "é" * 300,
    "x" * 20_000,
    "$(id)`id`;|id",
    "http://169.254.169.254/latest/meta-data/",
    "http://127.0.0.1:1/graphql/",
    "file:///etc/passwd",
    "//evil.example/%5c",
    "T3JkZXI6",
    "T3JkZXI6MDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDA3",
    "0" * 32,
    "00000000-0000-0000-0000-000000000000",
    "nobody@example.org",
    "a@b@c",
    "2026-13-45",
    "2026-05-04T09:00:00+99:99",
    "1970-01-01..9999-12-31",
]
METHODS = ["GET", "POST", "GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"]
# Names that some view reads, and some that frameworks read.
FIELDS = [
    *("o", "q", "page", "after", "before", "status", "state", "tab", "from", "to", "since", "until", "days", "channel", "format"),
    *("email", "once", "points", "reason", "number", "saleorApiUrl", "accessToken", "appId", "orderId", "customerId", "theme"),
    *("csapikey", "api_key", "key", "name", "rate", "points_per_unit", "hold_days", "logo", "accent", "lang", "id", "_method"),
    *("__proto__", "self", "request", "config", "amount", "auth_token", "bind_email", "customer_type", "expires_days"),
    *("code", "form", "where", "sure", "told", "refused", "taken"),
]
HEADERS = [
    *("Saleor-Api-Url", "Saleor-Signature", "Saleor-Event", "Saleor-Domain", "Saleor-Schema-Version", "Authorization", "Host"),
    *("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Origin", "Referer", "Sec-Fetch-Site", "Accept-Language"),
    *("Accept", "Cookie", "Range", "If-None-Match", "If-Modified-Since", "Content-Length", "Transfer-Encoding", "User-Agent"),
    *("Idempotency-Key", "X-HTTP-Method-Override", "X-Dashboard", "Content-Encoding", "Expect", "Forwarded"),
]
CONTENT_TYPES = [
    None,
    "application/json",
    "application/json; charset=utf-7",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
    "multipart/form-data",
    "text/plain",
    "image/png",
    "a" * 300,
]
_PLACE = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")
_BODY_BYTES_MOST = 60_000
BATCH = 10


@dataclass(frozen=True)
class Asked:
    """One request. `path` is as it stands in the request line."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    address: str = "192.0.2.1"
    content_type: str | None = None
    # The rule that the path was made from.
    route: str = ""


def texts(known: Sequence[str] = ()) -> st.SearchStrategy[str]:
    """Hostile values, any text, and values that mean something here."""
    anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
    choices = [st.sampled_from(NASTY), anything]
    return st.one_of(*choices, st.sampled_from(list(known))) if known else st.one_of(*choices)


def bodies(known: Sequence[str] = ()) -> st.SearchStrategy[bytes]:
    """JSON of any shape, forms, files, deep nests, packed bytes and noise."""
    values = texts(known)
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | values
    shapes = st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS) | values, inner, max_size=4),
        max_leaves=8,
    )
    forms = st.lists(st.tuples(st.sampled_from(FIELDS), values), max_size=6).map(lambda pairs: urlencode(pairs).encode())
    return st.one_of(
        st.just(b""),
        shapes.map(_as_json),
        forms,
        st.binary(max_size=200),
        shapes.map(lambda shape: gzip.compress(_as_json(shape), 1)),
        values.map(_as_file),
        st.sampled_from(_LARGE),
    )


def requests_to(rules: Sequence[Rule], known: Sequence[str] = ()) -> st.SearchStrategy[list[Asked]]:
    """Ten requests to these routes, mixed from a few values and bodies: making each from nothing would take most of the time."""
    values = texts(known)
    return st.builds(
        _mixed,
        st.just(rules),
        st.integers(0, 2**32),
        st.lists(values, min_size=4, max_size=8),
        st.lists(bodies(known), min_size=1, max_size=3),
    )


def _mixed(rules: Sequence[Rule], seed: int, values: list[str], some_bodies: list[bytes]) -> list[Asked]:
    return [_asked(Random(seed + number), rules, values, some_bodies) for number in range(BATCH)]


def _asked(some: Random, rules: Sequence[Rule], values: list[str], some_bodies: list[bytes]) -> Asked:
    route = some.choice(rules).rule
    path = _PLACE.sub(lambda _: quote(some.choice(values)[:2000], safe=""), route)
    query = [(some.choice(FIELDS), some.choice(values)) for _ in range(some.randrange(4))]
    headers = {some.choice(HEADERS): _as_header(some.choice(values)) for _ in range(some.randrange(4))}
    form = [(some.choice(FIELDS), some.choice(values)) for _ in range(some.randrange(6))]
    return Asked(
        method=some.choice(METHODS),
        path=path,
        query=urlencode(query),
        headers=tuple(headers.items()),
        body=some.choice([b"", urlencode(form).encode(), *some_bodies]),
        address=f"10.0.{some.randrange(256)}.{some.randrange(256)}",
        content_type=some.choice(CONTENT_TYPES),
        route=route,
    )


def _as_header(text: str) -> str:
    """What a server lets through: no line break, no NUL, Latin-1."""
    return text[:8000].replace("\r", "").replace("\n", "").replace("\0", "").encode("latin-1", "replace").decode("latin-1")


def _as_json(shape: Any) -> bytes:
    return json.dumps(shape).encode()


def _as_file(text: str) -> bytes:
    name = text.replace("\r", "").replace("\n", "")[:200]
    head = f'--b\r\nContent-Disposition: form-data; name="logo"; filename="{name}"\r\nContent-Type: image/png\r\n\r\n'
    return head.encode() + b"\x89PNG\r\n\x1a\n" + text.encode()[:1000] + b"\r\n--b--\r\n"


_LARGE = [
    b"[" * _BODY_BYTES_MOST,
    b'{"a":' * (_BODY_BYTES_MOST // 5),
    b"1" * _BODY_BYTES_MOST,
    b"&".join(b"f%d=1" % number for number in range(3000)),
    b"--b\r\n" * 2000,
    gzip.compress(b"0" * 10_000_000, 1),
    b" " * 1_100_000,
]
