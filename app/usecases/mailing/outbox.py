"""Put a mail into the outbox, in the transaction of its reason. The worker sends it within a second or two."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func
from sqlmodel import Session, col, select

from app.db.dialects import insert_into
from app.db.tables import MailAddressRow, MailKindRow, MailRefusalRow, MailRow, StoreRow
from app.domain.email import email_key, is_address, is_erased
from app.domain.mails import MANNERS, MailKind, MailState, Urgency
from app.domain.store import StoreState
from app.usecases.services import Services

LANGUAGE_MAX = 16
# In the values of a mail that staff sent themselves.
IS_TEST = "is_test"
_ABOUT_TEST = "test "
# A claim is reminded of after so many days, unless somebody said another number.
REMINDED_AFTER_DAYS = 7


@dataclass(frozen=True, slots=True)
class NewMail:
    """A mail to be sent. `about` names its reason: one reason is one mail. Without `send_at` it is sent at once.

    `values` are what only this mail says. They are stored sealed, and forgotten once the mail is over.
    """

    kind: MailKind
    email: str
    about: str
    language: str | None = None
    values: Mapping[str, object] = field(default_factory=dict)
    send_at: datetime | None = None
    reference: UUID = field(default_factory=uuid4)


def put_mail(session: Session, services: Services, store: StoreRow, mail: NewMail) -> bool:
    """Put a mail into the outbox, in the caller's transaction. False where none is to be sent, or was before."""
    if not is_on(session, services, store, mail.kind) or not _can_be_written_to(session, store, mail, email_key(mail.email)):
        return False
    return _write(session, services, store, mail, MANNERS[mail.kind].urgency)


def _write(session: Session, services: Services, store: StoreRow, mail: NewMail, urgency: Urgency) -> bool:
    now, manner, key = services.clock(), MANNERS[mail.kind], email_key(mail.email)
    send_at = mail.send_at or now
    row = (
        insert_into(session.get_bind().dialect.name, MailRow)
        .values(
            store_id=store.id,
            kind=mail.kind,
            about=mail.about,
            reference=mail.reference,
            email=mail.email,
            email_key=key,
            language=(mail.language or "en")[:LANGUAGE_MAX],
            values_sealed=services.sealer.seal_short(json.dumps(mail.values)),
            urgency=urgency,
            state=MailState.WAITING,
            failures=0,
            written_at=now,
            send_at=send_at,
            deadline=send_at + manner.waits_at_most,
        )
        .on_conflict_do_nothing()
        .returning(col(MailRow.id))
    )
    return session.execute(row).first() is not None


def put_sign_in_mail(
    session: Session, services: Services, store: StoreRow, email: str, *, code: str, link: str, language: str | None = None
) -> bool:
    """Send a code by which a shopper signs in, and the link that does the same. False where the shop sends no such mails."""
    values = {"code": code, "link": link}
    return put_mail(session, services, store, NewMail(MailKind.SIGN_IN, email, uuid4().hex, language, values))


def put_test_mail(session: Session, services: Services, store: StoreRow, kind: MailKind, email: str, language: str) -> bool:
    """Send a mail of a kind with made-up numbers, whether it is switched on or not. False where no mail can be sent at all."""
    if services.courier is None or store.mail_sender is None or not is_address(email):
        return False
    about = f"{_ABOUT_TEST}{uuid4().hex}"
    return _write(session, services, store, NewMail(kind, email, about, language, {IS_TEST: True}), Urgency.NOW)


def is_test(mail: MailRow) -> bool:
    """Tell whether staff sent a mail to themselves."""
    return mail.about.startswith(_ABOUT_TEST)


def tests_since(session: Session, store: StoreRow, email: str, since: datetime) -> int:
    """Count the tests that were written to an address of late."""
    of_address = (MailRow.store_id == store.id, MailRow.email_key == email_key(email))
    is_test = (col(MailRow.about).startswith(_ABOUT_TEST), MailRow.written_at > since)
    return session.exec(select(func.count()).select_from(MailRow).where(*of_address, *is_test)).one()


def is_on(session: Session, services: Services, store: StoreRow, kind: MailKind) -> bool:
    """Tell whether a store sends a kind of mail: MAIL_URL is set, the shop has a sender, and somebody switched the kind on."""
    if services.courier is None or store.mail_sender is None or store.state != StoreState.ACTIVE:
        return False
    row = session.get(MailKindRow, (store.id, kind.value))
    return row is not None and row.is_on


def switch_kind(session: Session, store_id: int, kind: MailKind, *, is_on: bool, now: datetime) -> MailKindRow:
    """Switch a store's kind of mail on or off. One that is on stays on since when it was."""
    row = session.get(MailKindRow, (store_id, kind.value)) or MailKindRow(store_id=store_id, kind=kind)
    row.on_since = (row.on_since if row.is_on else now) if is_on else None
    row.is_on = is_on
    session.add(row)
    return row


def on_since(session: Session, store_id: int, kind: MailKind) -> datetime | None:
    """Tell since when a store has sent a kind of mail."""
    row = session.get(MailKindRow, (store_id, kind.value))
    return row.on_since if row is not None and row.is_on else None


def days_of(session: Session, store_id: int, kind: MailKind) -> int:
    """Give the days after which a kind of mail is sent."""
    row = session.get(MailKindRow, (store_id, kind.value))
    return row.after_days if row is not None and row.after_days is not None else REMINDED_AFTER_DAYS


def _can_be_written_to(session: Session, store: StoreRow, mail: NewMail, key: str) -> bool:
    if not is_address(mail.email) or is_erased(mail.email):
        return False
    address = session.get(MailAddressRow, (store.id, key))
    return (address is None or address.stopped_at is None) and not is_declined(session, store.id or 0, key, mail.kind)


def is_declined(session: Session, store_id: int, key: str, kind: MailKind) -> bool:
    """Tell whether the owner of an address does not want a kind of mail."""
    if not MANNERS[kind].can_be_declined:
        return False
    declined = select(MailRefusalRow.kind).where(
        MailRefusalRow.store_id == store_id, MailRefusalRow.email_key == key, MailRefusalRow.kind == kind
    )
    return session.exec(declined).first() is not None
