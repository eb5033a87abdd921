"""The embedded provider's ledger: customers, claims and append-only entries."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime, one_of

_IS_TAKEN = text("customer_id IS NOT NULL")
_WILL_EXPIRE = text("state = 'open' AND expires_at IS NOT NULL")


class PointsClaimState(StrEnum):
    """A claim's state in the ledger. An open claim is past its time from `expires_at` on, also while nobody has written it."""

    OPEN = "open"
    TAKEN = "taken"
    VOID = "void"
    EXPIRED = "expired"


class EntryKind(StrEnum):
    """What moved a balance: a claim that was taken, an INSTANT, or a balance brought in from elsewhere."""

    CLAIM = "claim"
    INSTANT = "instant"
    IMPORT = "import"


class PointsCustomerRow(SQLModel, table=True):
    """A customer of a store's points, and the sum of the customer's entries.

    `available` and `used` are moved by the database itself, when an entry is added; any other change of them is refused.
    """

    __tablename__ = "points_customer"
    __table_args__ = (UniqueConstraint("store_id", "email_key", name="points_customer_email"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    email: str = Field(max_length=320)
    email_key: str = Field(max_length=320)
    available: int = Field(default=0, sa_type=BigId)
    used: int = Field(default=0, sa_type=BigId)
    customer_type: str | None = Field(default=None, max_length=128)
    # What the last row said that was imported for the customer: the same row again changes nothing.
    imported_as: str | None = Field(default=None, max_length=64)
    created_at: datetime = Field(sa_type=UtcTime)


class PointsClaimRow(SQLModel, table=True):
    """Points that wait to be taken by whoever has the token. The token itself is sealed; it is found by its mark."""

    __tablename__ = "points_claim"
    __table_args__ = (
        one_of("state", PointsClaimState, name="points_claim_state"),
        CheckConstraint("amount >= 0", name="points_claim_amount"),
        CheckConstraint("(state = 'taken') = (taken_at IS NOT NULL)", name="points_claim_taken_is_timed"),
        CheckConstraint("(state = 'taken') = (customer_id IS NOT NULL)", name="points_claim_taken_has_customer"),
        # Only open claims are in it, so finding those whose time is over costs the same after years of history.
        Index("points_claim_will_expire", "expires_at", sqlite_where=_WILL_EXPIRE, postgresql_where=_WILL_EXPIRE),
        Index("points_claim_for_email", "store_id", "email"),
        Index("points_claim_of_customer", "customer_id", sqlite_where=_IS_TAKEN, postgresql_where=_IS_TAKEN),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    # Who asked for it, so that asking twice is asking once.
    request_id: UUID = Field(unique=True)
    token_mark: str = Field(max_length=64, unique=True)
    token_sealed: str
    amount: int
    email: str = Field(default="", max_length=320)
    customer_type: str | None = Field(default=None, max_length=128)
    expires_at: datetime | None = Field(default=None, sa_type=UtcTime)
    state: str = Field(default=PointsClaimState.OPEN, max_length=16)
    created_at: datetime = Field(sa_type=UtcTime)
    taken_at: datetime | None = Field(default=None, sa_type=UtcTime)
    customer_id: int | None = Field(default=None, foreign_key="points_customer.id", sa_type=BigId)


class PointsEntryRow(SQLModel, table=True):
    """One change of one balance, with the balance after it. The database refuses to change or delete an entry.

    `amount` is the change of what is available, `used` that of what is used: only a balance brought in has any.
    """

    __tablename__ = "points_entry"
    __table_args__ = (
        one_of("kind", EntryKind, name="points_entry_kind"),
        CheckConstraint("(kind = 'claim') = (claim_id IS NOT NULL)", name="points_entry_claim"),
        CheckConstraint("used = 0 OR kind = 'import'", name="points_entry_used"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    customer_id: int = Field(foreign_key="points_customer.id", index=True, sa_type=BigId)
    kind: str = Field(max_length=16)
    amount: int
    used: int = Field(default=0, sa_type=BigId, sa_column_kwargs={"server_default": "0"})
    # Empty in entries of the first version, which did not write it.
    available_after: int | None = Field(default=None, sa_type=BigId)
    used_after: int | None = Field(default=None, sa_type=BigId)
    claim_id: int | None = Field(default=None, foreign_key="points_claim.id", unique=True, sa_type=BigId)
    # Who asked for it, so that asking twice is asking once.
    request_id: UUID | None = Field(default=None, unique=True)
    created_at: datetime = Field(sa_type=UtcTime)
