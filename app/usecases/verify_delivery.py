"""Verify a delivery: that an installed store has signed exactly these bytes, for this app."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog

from app.errors import BadRequest, BadSignature, SaleorUnreachable, Unavailable, UnknownStore
from app.saleor.signature import KeyNotKnown, verify
from app.store.models import StoreRow
from app.store.stores import find_store, is_served
from app.usecases.services import Services

log = structlog.get_logger()

# Anybody can send a signature that no key fits, and each may cost a call to the store's Saleor.
JWKS_ASKED_EVERY = timedelta(minutes=1)


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
        jwks = _newer_jwks(services, store, now)
        if jwks == known:
            raise BadSignature(unknown.message) from None
        verify(body, signature, jwks)


def _newer_jwks(services: Services, store: StoreRow, now: datetime) -> str:
    """Ask the store's Saleor for its keys again, but not more than once a minute."""
    if store.jwks_asked_at is not None and now - store.jwks_asked_at < JWKS_ASKED_EVERY:
        raise Unavailable(
            "This delivery is signed with a key not known yet; the keys were asked for a moment ago. Deliver it again later."
        )
    with services.database.writing() as session:
        session.add(store)
        store.jwks_asked_at = now
    try:
        jwks = services.saleor.jwks(store.saleor_api_url or "")
    except SaleorUnreachable:
        raise Unavailable(
            "This delivery is signed with a key not known yet, and the Saleor does not give its keys now."
        ) from None
    if jwks != store.jwks:
        with services.database.writing() as session:
            session.add(store)
            store.jwks = jwks
        log.info("signing keys changed", store=store.slug)
    return jwks


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise BadRequest("The delivery is not JSON.") from None
    if not isinstance(parsed, dict):
        raise BadRequest("The delivery is not a JSON object.")
    return parsed
