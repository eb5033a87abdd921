"""Verifies that a delivery was signed by the Saleor that it names.

Saleor signs the raw body with a detached JWS: RS256, `b64: false`, the middle part empty (RFC 7797). It signs its users'
tokens with the same key, so a token must not pass for a signature: its middle part is not empty and it has no `b64: false`.
Source: saleor/core/jwt_manager.py, and recordings of a running Saleor 3.24.
"""

import base64
import binascii
import json
from functools import lru_cache
from typing import Any

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from jwt.exceptions import PyJWTError

from app.errors import BadSignature

HEADER_LENGTH_MAX = 4096
_ALGORITHM = "RS256"
_PADDING, _DIGEST = PKCS1v15(), SHA256()


class KeyNotKnown(BadSignature):
    """No key of the key set fits. A newer key set may hold one: Saleor's key was changed."""


def verify(body: bytes, signature: str, jwks: str) -> None:
    """Check that the key set has signed exactly these bytes.

    Raises BadSignature when the signature is none that Saleor makes, KeyNotKnown when no key of the set made it.
    """
    header, mark = _parts(signature)
    kid = _checked_kid(header)
    keys = rsa_keys(jwks)
    key = keys.get(kid)
    if key is None:
        raise KeyNotKnown("The delivery is signed with a key that this Saleor does not publish.")
    try:
        # RFC 7797: the header as it came, a dot, and the body just as it is. A JWT library does the same in three times the time.
        key.verify(mark, header.encode() + b"." + body, _PADDING, _DIGEST)
    except InvalidSignature:
        raise KeyNotKnown("The delivery's signature does not fit its body.") from None


def has_keys(jwks: str) -> bool:
    """Tell whether a key set, as JSON text with `keys` as a list, holds a key that can verify anything."""
    return bool(rsa_keys(jwks))


def _parts(signature: str) -> tuple[str, bytes]:
    """Take a detached signature apart: the header as it came, and the signature's own bytes."""
    if not signature or len(signature) > HEADER_LENGTH_MAX or not signature.isascii():
        raise BadSignature("The delivery carries no signature.")
    parts = signature.split(".")
    if len(parts) != 3 or parts[1]:
        raise BadSignature("The signature is not detached: it is a token, or no signature at all.")
    return parts[0], _decoded(parts[2])


# A Saleor sends one header again and again, until its key changes. Whatever fails is not kept.
@lru_cache(maxsize=256)
def _checked_kid(encoded_header: str) -> str:
    """Read the key's id from a header that is exactly of the kind that Saleor's webhooks carry."""
    header = _json(encoded_header)
    if header.get("alg") != _ALGORITHM or header.get("b64") is not False or header.get("crit") != ["b64"]:
        raise BadSignature("The signature is not of the kind that Saleor's webhooks carry.")
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise BadSignature("The signature does not say which key made it.")
    return kid


def _json(part: str) -> dict[str, Any]:
    try:
        header = json.loads(_decoded(part))
    except (ValueError, RecursionError):
        raise BadSignature("The signature cannot be read.") from None
    if not isinstance(header, dict):
        raise BadSignature("The signature cannot be read.")
    return header


def _decoded(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise BadSignature("The signature cannot be read.") from None


@lru_cache(maxsize=256)
def rsa_keys(jwks: str) -> dict[str, RSAPublicKey]:
    """Parse a key set once. Keys of other kinds than RSA signing keys are left out."""
    keys: dict[str, RSAPublicKey] = {}
    for entry in json.loads(jwks)["keys"]:
        if not isinstance(entry, dict) or entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig":
            continue
        try:
            key = jwt.PyJWK(entry, algorithm=_ALGORITHM).key
        except (PyJWTError, ValueError, KeyError):
            continue
        if isinstance(key, RSAPublicKey) and isinstance(entry.get("kid"), str):
            keys[entry["kid"]] = key
    return keys
