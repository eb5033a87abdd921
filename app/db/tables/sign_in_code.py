"""Mails that were asked for to sign in to the wallet."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime
from app.domain.signing_in import TRIES_MAX

_IS_TO_BE_SENT = text("typed_sealed IS NOT NULL")


class SignInCodeRow(SQLModel, table=True):
    """A request for a mail with a code and a link. It is written alike for whoever is asked about; the worker finds out for whom.

    Only of a customer of the store there is an address and a code, and then no digits and no link stand here, but their marks. Of
    nobody the row knows only a mark, by which the limits count, and which `SECRET_KEY` keeps from being guessed.
    """

    __tablename__ = "sign_in_code"
    __table_args__ = (
        CheckConstraint(f"tries BETWEEN 0 AND {TRIES_MAX}", name="sign_in_code_tries"),
        CheckConstraint("ends_at > asked_at", name="sign_in_code_ends"),
        CheckConstraint(
            "(email IS NULL) = (email_key IS NULL) AND (email IS NULL) = (code_mark IS NULL)"
            " AND (email IS NULL) = (link_mark IS NULL)",
            name="sign_in_code_is_whole",
        ),
        CheckConstraint("typed_sealed IS NULL OR email IS NULL", name="sign_in_code_is_sent_once"),
        CheckConstraint("used_at IS NULL OR email IS NOT NULL", name="sign_in_code_used_by_customer"),
        Index("sign_in_code_of_address", "store_id", "email_mark", "asked_at"),
        Index("sign_in_code_of_customer", "store_id", "email_key"),
        Index("sign_in_code_by_time", "store_id", "asked_at"),
        Index("sign_in_code_to_let_go", "asked_at"),
        Index("sign_in_code_to_send", "id", sqlite_where=_IS_TO_BE_SENT, postgresql_where=_IS_TO_BE_SENT),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    # What the browser that asked holds. Digits are taken from that browser only.
    browser_mark: str = Field(max_length=64, unique=True)
    email_mark: str = Field(max_length=64)
    # The address as it was typed, until the worker has looked whether it is a customer's.
    typed_sealed: str | None = Field(default=None, max_length=1024)
    language: str = Field(max_length=8)
    asked_at: datetime = Field(sa_type=UtcTime)
    ends_at: datetime = Field(sa_type=UtcTime)
    email: str | None = Field(default=None, max_length=320)
    email_key: str | None = Field(default=None, max_length=320)
    code_mark: str | None = Field(default=None, max_length=64)
    link_mark: str | None = Field(default=None, max_length=64, unique=True)
    # Wrong digits that were typed.
    tries: int = 0
    used_at: datetime | None = Field(default=None, sa_type=UtcTime)
