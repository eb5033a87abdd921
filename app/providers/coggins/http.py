"""The Coggins Points API over HTTP.

The API documents no limits and promises no idempotency, so arrays are kept short and nothing is sent twice by itself.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote
from uuid import UUID

import requests

from app import http as outside
from app.domain.claim import Balance
from app.providers.coggins import answers as coggins_answers
from app.providers.coggins.answers import Body
from app.providers.coggins.evidence import NO_EVIDENCE, Evidence
from app.providers.protocol import Ask, AskKind, Judged, NotSent, RefusedWhole, Rejected, Reply, SeenClaim, Unknown

CLAIMS_MAX = 100
# One time-out leaves at most this many balances unknown.
INSTANTS_MAX = 25
IDEMPOTENCY_KEY = "Idempotency-Key"
_HEADERS = {"Accept": "application/json"}
# A connection of its own for each change: one that the server just closed would leave an INSTANT unknown.
_ALONE = {"Connection": "close"}


@dataclass(frozen=True, slots=True)
class CogginsProvider:
    """One account at Coggins. Its key stands in URLs, so no URL of it is ever repeated in a message or a log."""

    url: str
    key: str
    total_seconds: float = outside.TOTAL_SECONDS
    # Called when the account echoes an Idempotency-Key: from then on a call may be repeated under its key.
    note_echo: Callable[[], None] | None = None
    # Whether to believe that it knows nobody of an address.
    evidence: Evidence = NO_EVIDENCE
    new_adapter: outside.NewAdapter | None = None
    # Whether it must stand in the public internet: its address was typed by a merchant, perhaps one among many.
    public_only: bool = False

    @property
    def sees_claims(self) -> bool:
        return False

    def array_max(self, kind: AskKind) -> int:
        return INSTANTS_MAX if kind is AskKind.INSTANT else CLAIMS_MAX

    def ask(self, kind: AskKind, asks: Sequence[Ask], *, call_id: UUID, now: datetime) -> Reply:
        """Send one array. `now` says from which day a claim's days count."""
        if kind is AskKind.CHANGE:
            raise ValueError("claims at Coggins cannot be changed")
        if not asks:
            return ()
        path = f"?csapikey={quote(self.key, safe='')}" if kind is AskKind.CLAIM else f"/{quote(self.key, safe='')}/INSTANT"
        payload = [_claim(ask) if kind is AskKind.CLAIM else _instant(ask) for ask in asks]
        with self._session() as session:
            answer = self._call(session, "POST", path, items=payload, headers={IDEMPOTENCY_KEY: str(call_id), **_ALONE})
        if isinstance(answer, Unknown):
            return tuple(answer for _ in asks)
        if isinstance(answer, NotSent | RefusedWhole):
            return _alone(answer, asks)
        if answer is None:
            raise RuntimeError("only a look-up may find nothing")
        if kind is AskKind.CLAIM:
            return _alone(coggins_answers.matched_claims(answer.json, asks, now), asks)
        return _alone(coggins_answers.matched_instants(answer.json, asks), asks)

    def balances(self, emails: Sequence[str]) -> Mapping[str, Judged] | NotSent:
        """Look up customers, one call each, a few at once."""
        with self._session() as session:
            return self.evidence.judged(emails, partial(self._balance, session))

    def seen_claims(self, token_marks: Collection[str], *, now: datetime) -> Mapping[str, SeenClaim]:
        """See nothing: the API shows no claims."""
        del token_marks, now
        return {}

    def _session(self) -> requests.Session:
        return outside.new_session(
            total_seconds=self.total_seconds, headers=_HEADERS, new_adapter=self.new_adapter, public_only=self.public_only
        )

    def _balance(self, session: requests.Session, email: str) -> Balance | NotSent | None:
        path = f"/{quote(self.key, safe='')}/email/{quote(email.strip(), safe='')}/Full"
        answer = self._call(session, "GET", path, missing_is_none=True)
        if answer is None or isinstance(answer, NotSent):
            return answer
        if isinstance(answer, Unknown | RefusedWhole):
            return NotSent(answer.reason)
        return coggins_answers.balance_in(answer.json)

    def _call(
        self,
        session: requests.Session,
        method: str,
        path: str,
        *,
        items: Sequence[Mapping[str, Any]] | None = None,
        headers: Mapping[str, str] | None = None,
        missing_is_none: bool = False,
    ) -> Body | NotSent | RefusedWhole | Unknown | None:
        """Make one call. No text of an exception is used: it holds the key."""
        try:
            answer = session.request(method, f"{self.url}/api/v1/points{path}", json=items, headers=headers)
        except requests.RequestException as error:
            if isinstance(error, outside.NotPublic):
                return NotSent("The points provider's address leads into a private network, where no call of ours may go.")
            if outside.was_never_sent(error):
                return NotSent("The points provider cannot be reached.")
            if isinstance(error, outside.DeadlineExceeded | requests.Timeout):
                return Unknown("The points provider did not answer in time.")
            return Unknown("The connection to the points provider was cut before its answer was complete.")
        sent_key = (headers or {}).get(IDEMPOTENCY_KEY)
        if self.note_echo is not None and sent_key is not None and answer.headers.get(IDEMPOTENCY_KEY) == sent_key:
            self.note_echo()
        return coggins_answers.judged(coggins_answers.read(answer, self.key), missing_is_none=missing_is_none)


def _alone(reply: Reply, asks: Sequence[Ask]) -> Reply:
    """A whole refusal of an array of one is that item's own."""
    if isinstance(reply, RefusedWhole) and len(asks) == 1:
        return (Rejected(reply.reason),)
    return reply


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
