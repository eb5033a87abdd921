"""E-mail addresses: how people are compared, and how an address is shown."""

import re

# RFC 5321 lets an address that a mail can reach have no more (erratum 1690).
_DELIVERABLE_LENGTH_MAX = 254
# RFC 5322 (dot-atom), with the letters of all languages (RFC 6531).
_DOT_ATOM = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*")
_LABEL = re.compile(r"[^\W_]([\w-]*[^\W_])?")


def nobodys_address(mark: str = "") -> str:
    """Give an address that nobody has (RFC 2606), to ask a points provider about; a `mark` makes it one provider's own.

    An account may make a customer of whom it is asked for, so of one account the same nobody is asked for each time.
    """
    return f"nobody-{mark}@example.com" if mark else "nobody@example.com"


def folded(email: str) -> str:
    """Give the form in which e-mail addresses are compared: trimmed and case-folded. They are sent as they were."""
    return email.strip().casefold()


def is_address(email: str) -> bool:
    """Tell whether a text can be an e-mail address. Only a mail to it could tell more."""
    address = email.strip()
    name, at, host = address.rpartition("@")
    is_plausible = bool(name and at and "." in host.strip(".")) and len(address) <= _DELIVERABLE_LENGTH_MAX
    return is_plausible and address.isprintable() and " " not in address


def is_well_formed(email: str) -> bool:
    """Tell whether an address that somebody typed is spelled as addresses are. Stricter than `is_address`."""
    name, _, host = email.strip().rpartition("@")
    labels = host.split(".")
    is_host = len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels)
    return is_address(email) and is_host and _DOT_ATOM.fullmatch(name) is not None


def masked(email: str) -> str:
    """Hide an address so that its owner knows it and nobody else learns it: `j•••@e•••.com`."""
    name, _, host = email.strip().rpartition("@")
    label, _, ending = host.rpartition(".")
    return f"{name[:1]}•••@{label[:1]}•••.{ending}"
