"""E-mail addresses: how people are compared, what people may type, and how an address is shown."""

import unicodedata

import idna
from email_validator import EmailNotValidError, validate_email

from app.domain.bounds import EMAIL_LENGTH_MAX

# RFC 5321 lets an address that a mail can reach have no more (erratum 1690).
_DELIVERABLE_LENGTH_MAX = 254
_ERASED_DOMAIN = "erased.invalid"


def nobodys_address(mark: str = "") -> str:
    """Give an address that nobody has (RFC 2606), to ask a points provider about; a `mark` makes it one provider's own.

    An account may make a customer of whom it is asked for, so of one account the same nobody is asked for each time.
    """
    return f"nobody-{mark}@example.com" if mark else "nobody@example.com"


def made_up_address(mark: str) -> str:
    """Give the address that stands in place of an erased customer's (RFC 2606: nobody can have it)."""
    return f"erased-{mark}@{_ERASED_DOMAIN}"


def is_erased(email: str) -> bool:
    """Tell whether an address stands in place of an erased customer's."""
    return email.endswith(f"@{_ERASED_DOMAIN}")


def email_key(email: str) -> str:
    """Give the key by which people are compared: equal keys are one person. Addresses are sent as they were given.

    The local part is composed (NFC) and without regard to case, the domain as IDNA 2008 writes it in a name server. Never
    fails: what is no domain stays as it is, trimmed and in lower case. Idempotent.
    """
    address = email.strip()
    if address.isascii():
        return address.lower()
    address = _settled(address)
    local, at, domain = address.rpartition("@")
    if not at or domain.isascii():
        return address
    key = f"{local}@{_encoded(domain)}"
    return key if len(key) <= EMAIL_LENGTH_MAX else address


def wire_address(email: str) -> str:
    """Give an address as a mail server takes it: its domain as a name server has it, its local part untouched."""
    local, at, domain = email.strip().rpartition("@")
    return f"{local}{at}{domain if domain.isascii() else _encoded(domain)}"


def former_key(email: str) -> str:
    """Give the key of older versions: trimmed and case-folded. A database keeps it until its keys are rebuilt."""
    return email.strip().casefold()


def is_typed_well(email: str) -> bool:
    """Tell whether what a person typed can be an e-mail address. Asks no name server; only a mail to it could tell more."""
    try:
        # `.test` has the addresses of shops that are being tried.
        validate_email(email.strip(), check_deliverability=False, test_environment=True, allow_quoted_local=True)
    except EmailNotValidError:
        return False
    return True


def _settled(address: str) -> str:
    """Compose an address and take the case away. Done again until nothing changes: composing may bring a new letter."""
    before, after = "", address
    while before != after:
        before, after = after, unicodedata.normalize("NFC", _without_case(after)).strip()
    return after


def _without_case(address: str) -> str:
    local, at, domain = address.rpartition("@")
    # IDNA 2008 tells ß from ss in a domain. In front of it they are one, as they were.
    return f"{local.casefold()}{at}{domain.lower()}"


def _encoded(domain: str) -> str:
    try:
        return idna.encode(domain, uts46=True).decode("ascii").lower()
    except (UnicodeError, IndexError):
        return domain


def is_address(email: str) -> bool:
    """Tell whether a text from a program can be an e-mail address."""
    address = email.strip()
    name, at, host = address.rpartition("@")
    is_plausible = bool(name and at and "." in host.strip(".")) and len(address) <= _DELIVERABLE_LENGTH_MAX
    return is_plausible and address.isprintable() and " " not in address


def masked(email: str) -> str:
    """Hide an address so that its owner knows it and nobody else learns it: `j•••@e•••.com`."""
    name, _, host = email.strip().rpartition("@")
    label, _, ending = host.rpartition(".")
    return f"{name[:1]}•••@{label[:1]}•••.{ending}"
