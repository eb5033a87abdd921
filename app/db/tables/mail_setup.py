"""What merchants set about the mails, and how the mail server does."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, false
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime, one_of
from app.domain.mails import MailKind


class MailKindRow(SQLModel, table=True):
    """Whether a store sends a kind of mail. No row: it does not."""

    __tablename__ = "mail_kind"
    __table_args__ = (
        one_of("kind", MailKind, name="mail_kind_kind"),
        CheckConstraint("after_days BETWEEN 1 AND 365", name="mail_kind_after_days"),
        CheckConstraint("NOT is_on OR on_since IS NOT NULL", name="mail_kind_on_is_timed"),
    )

    store_id: int = Field(primary_key=True, foreign_key="store.id", sa_type=BigId)
    kind: str = Field(primary_key=True, max_length=16)
    is_on: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    # Orders from before get no mail: switching a kind on must not write to everybody who ever ordered.
    on_since: datetime | None = Field(default=None, sa_type=UtcTime)
    # Days after which a reminder is sent; none for other kinds.
    after_days: int | None = None
    # For points that run out: the day of the last look at customers, as the shop's clocks show it, and how far it has come: the
    # next end and the id of the last customer looked at. None: to the last one.
    looked_on: date | None = None
    looked_ends: datetime | None = Field(default=None, sa_type=UtcTime)
    looked_after: int | None = Field(default=None, sa_type=BigId)


class MailTextRow(SQLModel, table=True):
    """A store's own words in a kind of mail, in one language."""

    __tablename__ = "mail_text"
    __table_args__ = (one_of("kind", MailKind, name="mail_text_kind"),)

    store_id: int = Field(primary_key=True, foreign_key="store.id", sa_type=BigId)
    kind: str = Field(primary_key=True, max_length=16)
    language: str = Field(primary_key=True, max_length=8)
    subject: str | None = Field(default=None, max_length=200)
    paragraph: str | None = Field(default=None, max_length=1000)


class MailServerRow(SQLModel, table=True):
    """How the mail server of MAIL_URL does, for all workers. There is one row at most."""

    __tablename__ = "mail_server"
    __table_args__ = (CheckConstraint("id = 1", name="mail_server_is_one"),)

    id: int = Field(default=1, primary_key=True)
    # While this lies ahead no mail is tried.
    paused_until: datetime | None = Field(default=None, sa_type=UtcTime)
    failures: int = 0
    failing_since: datetime | None = Field(default=None, sa_type=UtcTime)
    problem: str | None = Field(default=None, max_length=512)
