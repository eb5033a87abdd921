"""The claim link of an order."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime, one_of
from app.domain.claim import ClaimState


class ClaimRow(SQLModel, table=True):
    """A claim link of an order, as far as we know it. Its id is that of the movement that brought it."""

    __tablename__ = "claim"
    __table_args__ = (
        one_of("state", ClaimState, name="claim_state"),
        CheckConstraint("points >= 0", name="claim_points"),
        CheckConstraint("state <> 'shown' OR shown_at IS NOT NULL", name="claim_shown_is_timed"),
        Index("claim_of_order", "order_id"),
        Index("claim_of_lane", "lane"),
    )

    id: UUID = Field(primary_key=True, foreign_key="movement.id")
    order_id: int = Field(foreign_key="order.id", sa_type=BigId)
    account_id: int = Field(foreign_key="account.id", sa_type=BigId)
    points: int
    email: str = Field(default="", max_length=320)
    lane: str = Field(max_length=64)
    state: str = Field(default=ClaimState.OPEN, max_length=16)
    url_sealed: str
    token_mark: str = Field(max_length=64, unique=True)
    created_at: datetime = Field(sa_type=UtcTime)
    expires_on: date | None = None
    shown_at: datetime | None = Field(default=None, sa_type=UtcTime)
    shown_available: int | None = None
    shown_used: int | None = None
    taken_at: datetime | None = Field(default=None, sa_type=UtcTime)
    taken_by: str | None = Field(default=None, max_length=320)
