"""Seals what must be stored but not be read from a stolen database: tokens, keys, claim links."""

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from contextlib import suppress

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.errors import BadSetting

# What `seal_short` made begins with this; what `seal` made never does.
_SHORT = "~"
_NONCE_BYTES = 12


class Sealer:
    """Seals with the newest secret, opens with any that it was given."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(_key(secret)) for secret in secrets])
        self._short = [AESGCM(_derived(secret, b"saleor-points tokens")) for secret in secrets]
        self._marking = [_derived(secret, b"saleor-points marks") for secret in secrets]

    def seal(self, text: str) -> str:
        """Encrypt a text. The result is printable and can be opened by `open`."""
        return self._fernet.encrypt(text.encode()).decode()

    def seal_short(self, text: str) -> str:
        """Encrypt a short text among very many, such as a claim token or its link: a seventh of the work, and half as long.

        A nonce is drawn for each: after four thousand million under one secret, rotate it.
        """
        nonce = os.urandom(_NONCE_BYTES)
        return _SHORT + base64.b64encode(nonce + self._short[0].encrypt(nonce, text.encode(), None)).decode()

    def keyed_mark(self, text: str) -> str:
        """Give a one-way mark of a text that is easy to guess, such as six digits: without a secret nobody can try them all."""
        return _keyed(self._marking[0], text)

    def is_marked(self, text: str, mark: str) -> bool:
        """Tell whether a mark is this text's, made with any of the secrets. All are compared, and each in the same time."""
        return max([hmac.compare_digest(_keyed(key, text), mark) for key in self._marking])

    def open(self, sealed: str) -> str:
        """Decrypt what `seal` or `seal_short` made.

        Raises BadSetting when none of the secrets fits: SECRET_KEY was changed or lost.
        """
        if sealed.startswith(_SHORT):
            return self._open_short(sealed)
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise _no_secret_fits() from None

    def reseal(self, sealed: str) -> str:
        """Seal again with the newest secret what any of them sealed.

        Raises BadSetting when none of them fits.
        """
        text = self.open(sealed)
        return self.seal_short(text) if sealed.startswith(_SHORT) else self.seal(text)

    def _open_short(self, sealed: str) -> str:
        try:
            box = base64.b64decode(sealed.removeprefix(_SHORT), validate=True)
        except ValueError:
            raise _no_secret_fits() from None
        for cipher in self._short:
            with suppress(InvalidTag, ValueError):
                return cipher.decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], None).decode()
        raise _no_secret_fits()


def fingerprint(text: str) -> str:
    """Give a short one-way mark of a secret, to find it by without storing it."""
    return hashlib.sha256(text.encode()).hexdigest()


def _keyed(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()


def _no_secret_fits() -> BadSetting:
    return BadSetting(
        "SECRET_KEY does not open what the database holds: it was changed or lost. "
        "Put the old one back, as SECRET_KEY or as SECRET_KEY_PREVIOUS."
    )


def _key(secret: str) -> bytes:
    return base64.urlsafe_b64encode(_derived(secret, b"saleor-points sealing"))


def _derived(secret: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret.encode())
