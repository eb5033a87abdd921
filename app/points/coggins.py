"""The Coggins Points API over HTTP.

The API documents no errors, no limits and no client reference, and promises no idempotency. So what is not surely done or
surely not done is *unknown*, position and count match an answer to its request, and every word of a refusal is kept.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID

import requests

from app import outside
from app.domain.claim import Balance
from app.domain.order import folded
from app.logs import blotted
from app.points.provider import Accepted, Ask, AskKind, NotSent, Outcome, RefusedWhole, Rejected, Reply, SeenClaim, Unknown

CLAIMS_MAX = 100
# One time-out leaves at most this many balances unknown.
INSTANTS_MAX = 20
REASON_LENGTH_MAX = 300
IDEMPOTENCY_KEY = "Idempotency-Key"

_ACCOUNTS_FAULT = {
    401: "The points provider does not accept our API key.",
    403: "The points provider refuses our API key.",
    404: "The points provider does not know this address: check the URL and the API key.",
    405: "The points provider does not serve this address: check the URL.",
}
_WHOLE_REFUSED = frozenset({400, 413, 422})
_TOKEN = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class CogginsProvider:
    """One account at Coggins. Its key stands in URLs, so no URL of it is ever repeated in a message or a log."""

    url: str
    key: str
    total_seconds: int = outside.TOTAL_SECONDS
    # Called when the account echoes an Idempotency-Key: from then on a call may be repeated under its key.
    note_echo: Callable[[], None] | None = None

    @property
    def sees_claims(self) -> bool:
        return False

    @property
    def repeats_safely(self) -> bool:
        return False

    def array_max(self, kind: AskKind) -> int:
        return INSTANTS_MAX if kind is AskKind.INSTANT else CLAIMS_MAX

    def ask(self, kind: AskKind, asks: Sequence[Ask], *, call_id: UUID, now: datetime) -> Reply:
        """Send one array. `now` says from which day a claim's days count."""
        if kind is AskKind.CHANGE:
            raise ValueError("claims at Coggins cannot be changed")
        path = f"?csapikey={quote(self.key, safe='')}" if kind is AskKind.CLAIM else f"/{quote(self.key, safe='')}/INSTANT"
        payload = [_claim(ask) if kind is AskKind.CLAIM else _instant(ask) for ask in asks]
        answer = self._call("POST", path, items=payload, headers={IDEMPOTENCY_KEY: str(call_id)})
        if isinstance(answer, Unknown):
            return tuple(answer for _ in asks)
        if isinstance(answer, NotSent | RefusedWhole):
            return _alone(answer, asks)
        if answer is None:
            raise RuntimeError("only a look-up may find nothing")
        if kind is AskKind.CLAIM:
            return _alone(_matched_claims(answer.json, asks, now), asks)
        return _alone(_matched_instants(answer.json, asks), asks)

    def balances(self, emails: Sequence[str]) -> Mapping[str, Balance] | NotSent:
        """Look up customers, one call each."""
        found: dict[str, Balance] = {}
        for email in emails:
            balance = self._balance(email)
            if isinstance(balance, NotSent):
                return balance
            if balance is not None:
                found[email] = balance
        return found

    def seen_claims(self, token_marks: Collection[str], *, now: datetime) -> Mapping[str, SeenClaim]:
        """See nothing: the API shows no claims."""
        del token_marks, now
        return {}

    def _balance(self, email: str) -> Balance | NotSent | None:
        answer = self._call(
            "GET", f"/{quote(self.key, safe='')}/email/{quote(email.strip(), safe='')}/Full", missing_is_none=True
        )
        if answer is None or isinstance(answer, NotSent):
            return answer
        if isinstance(answer, Unknown | RefusedWhole):
            return NotSent(answer.reason)
        body = answer.json
        available, used = (body.get("AvailablePoints"), body.get("UsedPoints")) if isinstance(body, dict) else (None, None)
        if isinstance(available, int) and isinstance(used, int):
            return Balance(available, used)
        return NotSent(_refusal(body) or "The points provider's look-up of a balance cannot be understood.")

    def _call(
        self,
        method: str,
        path: str,
        *,
        items: Sequence[Mapping[str, Any]] | None = None,
        headers: Mapping[str, str] | None = None,
        missing_is_none: bool = False,
    ) -> "_Body | NotSent | RefusedWhole | Unknown | None":
        """Make one call. No text of an exception is used: it holds the key."""
        try:
            # A connection of its own: one that the server just closed would leave an INSTANT unknown.
            with outside.new_session(total_seconds=self.total_seconds, headers={"Connection": "close"}) as session:
                answer = session.request(method, f"{self.url}/api/v1/points{path}", json=items, headers=dict(headers or {}))
        except requests.RequestException as error:
            if outside.was_never_sent(error):
                return NotSent("The points provider cannot be reached.")
            if isinstance(error, outside.DeadlineExceeded | requests.Timeout):
                return Unknown("The points provider did not answer in time.")
            return Unknown("The connection to the points provider was cut before its answer was complete.")
        sent_key = (headers or {}).get(IDEMPOTENCY_KEY)
        if self.note_echo is not None and sent_key is not None and answer.headers.get(IDEMPOTENCY_KEY) == sent_key:
            self.note_echo()
        return _judged(_read(answer, self.key), missing_is_none=missing_is_none)


