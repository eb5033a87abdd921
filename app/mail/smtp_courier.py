"""Hand mails to an SMTP server, step by step, so that it is known what a lost connection means."""

import io
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

from app.errors import MailServerDown, MailServerRefused
from app.http.deadlines import seconds_left, within
from app.logs import blotted
from app.mail.courier import Fate, MaySend, Outcome, Round
from app.mail.letter import Letter
from app.mail_url import Encryption, MailServer

# For connecting, greeting and login together; and for one mail. A server that drips gets no more.
CONNECT_SECONDS = 20.0
MAIL_SECONDS = 30.0
_SAID_MAX = 200
# "Delivery not authorized", "authentication required": the server judges whom we are, not whom we write to (RFC 3463).
_IS_POLICY = re.compile(r"5\.7\.\d")
_AUTHENTICATION_CODES = frozenset({530, 534, 535, 538})
_LINE_END = re.compile(rb"\r\n|\r|\n")


class SmtpCourier:
    """An SMTP server."""

    def __init__(
        self, server: MailServer, *, connect_seconds: float = CONNECT_SECONDS, mail_seconds: float = MAIL_SECONDS
    ) -> None:
        self._server, self._connect_seconds, self._mail_seconds = server, connect_seconds, mail_seconds

    @contextmanager
    def open(self) -> Iterator[Round]:
        """Connect, encrypt and log in."""
        with within(self._connect_seconds):
            connection = self._connected()
        try:
            yield _SmtpRound(connection, self._mail_seconds)
        finally:
            with suppress(OSError, smtplib.SMTPException), within(self._connect_seconds):
                connection.quit()
            connection.close()

    def _connected(self) -> "_Smtp":
        server = self._server
        connection: _Smtp | None = None
        try:
            connection = _SmtpTls(server) if server.encryption is Encryption.TLS else _Smtp(server)
            connection.ehlo_or_helo_if_needed()
            self._encrypt(connection)
            if server.user:
                connection.login(server.user, server.password)
        except smtplib.SMTPAuthenticationError as error:
            close(connection)
            raise MailServerRefused(f"The mail server refuses user and password of MAIL_URL: {said(error)}") from None
        except smtplib.SMTPNotSupportedError:
            close(connection)
            raise MailServerRefused("The mail server takes no user and password in a way that this app knows.") from None
        except ssl.SSLError as error:
            close(connection)
            reason = blotted(error.reason or "")[:_SAID_MAX]
            raise MailServerRefused(f"The mail server's certificate or encryption is not to be trusted: {reason}") from None
        except (OSError, smtplib.SMTPException) as error:
            close(connection)
            raise MailServerDown(f"The mail server does not answer as one: {said(error)}") from None
        except MailServerRefused:
            close(connection)
            raise
        return connection

    def _encrypt(self, connection: "_Smtp") -> None:
        if self._server.encryption not in {Encryption.STARTTLS, Encryption.OFFERED}:
            return
        if connection.has_extn("starttls"):
            connection.starttls(context=ssl.create_default_context())
            connection.ehlo()
        elif self._server.encryption is Encryption.STARTTLS:
            raise MailServerRefused(
                "The mail server offers no encryption (STARTTLS). In a network of your own, add ?starttls=no to MAIL_URL."
            )


