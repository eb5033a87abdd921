"""A mail as it goes over the wire."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from uuid import UUID

from app.domain.email import wire_address
from app.domain.mails import as_header
from app.errors import Refused

_NAME_MAX = 100
_ON_SAME_LINE = b"\r\nList-Unsubscribe: <"
_ON_NEXT_LINE = b"\r\nList-Unsubscribe:\r\n <"


@dataclass(frozen=True, slots=True)
class Letter:
    """The bytes of a mail, and the envelope around them."""

    sender: str
    receiver: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a mail says: a subject, and the same words twice."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Heading:
    """Who sends a mail to whom. The Message-ID is made of `reference`. `more` are further headers."""

    sender: str
    sender_name: str
    receiver: str
    reference: UUID
    at: datetime
    reply_to: str | None = None
    more: Mapping[str, str] = field(default_factory=dict)


class NoAddress(Refused):
    """Something that stands where an address should cannot be written into a mail."""

    code = "NO_MAIL_ADDRESS"


def write_letter(heading: Heading, sheet: Sheet) -> Letter:
    """Put a mail together. The same heading and sheet make the same mail.

    Raises NoAddress.
    """
    receiver = wire_address(heading.receiver)
    message = EmailMessage(policy=SMTP if receiver.isascii() else SMTPUTF8)
    name = as_header(heading.sender_name, at_most=_NAME_MAX)
    try:
        message["From"] = Address(display_name=name, addr_spec=heading.sender)
        message["To"] = Address(addr_spec=receiver)
        if heading.reply_to:
            message["Reply-To"] = Address(addr_spec=heading.reply_to)
    except (ValueError, IndexError, MessageError):
        raise NoAddress("The address of this mail, or of its sender, is none that a mail can have.") from None
    message["Subject"] = as_header(sheet.subject)
    message["Date"] = format_datetime(heading.at)
    message["Message-ID"] = message_id(heading.reference, heading.sender)
    # Nobody is there who could read an answer "I am on holiday" (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    for name, value in heading.more.items():
        message[name] = value
    message.set_content(sheet.text, cte="quoted-printable")
    message.add_alternative(sheet.html, subtype="html", cte="quoted-printable")
    message.set_boundary(f"=={heading.reference.hex}==")
    # Not every mail program finds an address that begins on the next line, as long ones are written.
    return Letter(heading.sender, receiver, message.as_bytes().replace(_ON_NEXT_LINE, _ON_SAME_LINE, 1))


def message_id(reference: UUID, sender: str) -> str:
    """Make the Message-ID. It tells nothing of the reference, which is a secret between the mail's reader and us."""
    mark = hashlib.sha256(reference.bytes).hexdigest()[:32]
    return f"<{mark}@{sender.rpartition('@')[2]}>"