@dataclass(frozen=True, slots=True)
class _Body:
    """The body of a 2xx; `json` is None where it is not JSON, or empty."""

    json: Any


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer, parsed, with the key blotted out of it. `body` is None where it is not JSON."""

    status: int
    body: Any
    is_html: bool
    retry_after: timedelta | None


def _read(answer: requests.Response, key: str) -> _Answer:
    text = re.sub(re.escape(key), "•••", answer.text, flags=re.IGNORECASE)
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None
    is_html = "html" in answer.headers.get("Content-Type", "").lower() or text[:64].lstrip().lower().startswith(
        ("<!doctype", "<html")
    )
    wait = answer.headers.get("Retry-After", "")
    return _Answer(
        answer.status_code, body, is_html, timedelta(seconds=int(wait)) if wait.isdecimal() and len(wait) < 6 else None
    )


def _judged(answer: _Answer, *, missing_is_none: bool) -> "_Body | NotSent | RefusedWhole | Unknown | None":
    """Give the body of a 2xx, or what became of the call instead."""
    status = answer.status
    if missing_is_none and status == requests.codes.not_found and not answer.is_html:
        # How an account says that it knows nobody of this name is not documented; a bare 404 is taken for that.
        return None
    if status in _ACCOUNTS_FAULT:
        return NotSent(_ACCOUNTS_FAULT[status], is_accounts_fault=True)
    if status == requests.codes.too_many_requests:
        return NotSent("The points provider asks for patience.", retry_after=answer.retry_after)
    if status in _WHOLE_REFUSED:
        return RefusedWhole(_refusal(answer.body) or f"The points provider refused the request (status {status}).")
    if 300 <= status < 400:
        return NotSent("The points provider's address leads elsewhere: check the URL.", is_accounts_fault=True)
    if 400 <= status < 500:
        return RefusedWhole(f"The points provider refused the request (status {status}).")
    if status >= 500:
        return Unknown(f"The points provider answered with status {status}.")
    if answer.is_html:
        return NotSent("What answers at the points provider's address is a web page: check the URL.", is_accounts_fault=True)
    return _Body(answer.body)


def _alone(reply: Reply, asks: Sequence[Ask]) -> Reply:
    """A whole refusal of an array of one is that item's own."""
    if isinstance(reply, RefusedWhole) and len(asks) == 1:
        return (Rejected(reply.reason),)
    return reply


def _matched_claims(body: Any, asks: Sequence[Ask], now: datetime) -> Reply:
    if isinstance(body, dict) and (reason := _refusal(body)) is not None:
        return RefusedWhole(reason)
    if not isinstance(body, list) or len(body) != len(asks):
        return tuple(Unknown("The points provider's answer does not fit what it was asked.") for _ in asks)
    return tuple(_claim_outcome(item, ask, now) for item, ask in zip(body, asks, strict=True))


def _claim_outcome(item: Any, ask: Ask, now: datetime) -> Outcome:
    if not isinstance(item, dict):
        return Unknown("The points provider's answer does not fit what it was asked.")
    if item.get("created") is False or (item.get("created") is not True and _refusal(item) is not None):
        return Rejected(_refusal(item) or "The points provider did not create the claim, and did not say why.")
    url, token = item.get("claimUrl"), _token(item)
    if not _is_whole(item.get("amount")) or item["amount"] != ask.points or not _is_link(url) or token is None:
        return Unknown("The points provider's answer does not fit what it was asked.")
    echoed = item.get("email") or ""
    doubt = None
    if not isinstance(echoed, str) or folded(echoed) != folded(ask.email):
        doubt = "The points provider names another e-mail address in its answer than it was asked for."
    expires_on = None if ask.expires_days is None else (now + timedelta(days=ask.expires_days)).date()
    return Accepted(claim_url=url, claim_token=token, expires_on=expires_on, doubt=doubt)


def _matched_instants(body: Any, asks: Sequence[Ask]) -> Reply:
    """Accept any 2xx: the answer is not documented. Only one that says no is a no."""
    if isinstance(body, dict) and (reason := _refusal(body)) is not None:
        return RefusedWhole(reason)
    if not isinstance(body, list) or not all(isinstance(item, dict) for item in body):
        return tuple(Accepted() for _ in asks)
    refused = [item for item in body if _refusal(item) is not None]
    if not refused:
        return tuple(Accepted() for _ in asks)
    if len(body) != len(asks):
        # Some were refused, and the answer does not say which.
        return tuple(Unknown("The points provider refused a part, and its answer does not say which.") for _ in asks)
    return tuple(Rejected(reason) if (reason := _refusal(item)) is not None else Accepted() for item in body)


def _claim(ask: Ask) -> dict[str, Any]:
    item: dict[str, Any] = {"amount": ask.points}
    if ask.email.strip():
        item["email"] = ask.email.strip()
    if ask.customer_type is not None:
        item["customerType"] = ask.customer_type
    if ask.expires_days is not None:
        item["expires"] = ask.expires_days
    return item


def _instant(ask: Ask) -> dict[str, Any]:
    return {"amount": ask.points, "email": ask.email.strip()}


def _refusal(body: Any) -> str | None:
    """Read a refusal, in the words of the provider; None where the body does not say no."""
    if not isinstance(body, dict):
        return None
    error = body.get("error") or body.get("errors")
    says_no = any(body.get(word) is False for word in ("success", "created", "applied", "Success")) or bool(error)
    if not says_no:
        return None
    nested = error.get("message") if isinstance(error, dict) else error
    text = next(
        (text for text in (body.get("message"), nested, body.get("Message")) if isinstance(text, str) and text.strip()), ""
    )
    said = blotted(" ".join(text.split()))[:REASON_LENGTH_MAX]
    return f"The points provider said: {said}" if said else "The points provider said no, and did not say why."


def _token(item: Mapping[str, Any]) -> str | None:
    token = item.get("claimToken")
    plain = token.replace("-", "").lower() if isinstance(token, str) else ""
    return plain if _TOKEN.fullmatch(plain) else None


def _is_link(url: Any) -> bool:
    if not isinstance(url, str) or len(url) > 2048 or not url.isascii() or any(character.isspace() for character in url):
        return False
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
