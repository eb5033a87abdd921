"""Where mails go, as MAIL_URL says it."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

_PORTS = {"smtp": 587, "smtps": 465}


class Encryption(StrEnum):
    """TLS: from the first byte. STARTTLS: asked for, and required. OFFERED: STARTTLS where the server has it. NONE: never."""

    TLS = "tls"
    STARTTLS = "starttls"
    OFFERED = "offered"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class MailServer:
    """An SMTP server. Without a `user` there is no login."""

    host: str
    port: int
    encryption: Encryption
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port})"


@dataclass(frozen=True, slots=True)
class MailFolder:
    """A folder that gets each mail as a file, for trying."""

    path: Path


def parse_mail_url(url: str) -> MailServer | MailFolder:
    """Read MAIL_URL. Raises ValueError, which names no part of it: it holds a password."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        if parts.netloc or not parts.path.startswith("/"):
            raise ValueError("a folder is named like file:///var/mails")
        return MailFolder(Path(unquote(parts.path)))
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.fragment:
        raise ValueError(
            "must look like smtp://user:password@host:587, smtps://user:password@host:465 or file:///folder; what is special in "
            "a password is percent-encoded, such as %40 for @"
        )
    if bool(parts.username) != bool(parts.password):
        raise ValueError("user and password go together")
    port = parts.port or _PORTS[parts.scheme]
    encryption = _encryption(parts.scheme, parts.hostname, parts.query)
    return MailServer(parts.hostname, port, encryption, unquote(parts.username or ""), unquote(parts.password or ""))


def _encryption(scheme: str, host: str, query: str) -> Encryption:
    said = parse_qs(query, keep_blank_values=True)
    if said not in ({}, {"starttls": ["no"]}) or (said and scheme == "smtps"):
        raise ValueError("the only option is ?starttls=no, for an smtp server in your own network")
    if scheme == "smtps":
        return Encryption.TLS
    if said:
        return Encryption.NONE
    return Encryption.OFFERED if _is_this_machine(host) else Encryption.STARTTLS


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
