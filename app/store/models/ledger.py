"""The embedded provider's ledger: customers, claims and append-only entries."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.store.columns import BigId, UtcTime, one_of


class PointsClaimState(StrEnum):
    """A claim's state in the ledger. That it is past its time is read from `expires_at`."""

    OPEN = "open"
    TAKEN = "taken"
    VOID = "void"


class EntryKind(StrEnum):
    """What moved a balance: a claim that was taken, or an INSTANT."""

    CLAIM = "claim"
    INSTANT = "instant"


class PointsCustomerRow(SQLModel, table=True):
    """A customer of a store's points, and the sum of the customer's entries."""

    __tablename__ = "points_customer"
    __table_args__ = (UniqueConstraint("store_id", "email_key", name="points_customer_email"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    email: str = Field(max_length=320)
    email_key: str = Field(max_length=320)
    available: int = Field(default=0, sa_type=BigId)
    used: int = Field(default=0, sa_type=BigId)
    customer_type: str | None = Field(default=None, max_length=128)
    created_at: datetime = Field(sa_type=UtcTime)


class PointsClaimRow(SQLModel, table=True):
    """Points that wait to be taken by whoever has the token. The token itself is sealed; it is found by its mark."""

    __tablename__ = "points_claim"
    __table_args__ = (
        one_of("state", PointsClaimState, name="points_claim_state"),
        CheckConstraint("amount >= 0", name="points_claim_amount"),
        CheckConstraint("(state = 'taken') = (taken_at IS NOT NULL)", name="points_claim_taken_is_timed"),
        CheckConstraint("(state = 'taken') = (customer_id IS NOT NULL)", name="points_claim_taken_has_customer"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", index=True, sa_type=BigId)
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
    """One change of one balance. Append-only."""

    __tablename__ = "points_entry"
    __table_args__ = (
        one_of("kind", EntryKind, name="points_entry_kind"),
        CheckConstraint("(kind = 'claim') = (claim_id IS NOT NULL)", name="points_entry_claim"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    customer_id: int = Field(foreign_key="points_customer.id", index=True, sa_type=BigId)
    kind: str = Field(max_length=16)
    amount: int
    claim_id: int | None = Field(default=None, foreign_key="points_claim.id", unique=True, sa_type=BigId)
    # Who asked for it, so that asking twice is asking once.
    request_id: UUID | None = Field(default=None, unique=True)
    created_at: datetime = Field(sa_type=UtcTime)
