"""The outbox: mails that wait to be sent, and what became of those before. And what is known of the addresses."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime, one_of
from app.domain.mails import MailKind, MailState

_IS_TO_BE_SENT = text("send_at IS NOT NULL")
_IS_OVER = text("ended_at IS NOT NULL")


class MailRow(SQLModel, table=True):
    """A mail, written in the transaction of its reason. Once it is over, nothing of what it said is kept."""

    __tablename__ = "mail"
    __table_args__ = (
        one_of("kind", MailKind, name="mail_kind_known"),
        one_of("state", MailState, name="mail_state"),
        CheckConstraint("(ended_at IS NULL) = (state IN ('waiting', 'sending'))", name="mail_over_is_timed"),
        CheckConstraint("(send_at IS NULL) = (ended_at IS NOT NULL)", name="mail_waits_for_a_time"),
        CheckConstraint("(values_sealed IS NULL) = (ended_at IS NOT NULL)", name="mail_over_keeps_no_values"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="mail_sent_is_timed"),
        CheckConstraint("state <> 'sending' OR lease_token IS NOT NULL", name="mail_sending_is_leased"),
        CheckConstraint("(lease_token IS NULL) = (lease_until IS NULL)", name="mail_lease"),
        # One reason is one mail, whoever sees it how often.
        UniqueConstraint("store_id", "kind", "about", name="mail_once"),
        Index("mail_to_send", "urgency", "send_at", sqlite_where=_IS_TO_BE_SENT, postgresql_where=_IS_TO_BE_SENT),
        Index("mail_deadline", "deadline", sqlite_where=_IS_TO_BE_SENT, postgresql_where=_IS_TO_BE_SENT),
        Index("mail_over", "ended_at", sqlite_where=_IS_OVER, postgresql_where=_IS_OVER),
        Index("mail_of_customer", "store_id", "email_key", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    kind: str = Field(max_length=16)
    # What it is about: an order, a redemption, one request for a code.
    about: str = Field(max_length=128)
    # Stands in the link by which its reader opts out. Its Message-ID is made of it, the same at each try.
    reference: UUID = Field(unique=True)
    email: str = Field(max_length=320)
    email_key: str = Field(max_length=320)
    # A language tag, such as `de` or `pt-BR`.
    language: str = Field(default="en", max_length=16)
    # What only this mail says, as a JSON object: a code, a link. Empty once the mail is over.
    values_sealed: str | None = None
    urgency: int
    state: str = Field(default=MailState.WAITING, max_length=16)
    written_at: datetime = Field(sa_type=UtcTime)
    # When it is to be sent, or tried again; and until when that helps anybody.
    send_at: datetime | None = Field(default=None, sa_type=UtcTime)
    deadline: datetime = Field(sa_type=UtcTime)
    lease_token: str | None = Field(default=None, max_length=64)
    lease_until: datetime | None = Field(default=None, sa_type=UtcTime)
    failures: int = 0
    problem: str | None = Field(default=None, max_length=512)
    sent_at: datetime | None = Field(default=None, sa_type=UtcTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)


class MailAddressRow(SQLModel, table=True):
    """What is known of an address in one store: its owner's language, and whether mails come back from it."""

    __tablename__ = "mail_address"

    store_id: int = Field(primary_key=True, foreign_key="store.id", sa_type=BigId)
    email_key: str = Field(primary_key=True, max_length=320)
    language: str | None = Field(default=None, max_length=16)
    # Since when nothing is sent there, because its server refused it for good, and what that server said.
    stopped_at: datetime | None = Field(default=None, sa_type=UtcTime)
    stopped_because: str | None = Field(default=None, max_length=512)


class MailRefusalRow(SQLModel, table=True):
    """A kind of mail that the owner of an address does not want from a store."""

    __tablename__ = "mail_refusal"

    store_id: int = Field(primary_key=True, foreign_key="store.id", sa_type=BigId)
    email_key: str = Field(primary_key=True, max_length=320)
    kind: str = Field(primary_key=True, max_length=16)
    refused_at: datetime = Field(sa_type=UtcTime)
