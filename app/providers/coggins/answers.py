"""What the Coggins Points API's answers mean.

The API documents no errors and no client reference. So position and count match an answer to its request, what is neither
surely done nor surely not done is *unknown*, and the words of a refusal are kept, less what nobody should read.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests

from app.domain.claim import Balance
from app.domain.email import email_key
from app.providers.protocol import Accepted, Ask, NotSent, Outcome, RefusedWhole, Rejected, Reply, Unknown

REASON_LENGTH_MAX = 300
LINK_LENGTH_MAX = 2048

_BLOT = "•••"
_ACCOUNTS_FAULT = {
    401: "The points provider does not accept our API key.",
    403: "The points provider refuses our API key.",
    404: "The points provider does not know this address: check the URL and the API key.",
    405: "The points provider does not serve this address: check the URL.",
}
_DOES_NOT_FIT = Unknown("The points provider's answer does not fit what it was asked.")
_TOKEN = re.compile(r"[0-9a-f]{32}")
# What a refusal may name and a reason must not: e-mail addresses, as they are or in a URL, and claim tokens.
_PRIVATE = re.compile(r"\S+(?:@|%40)\S+|[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,15}")
_ENDS = {"{": "}", "[": "]"}
_NO_WORDS = ("success", "created", "applied", "Success")
_REASON_WORDS = ("message", "Message", "detail", "title")


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a 2xx; `json` is None where it is not JSON, or empty."""

    json: Any


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, parsed, with the key blotted out of it.

    `body` is None where it is not JSON; it `breaks_off` where it began as such.
    """

    status: int
    body: Any
    breaks_off: bool
    is_html: bool
    retry_after: timedelta | None


def read(answer: requests.Response, key: str) -> Answer:
    """Parse an answer as it came in."""
    # Not `answer.text`: that guesses, and may guess long, where the server does not say that it sends UTF-8.
    text = re.sub(re.escape(key), _BLOT, answer.content.decode("utf-8-sig", "replace"), flags=re.IGNORECASE)
    breaks_off = False
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None
        breaks_off = _breaks_off(text.strip())
    is_html = _is_page(text, answer.headers.get("Content-Type", ""))
    wait = answer.headers.get("Retry-After", "")
    retry_after = timedelta(seconds=int(wait)) if wait.isdecimal() and len(wait) < 6 else None
    return Answer(answer.status_code, body, breaks_off, is_html, retry_after)


def judged(answer: Answer, *, missing_is_none: bool) -> Body | NotSent | RefusedWhole | Unknown | None:
    """Give the body of a 2xx, or what became of the call instead."""
    status = answer.status
    if missing_is_none and status == requests.codes.not_found and not answer.is_html:
        # How an account says that it knows nobody of this name is not documented; a bare 404 is taken for that.
        return None
    if status in _ACCOUNTS_FAULT:
        return NotSent(_ACCOUNTS_FAULT[status], is_accounts_fault=True)
    if status == requests.codes.too_many_requests:
        return NotSent("The points provider asks for patience.", retry_after=answer.retry_after)
    if 300 <= status < 400:
        return NotSent("The points provider's address leads elsewhere: check the URL.", is_accounts_fault=True)
    if status >= 500 or status == requests.codes.request_timeout:
        return Unknown(f"The points provider answered with status {status}.")
    if status >= 400:
        words = _words(answer.body)
        return RefusedWhole(words or f"The points provider refused the request (status {status}).")
    if answer.is_html:
        return NotSent("What answers at the points provider's address is a web page: check the URL.", is_accounts_fault=True)
    if answer.breaks_off:
        # It may have been about to say no.
        return Unknown("The points provider's answer breaks off.")
    return Body(answer.body)


def not_known_here() -> NotSent:
    """Say what a 404 means that does not mean a customer."""
    return NotSent(_ACCOUNTS_FAULT[404], is_accounts_fault=True)


def matched_claims(body: Any, asks: Sequence[Ask], now: datetime) -> Reply:
    """Match an answer to the claims that were asked for."""
    if isinstance(body, dict) and (reason := refusal(body)) is not None:
        return RefusedWhole(reason)
    if not isinstance(body, list) or len(body) != len(asks):
        return tuple(_DOES_NOT_FIT for _ in asks)
    outcomes = [_claim_outcome(item, ask, now) for item, ask in zip(body, asks, strict=True)]
    tokens = [outcome.claim_token for outcome in outcomes if isinstance(outcome, Accepted)]
    # One link for two claims gives the points of one of them, to nobody knows whom.
    return tuple(
        _DOES_NOT_FIT if isinstance(outcome, Accepted) and tokens.count(outcome.claim_token) > 1 else outcome
        for outcome in outcomes
    )


def matched_instants(body: Any, asks: Sequence[Ask]) -> Reply:
    """Accept any 2xx: the answer is not documented. Only one that says no is a no.

    Objects, and not one for each that was asked for, may be what is left of an answer that said no to another.
    """
    if isinstance(body, dict) and (reason := refusal(body)) is not None:
        return RefusedWhole(reason)
    if not isinstance(body, list):
        return tuple(Accepted() for _ in asks)
    reasons = [refusal(item) for item in body]
    if len(body) == len(asks):
        return tuple(Accepted() if reason is None else Rejected(reason) for reason in reasons)
    if any(reasons):
        return tuple(Unknown("The points provider refused a part, and its answer does not say which.") for _ in asks)
    if any(isinstance(item, dict) for item in body):
        return tuple(_DOES_NOT_FIT for _ in asks)
    return tuple(Accepted() for _ in asks)


def balance_in(body: Any) -> Balance | NotSent:
    """Read a look-up."""
    found = body if isinstance(body, dict) else {}
    available, used = whole(found.get("AvailablePoints")), whole(found.get("UsedPoints"))
    if available is not None and used is not None:
        return Balance(available, used)
    return NotSent(refusal(body) or "The points provider's look-up of a balance cannot be understood.")


def refusal(body: Any) -> str | None:
    """Read a refusal, in the words of the provider; None where the body does not say no."""
    if not isinstance(body, dict):
        return None
    if not any(body.get(word) is False for word in _NO_WORDS) and not body.get("error") and not body.get("errors"):
        return None
    return _words(body) or "The points provider said no, and did not say why."


def whole(value: Any) -> int | None:
    """Read a whole number, as JSON writes it or in quotes; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value.strip()):
        return int(value)
    return value if isinstance(value, int) else None


