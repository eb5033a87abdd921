"""Writes answers: each item echoes its request, and says what came of it."""

import json
from collections.abc import Sequence
from typing import Any

from flask import Response

from app.domain.claim import Balance
from app.usecases.api.idempotency import Outcome
from app.usecases.api.items import Claimed, Move, NewClaim, RefusedItem

_FIELDS = ("amount", "email", "customerType", "expires")


def claims_answer(
    raws: Sequence[Any], items: Sequence[NewClaim | RefusedItem], outcomes: Sequence[Outcome], claim_url_base: str
) -> Response:
    """Answer claims: with token and link, or with the reason why there is none."""
    return _json(
        [
            _claimed(item, outcome.token, claim_url_base)
            if isinstance(item, NewClaim) and isinstance(outcome, Claimed)
            else _refused(raw, "created", outcome)
            for raw, item, outcome in zip(raws, items, outcomes, strict=True)
        ]
    )


def moves_answer(raws: Sequence[Any], items: Sequence[Move | RefusedItem], outcomes: Sequence[Outcome]) -> Response:
    """Answer INSTANTs: whether each was applied, or why not."""
    return _json(
        [
            _refused(raw, "applied", outcome)
            if isinstance(outcome, RefusedItem) or isinstance(item, RefusedItem)
            else {"amount": item.amount, "email": item.email, "applied": True}
            for raw, item, outcome in zip(raws, items, outcomes, strict=True)
        ]
    )


def balance_answer(balance: Balance) -> Response:
    """Answer a look-up."""
    return _json({"AvailablePoints": balance.available, "UsedPoints": balance.used})


def _claimed(item: NewClaim, token: str, claim_url_base: str) -> dict[str, Any]:
    answer: dict[str, Any] = {"amount": item.amount}
    if item.email:
        answer["email"] = item.email
    if item.customer_type is not None:
        answer["customerType"] = item.customer_type
    if item.expires is not None:
        answer["expires"] = item.expires
    answer["claimToken"] = f"{token[:8]}-{token[8:12]}-{token[12:16]}-{token[16:20]}-{token[20:]}"
    answer["claimUrl"] = f"{claim_url_base}/claim/points/{token}"
    answer["created"] = True
    return answer


def _refused(raw: Any, word: str, outcome: Outcome) -> dict[str, Any]:
    """Echo what can be echoed, and say why not. Only a refusal comes here."""
    echoed = {name: raw[name] for name in _FIELDS if isinstance(raw.get(name), str | int)} if isinstance(raw, dict) else {}
    if isinstance(echoed.get("email"), str):
        echoed["email"] = echoed["email"].strip()
    return {**echoed, word: False, "error": outcome._asdict()}


def _json(value: Any) -> Response:
    # ASCII only: what a client sent may hold halves of characters, which no other encoding can carry.
    return Response(json.dumps(value, separators=(",", ":")), mimetype="application/json")
