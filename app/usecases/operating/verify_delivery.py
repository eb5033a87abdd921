"""Verify a delivery: that an installed store has signed exactly these bytes, for this app."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.db.intake import Signer, signer_of
from app.db.stores import find_store, is_served
from app.db.tables import StoreRow
from app.errors import BadRequest, BadSignature, UnknownStore
from app.saleor.signature import KeyNotKnown, verify
from app.usecases.operating.signing_keys import newer_jwks
from app.usecases.services import Services

# Money must stay exact. Making a decoder takes as long as reading a delivery with it.
_JSON = json.JSONDecoder(parse_float=Decimal)
# A NUL as JSON writes it, which PostgreSQL cannot store. After one more backslash the same letters are ordinary text.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True, slots=True)
class Sent:
    """What arrived, before anything of it is believed."""

    api_url: str
    signature: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """A verified delivery: who signed it, its type as the signed body says, and the body."""

    signer: Signer
    type: str
    body: dict[str, Any]


def verify_remembered(services: Services, sent: Sent) -> Delivery | None:
    """Verify a delivery by what this process remembers of the store; None where that does not do.

    What is remembered may be out of date: act on the delivery only where the store's row still agrees with its signer.
    """
    signer = services.signers.get(sent.api_url)
    if signer is None:
        return None
    try:
        verify(sent.body, sent.signature, signer.jwks)
        return _read(sent, signer)
    except BadSignature:
        return None  # Perhaps the keys were changed, or the app installed again: the store's row decides.


def verify_delivery(services: Services, sent: Sent, now: datetime) -> Delivery:
    """Verify a delivery by the keys of the store that it names, and read it.

    Raises UnknownStore, BadSignature or BadRequest for good, Unavailable when a later attempt may pass.
    """
    with services.database.reading() as session:
        store = find_store(session, sent.api_url)
    if store is None or not is_served(store):
        services.signers.pop(sent.api_url, None)
        raise UnknownStore("This Saleor has not installed Saleor Points here, or has removed it.")
    _verify(services, store, sent.signature, sent.body, now)
    signer = signer_of(store)
    delivery = _read(sent, signer)
    services.signers[sent.api_url] = signer
    return delivery


def _read(sent: Sent, signer: Signer) -> Delivery:
    parsed = _parsed(sent.body)
    recipient = parsed.get("recipient")
    if not isinstance(recipient, dict) or recipient.get("id") != signer.app_id:
        raise BadSignature("The delivery is addressed to another app.")
    return Delivery(signer, str(parsed.get("__typename", "")), parsed)


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
    if _NUL.search(body):
        raise BadRequest("The delivery holds a NUL character in a text.")
    try:
        parsed = _JSON.decode(body.decode())
    except (ValueError, RecursionError):
        raise BadRequest("The delivery is not JSON.") from None
    if not isinstance(parsed, dict):
        raise BadRequest("The delivery is not a JSON object.")
    return parsed
