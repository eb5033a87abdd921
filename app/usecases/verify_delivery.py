"""Verify a delivery: that an installed store has signed exactly these bytes, for this app."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.errors import BadRequest, BadSignature, UnknownStore
from app.saleor.signature import KeyNotKnown, verify
from app.store.models import StoreRow
from app.store.stores import find_store, is_served
from app.usecases.services import Services
from app.usecases.signing_keys import newer_jwks


@dataclass(frozen=True, slots=True)
class Delivery:
    """A verified delivery: whose it is, its type as the signed body says, and the body."""

    store_id: int
    type: str
    body: dict[str, Any]


def verify_delivery(services: Services, *, api_url: str, signature: str, body: bytes, now: datetime) -> Delivery:
    """Verify a delivery by the keys of the store that it names, and read it.

    Raises UnknownStore, BadSignature or BadRequest for good, Unavailable when a later attempt may pass.
    """
    with services.database.reading() as session:
        store = find_store(session, api_url)
    if store is None or not is_served(store) or store.id is None:
        raise UnknownStore("This Saleor has not installed Saleor Points here, or has removed it.")
    _verify(services, store, signature, body, now)
    parsed = _parsed(body)
    recipient = parsed.get("recipient")
    if not isinstance(recipient, dict) or recipient.get("id") != store.app_id:
        raise BadSignature("The delivery is addressed to another app.")
    return Delivery(store.id, str(parsed.get("__typename", "")), parsed)


def _verify(services: Services, store: StoreRow, signature: str, body: bytes, now: datetime) -> None:
    known = store.jwks or '{"keys": []}'
    try:
        verify(body, signature, known)
    except KeyNotKnown as unknown:
        jwks = newer_jwks(services, store, now)
        if jwks == known:
            raise BadSignature(unknown.message) from None
        verify(body, signature, jwks)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise BadRequest("The delivery is not JSON.") from None
    if not isinstance(parsed, dict):
        raise BadRequest("The delivery is not a JSON object.")
    return parsed
