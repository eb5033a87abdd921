"""Verifies tokens: the one that the Dashboard hands to an app's page, made for one staff user and one app, and a shopper's own.

Saleor signs the tokens of customers and of staff with the same key, so what tells an app's token from theirs is in the claims:
type `thirdparty`, and the app's own id. A shopper's has type `access` and is no staff user's.
Source: saleor/core/jwt.py, and tokens of a running Dashboard.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from jwt.exceptions import PyJWTError

from app.errors import TokenRefused
from app.saleor.signature import KeyNotKnown, rsa_keys

TOKEN_LENGTH_MAX = 8192
EMAIL_LENGTH_MAX = 256
USER_ID_LENGTH_MAX = 128
# Saleor's clock and ours may differ by a little; a token lives for five minutes.
LEEWAY = timedelta(seconds=30)

_ALGORITHM = "RS256"
# What is due, and who it is for, is checked below, by our clock and in our words.
_SIGNATURE_ONLY = {
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


@dataclass(frozen=True, slots=True)
class StaffToken:
    """What a verified token says of the staff user: `permissions` are all that the user has in Saleor."""

    email: str
    user_id: str
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True)
class ShopperToken:
    """What a verified token says of a shopper. Whether they are confirmed and active only their Saleor knows."""

    user_id: str
    ends_at: datetime


def read_shopper_token(token: str, jwks: str, *, issuer: str, now: datetime) -> ShopperToken:
    """Check that this Saleor made the token for a customer to use its API with, and that it is still good.

    Raises KeyNotKnown when no key of the set made it, TokenRefused for everything else that is wrong with it.
    """
    if not _can_be_token(token):
        raise TokenRefused("The request carries no token. Send the shopper's own Saleor access token as a Bearer token.")
    claims = _signed_claims(token, jwks)
    if claims.get("iss") != issuer:
        raise TokenRefused("This token was made by another Saleor.")
    if claims.get("type") != "access" or claims.get("is_staff") is not False or "app" in claims:
        raise TokenRefused("This is not the access token of a customer.")
    ends_at = _time(claims.get("exp"))
    if now >= ends_at + LEEWAY:
        raise TokenRefused("The shopper's token is over. Refresh it in Saleor and send the new one.")
    user_id = claims.get("user_id")
    if not isinstance(user_id, str) or not 0 < len(user_id) <= USER_ID_LENGTH_MAX:
        raise TokenRefused("This token does not say whose it is.")
    return ShopperToken(user_id, ends_at)


def read_staff_token(token: str, jwks: str, *, issuer: str, app_id: str, now: datetime) -> StaffToken:
    """Check that this Saleor made the token, for this app, and that it is still good.

    Raises KeyNotKnown when no key of the set made it, TokenRefused for everything else that is wrong with it.
    """
    if not _can_be_token(token):
        raise TokenRefused("The Dashboard gave no token. Open Saleor Points from the Dashboard's extensions.")
    claims = _signed_claims(token, jwks)
    if claims.get("iss") != issuer:
        raise TokenRefused("This token was made by another Saleor.")
    if claims.get("type") != "thirdparty" or claims.get("is_staff") is not True:
        raise TokenRefused("This is not a token that the Dashboard makes for an app.")
    if claims.get("app") != app_id:
        raise TokenRefused("This token was made for another app.")
    if now >= _time(claims.get("exp")) + LEEWAY:
        raise TokenRefused("The Dashboard's token is over; it makes a new one every five minutes.")
    email, permissions = claims.get("email"), claims.get("user_permissions")
    if not isinstance(email, str) or not isinstance(permissions, list):
        raise TokenRefused("This token does not say whose it is.")
    user_id = claims.get("user_id")
    if not isinstance(user_id, str) or not 0 < len(user_id) <= USER_ID_LENGTH_MAX:
        raise TokenRefused("This token does not say whose it is.")
    return StaffToken(email[:EMAIL_LENGTH_MAX], user_id, frozenset(name for name in permissions if isinstance(name, str)))


def _can_be_token(token: str) -> bool:
    return 0 < len(token) <= TOKEN_LENGTH_MAX and token.isascii()


def _signed_claims(token: str, jwks: str) -> Mapping[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
    except (PyJWTError, ValueError, RecursionError):
        raise TokenRefused("The token cannot be read.") from None
    if header.get("alg") != _ALGORITHM:
        raise TokenRefused("The token is not signed the way that Saleor signs.")
    key = rsa_keys(jwks).get(str(header.get("kid")))
    if key is None:
        raise KeyNotKnown("The token is signed with a key that this Saleor does not publish.")
    try:
        claims: Mapping[str, Any] = jwt.decode(token, key, algorithms=[_ALGORITHM], options=_SIGNATURE_ONLY)  # type: ignore[arg-type]  # a plain dict is what it takes
    except (PyJWTError, ValueError, RecursionError):
        raise KeyNotKnown("The token's signature does not fit.") from None
    return claims


def _time(value: Any) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TokenRefused("The token does not say until when it is good.")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        raise TokenRefused("The token does not say until when it is good.") from None
