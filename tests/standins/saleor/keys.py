"""A Saleor's RSA key: what it signs webhooks with, and the user tokens that it signs with the same."""

import base64
import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

# Saleor's JWT_TTL_APP_ACCESS and JWT_TTL_ACCESS.
TOKEN_LIFE = timedelta(minutes=5)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _compact(value: dict[str, Any]) -> str:
    return _base64url(json.dumps(value, separators=(",", ":"), sort_keys=True).encode())


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class SigningKey:
    _private: rsa.RSAPrivateKey = field(default_factory=_new_key)

    @classmethod
    def of(cls, pem: bytes) -> Self:
        """Take up a key that another process has written."""
        private = serialization.load_pem_private_key(pem, password=None)
        assert isinstance(private, rsa.RSAPrivateKey)
        return cls(private)

    def pem(self) -> bytes:
        """Write the key, for another process to sign with it."""
        pkcs8, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return self._private.private_bytes(serialization.Encoding.PEM, pkcs8, plain)

    def rotate(self) -> None:
        """Take a new key; the old one is gone from the key set at once."""
        self._private = _new_key()

    @property
    def kid(self) -> str:
        """The RFC 7638 thumbprint."""
        members = json.dumps({"e": self._e, "kty": "RSA", "n": self._n}, separators=(",", ":"))
        return _base64url(hashlib.sha256(members.encode()).digest())

    def jwks(self) -> dict[str, Any]:
        key = {"kty": "RSA", "key_ops": ["verify"], "n": self._n, "e": self._e, "use": "sig", "kid": self.kid, "alg": "RS256"}
        return {"keys": [key]}

    def sign_detached(self, body: bytes) -> str:
        """Return `header..signature` over the raw bytes (RFC 7797)."""
        header = _compact({"alg": "RS256", "b64": False, "crit": ["b64"], "kid": self.kid, "typ": "JWT"})
        return f"{header}..{_base64url(self._sign(header.encode() + b'.' + body))}"

    def sign_token(self, claims: dict[str, Any]) -> str:
        """Return an ordinary JWT, which any holder may try to pass off as a webhook's signature."""
        signed = f"{_compact({'alg': 'RS256', 'kid': self.kid, 'typ': 'JWT'})}.{_compact(claims)}"
        return f"{signed}.{_base64url(self._sign(signed.encode()))}"

    def _sign(self, data: bytes) -> bytes:
        return self._private.sign(data, padding.PKCS1v15(), hashes.SHA256())

    @property
    def _n(self) -> str:
        return _number(self._private.public_key().public_numbers().n)

    @property
    def _e(self) -> str:
        return _number(self._private.public_key().public_numbers().e)


def user_claims(issuer: str, now: datetime, *, email: str = "shopper@example.com", is_staff: bool = False) -> dict[str, Any]:
    """Return the claims of a customer's or a staff user's own access token."""
    return {
        "iat": int(now.timestamp()),
        "exp": int((now + TOKEN_LIFE).timestamp()),
        "iss": issuer,
        "owner": "saleor",
        "type": "access",
        "token": secrets.token_urlsafe(9),
        "email": email,
        "user_id": "VXNlcjoyMQ==",
        "is_staff": is_staff,
    }


def dashboard_claims(
    issuer: str, now: datetime, app_id: str, *, permissions: Sequence[str], user_permissions: Sequence[str]
) -> dict[str, Any]:
    """Return the claims of the token that the Dashboard hands to an app's page."""
    return {
        **user_claims(issuer, now, email="admin@example.com", is_staff=True),
        "type": "thirdparty",
        "app": app_id,
        "permissions": list(permissions),
        "user_permissions": list(user_permissions),
    }