def _breaks_off(text: str) -> bool:
    """Tell what began as JSON and has no end. What has one, and is not quite JSON, is as the provider's own pages show it."""
    return text[:1] in _ENDS and not text.endswith(_ENDS[text[:1]])


def _is_page(text: str, content_type: str) -> bool:
    """Tell a web page. Its type is not enough: an empty answer, or a bare OK, is often sent as text/html."""
    start = text[:64].lstrip().lower()
    return start.startswith(("<!doctype html", "<html")) or (start.startswith("<") and "html" in content_type.lower())


def _claim_outcome(item: Any, ask: Ask, now: datetime) -> Outcome:
    if not isinstance(item, dict):
        return _DOES_NOT_FIT
    if item.get("created") is False or (item.get("created") is not True and refusal(item) is not None):
        return Rejected(refusal(item) or "The points provider did not create the claim, and did not say why.")
    url, token = item.get("claimUrl"), _token(item)
    if whole(item.get("amount")) != ask.points or not _is_link(url) or token is None:
        return _DOES_NOT_FIT
    echoed = item.get("email") or ""
    doubt = None
    if not isinstance(echoed, str) or email_key(echoed) != email_key(ask.email):
        doubt = "The points provider names another e-mail address in its answer than it was asked for."
    expires_on = None if ask.expires_days is None else (now + timedelta(days=ask.expires_days)).date()
    return Accepted(claim_url=url, claim_token=token, expires_on=expires_on, doubt=doubt)


def _words(body: Any) -> str | None:
    """Find what a refusal says, wherever it says it; None where it says nothing."""
    if not isinstance(body, dict):
        return None
    error = body.get("error") or body.get("errors")
    nested = error.get("message") if isinstance(error, dict) else error
    told = (*(body.get(word) for word in _REASON_WORDS[:2]), nested, *(body.get(word) for word in _REASON_WORDS[2:]))
    text = next((text for text in told if isinstance(text, str) and text.strip()), "")
    said = _PRIVATE.sub(_BLOT, " ".join(text.split()))[:REASON_LENGTH_MAX]
    return f"The points provider said: {said}" if said else None


def _token(item: Mapping[str, Any]) -> str | None:
    token = item.get("claimToken")
    plain = token.replace("-", "").lower() if isinstance(token, str) else ""
    return plain if _TOKEN.fullmatch(plain) else None


def _is_link(url: Any) -> bool:
    if not isinstance(url, str) or len(url) > LINK_LENGTH_MAX or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
