"""An order's points that are gone: they ran out, or staff took them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime


class GoneRow(SQLModel, table=True):
    """What ran out with a claim, or what a change by staff took of an order: once, at what it really removed. Append-only.

    `of_points` were earned by the order, `of_gifts` were given by staff.
    """

    __tablename__ = "gone"
    __table_args__ = (
        CheckConstraint("of_points >= 0 AND of_gifts >= 0", name="gone_points"),
        CheckConstraint("(claim_id IS NULL) <> (adjustment_id IS NULL)", name="gone_has_one_reason"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    order_id: int = Field(foreign_key="order.id", index=True, sa_type=BigId)
    of_points: int = Field(sa_type=BigId)
    of_gifts: int = Field(sa_type=BigId)
    # The claim that ran out, or what staff did. Nothing is gone twice.
    claim_id: UUID | None = Field(default=None, foreign_key="claim.id", unique=True)
    adjustment_id: int | None = Field(default=None, foreign_key="adjustment.id", unique=True, sa_type=BigId)
    found_at: datetime = Field(sa_type=UtcTime)
