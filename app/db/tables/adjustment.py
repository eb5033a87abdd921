"""What staff gave or took by hand."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime


class AdjustmentRow(SQLModel, table=True):
    """A person's change of an order's or a customer's points. Append-only."""

    __tablename__ = "adjustment"
    __table_args__ = (
        CheckConstraint("points <> 0", name="adjustment_points"),
        CheckConstraint("order_id IS NOT NULL OR email_key IS NOT NULL", name="adjustment_has_subject"),
        CheckConstraint(
            "abs(points) <= points_max OR request_id IS NOT NULL OR claim_id IS NOT NULL", name="adjustment_within_limit"
        ),
        # Newest first: everybody's, and one staff user's.
        Index("adjustment_by_moment", "store_id", "made_at", "id"),
        Index("adjustment_by_staff_moment", "store_id", "made_by", "made_at", "id"),
        Index("adjustment_of_customer", "store_id", "email_key"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    order_id: int | None = Field(default=None, foreign_key="order.id", index=True, sa_type=BigId)
    email_key: str | None = Field(default=None, max_length=320)
    points: int
    reason: str = Field(max_length=1024)
    made_by: str = Field(max_length=256)
    # The claim that it withdraws. None is withdrawn twice.
    claim_id: UUID | None = Field(default=None, index=True, unique=True)
    made_at: datetime = Field(sa_type=UtcTime)
    # The version of the arithmetic that it was made for. None: it counts with its sign, as versions before know it.
    arithmetic: int | None = None
    # The day of the store on which it counted towards its maker's sum, and the limit of one change then; none: there was none.
    counted_on: date | None = None
    points_max: int | None = None
    # The request that was approved to make it. None is made twice.
    request_id: int | None = Field(default=None, index=True, unique=True, sa_type=BigId)