class _SmtpRound:
    def __init__(self, connection: "_Smtp", mail_seconds: float) -> None:
        self._connection, self._mail_seconds = connection, mail_seconds

    def hand_over(self, letter: Letter, may_send: MaySend) -> Outcome:
        with within(self._mail_seconds):
            try:
                before = self._address(letter)
                if before is not None:
                    self._connection.rset()
                    return before
                if not may_send():
                    self._connection.rset()
                    return Outcome(Fate.NOT_OURS)
                code, reply = self._connection.docmd("data")
                if code != 354:
                    self._connection.rset()
                    return Outcome(Fate.LATER if code < 500 else Fate.REFUSED, _told(code, reply))
            except (OSError, smtplib.SMTPException) as error:
                raise MailServerDown(f"The mail server broke off: {said(error)}") from None
            return self._content(letter)

    def _address(self, letter: Letter) -> Outcome | None:
        """Name sender and receiver. Gives what stands against this mail, if anything."""
        options = [] if letter.receiver.isascii() else ["SMTPUTF8"]
        if options and not self._connection.has_extn("smtputf8"):
            return Outcome(Fate.REFUSED, "It does not take addresses with letters like these.")
        code, reply = self._connection.mail(letter.sender, options)
        if code == 421:
            raise smtplib.SMTPResponseException(code, reply)
        if code >= 400:
            return Outcome(Fate.LATER if code < 500 else Fate.SENDER_REFUSED, _told(code, reply))
        code, reply = self._connection.rcpt(letter.receiver)
        if code == 421:
            raise smtplib.SMTPResponseException(code, reply)
        if code >= 500:
            is_about_us = code in _AUTHENTICATION_CODES or _IS_POLICY.match(_text(reply)) is not None
            return Outcome(Fate.SENDER_REFUSED if is_about_us else Fate.NO_ADDRESS, _told(code, reply))
        return Outcome(Fate.LATER, _told(code, reply)) if code >= 400 else None

    def _content(self, letter: Letter) -> Outcome:
        """Send what the mail says. From its first byte on, silence tells nothing."""
        try:
            self._connection.send(_stuffed(letter.content))
            code, reply = self._connection.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self._connection.close()
            return Outcome(Fate.UNKNOWN, said(error))
        if code < 400:
            return Outcome(Fate.TAKEN)
        return Outcome(Fate.LATER if code < 500 else Fate.REFUSED, _told(code, reply))


class _Smtp(smtplib.SMTP):
    """smtplib's client, every step of which ends at the deadline (`within`)."""

    def __init__(self, server: MailServer) -> None:
        self._begin(server)

    def _begin(self, server: MailServer, **options: Any) -> None:
        name = socket.gethostname()
        # smtplib would ask DNS for a better one, which can take long. RFC 5321 allows an address in place of a name.
        local = name if "." in name else "[127.0.0.1]"
        super().__init__(server.host, server.port, local, timeout=seconds_left(), **options)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = io.BufferedReader(cast(io.RawIOBase, _Reader(self.sock)))
        return super().getreply()

    def send(self, s: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(seconds_left())
        super().send(s)


class _SmtpTls(_Smtp):
    """The same, encrypted from the first byte."""

    def __init__(self, server: MailServer) -> None:
        self._context = ssl.create_default_context()
        self._begin(server)

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        plain = super()._get_socket(host, port, timeout)  # type: ignore[misc]  # as smtplib's own SMTP_SSL does
        return self._context.wrap_socket(plain, server_hostname=host)


class _Reader(io.RawIOBase):
    """What a server says. Each read ends at the deadline."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(seconds_left())
        return int(self._sock.recv_into(buffer))


def said(error: Exception) -> str:
    """Give what an error tells, without addresses."""
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
        return _told(error.smtp_code, reply)
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "the connection was closed"
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__


def close(connection: smtplib.SMTP | None) -> None:
    """Close a connection, if there is one."""
    if connection is not None:
        connection.close()


def _told(code: int, reply: bytes) -> str:
    return f"{code} {blotted(_text(reply))}"[:_SAID_MAX]


def _text(reply: bytes) -> str:
    return " ".join(reply.decode("ascii", "replace").split())


def _stuffed(content: bytes) -> bytes:
    """Write a mail as DATA has it: lines that begin with a dot get another, and a dot alone ends it (RFC 5321, 4.5.2)."""
    lines = _LINE_END.split(content.removesuffix(b"\n").removesuffix(b"\r"))
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + b"\r\n.\r\n"
