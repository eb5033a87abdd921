"""Seals what must be stored but not be read from a stolen database: tokens, keys, claim links."""

import base64
import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.errors import BadSetting


class Sealer:
    """Seals with the newest secret, opens with any that it was given."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(_key(secret)) for secret in secrets])

    def seal(self, text: str) -> str:
        """Encrypt a text. The result is printable and can be opened by `open`."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Decrypt what `seal` made.

        Raises BadSetting when none of the secrets fits: SECRET_KEY was changed or lost.
        """
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise _no_secret_fits() from None

    def reseal(self, sealed: str) -> str:
        """Seal again with the newest secret what any of them sealed.

        Raises BadSetting when none of them fits.
        """
        try:
            return self.seal(self.open(sealed))
        except InvalidToken:
            raise _no_secret_fits() from None


def fingerprint(text: str) -> str:
    """Give a short one-way mark of a secret, to find it by without storing it."""
    return hashlib.sha256(text.encode()).hexdigest()


def _no_secret_fits() -> BadSetting:
    return BadSetting(
        "SECRET_KEY does not open what the database holds: it was changed or lost. "
        "Put the old one back, as SECRET_KEY or as SECRET_KEY_PREVIOUS."
    )


def _key(secret: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"saleor-points sealing").derive(secret.encode())
    return base64.urlsafe_b64encode(derived)
