"""A mail server: a real SMTP server on 127.0.0.1, which misbehaves on demand."""

import asyncio
import email
import email.policy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from enum import Enum
from typing import Any, Self, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.waiting import PATIENCE_SECONDS

USER, PASSWORD = "points@shop.example", "a password/with@signs"


class Fault(Enum):
    """What goes wrong with a mail."""

    RCPT_4XX = "451 4.7.1 Greylisted, please come back"
    RCPT_5XX = "550 5.1.1 <{address}>: Recipient address rejected: User unknown"
    RCPT_POLICY = "554 5.7.1 <{address}>: Relay access denied"
    SENDER_5XX = "553 5.7.1 Sender address rejected: not owned by user"
    DATA_4XX = "452 4.3.1 Insufficient system storage"
    DATA_5XX = "554 5.6.0 Message refused as spam"
    CUT_AT_RCPT = "cut at RCPT"
    CUT_AFTER_DATA = "cut after the mail, without an answer"
    SILENT_AT_RCPT = "nothing at RCPT"
    SILENT_AFTER_DATA = "nothing after the mail"


@dataclass(frozen=True)
class Delivered:
    """A mail that arrived, and the envelope that it came in."""

    sender: str
    receiver: str
    message: EmailMessage
    content: bytes

    def part(self, subtype: str) -> str:
        body = self.message.get_body((subtype,))
        assert body is not None
        return str(body.get_content())


@dataclass
class StandInMail:
    """Keeps what arrives. `faults` befall the next mails, one each; `None` among them lets a mail through."""

    delivered: list[Delivered] = field(default_factory=list)
    faults: list[Fault | None] = field(default_factory=list)
    faults_of: dict[str, Fault] = field(default_factory=dict)
    accepts_login: bool = True
    connections: int = 0
    port: int = 0

    def __post_init__(self) -> None:
        self.released = threading.Event()
        self._transports: list[asyncio.Transport] = []

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def url_with_login(self) -> str:
        return f"smtp://points%40shop.example:a%20password%2Fwith%40signs@127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def start(self) -> None:
        loop = self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(loop,), daemon=True)
        self._thread.start()
        # In its own thread: a browser's test has a loop in this one.
        listening = loop.create_server(lambda: self._served(loop), "127.0.0.1", self.port)
        self._server = asyncio.run_coroutine_threadsafe(listening, loop).result(PATIENCE_SECONDS)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Stop listening, and cut what is connected."""
        if self._loop.is_closed():
            return
        self.released.set()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self.released.clear()

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()
        self._server.close()
        for transport in self._transports:
            transport.abort()
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.close()

    def _served(self, loop: asyncio.AbstractEventLoop) -> SMTP:
        self.connections += 1
        return _Connection(
            _Handler(self),
            self._transports,
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=self._authenticate,
            hostname="mail.example",
            loop=loop,
        )

    def _authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        is_right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=self.accepts_login and is_right, handled=False)

    def to(self, address: str) -> list[Delivered]:
        return [one for one in self.delivered if one.receiver == address]

    def fault_for(self, address: str) -> Fault | None:
        if address in self.faults_of:
            return self.faults_of[address]
        return self.faults.pop(0) if self.faults else None


class _Connection(SMTP):
    """One connection. It is told to whoever stops the server."""

    def __init__(self, handler: Any, transports: list[asyncio.Transport], **options: Any) -> None:
        self._transports = transports
        super().__init__(handler, **options)

    def connection_made(self, transport: Any) -> None:
        self._transports.append(transport)
        super().connection_made(transport)


class _Handler:
    def __init__(self, owner: StandInMail) -> None:
        self.owner = owner
        self.fault: Fault | None = None

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        fault = self.owner.fault_for(address)
        cast(Any, envelope).fault = fault
        if fault is Fault.CUT_AT_RCPT:
            _cut(server)
            return "421 never read"
        if fault is Fault.SILENT_AT_RCPT:
            await _silence(self.owner)
        if fault in {Fault.RCPT_4XX, Fault.RCPT_5XX, Fault.RCPT_POLICY, Fault.SENDER_5XX}:
            return str(fault.value).format(address=address)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        fault: Fault | None = cast(Any, envelope).fault
        if fault in {Fault.DATA_4XX, Fault.DATA_5XX}:
            return str(fault.value)
        content = cast(bytes, envelope.original_content)
        message = email.message_from_bytes(content, policy=email.policy.default)
        self.owner.delivered.append(Delivered(str(envelope.mail_from), str(envelope.rcpt_tos[0]), message, content))
        if fault is Fault.CUT_AFTER_DATA:
            _cut(server)
        if fault is Fault.SILENT_AFTER_DATA:
            await _silence(self.owner)
        return "250 OK"


def _cut(server: SMTP) -> None:
    cast(Any, server.transport).abort()


async def _silence(owner: StandInMail) -> None:
    while not owner.released.is_set():
        await asyncio.sleep(0.05)


@contextmanager
def mail_server(**options: Any) -> Iterator[StandInMail]:
    """Run a mail server."""
    with StandInMail(**options) as running:
        yield running
