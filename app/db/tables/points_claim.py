"""The embedded points: points that wait to be taken."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
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
        Index("points_claim_for_key", "store_id", "email_key"),
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
    # Empty where the claim is anybody's, and in rows of older versions until the keys are made anew.
    email_key: str | None = Field(default=None, max_length=320)
    customer_type: str | None = Field(default=None, max_length=128)
    expires_at: datetime | None = Field(default=None, sa_type=UtcTime)
    state: str = Field(default=PointsClaimState.OPEN, max_length=16)
    created_at: datetime = Field(sa_type=UtcTime)
    # When its page was first opened, by a person or by a program that follows links. Empty where a version before showed it.
    opened_at: datetime | None = Field(default=None, sa_type=UtcTime)
    taken_at: datetime | None = Field(default=None, sa_type=UtcTime)
    # The key of the Points API that made it. Empty in claims of orders, and of versions before.
    api_key_id: int | None = Field(default=None, foreign_key="api_key.id", sa_type=BigId)
    customer_id: int | None = Field(default=None, foreign_key="points_customer.id", sa_type=BigId)
