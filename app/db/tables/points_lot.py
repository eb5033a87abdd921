"""The embedded points: points that run out together."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime

_IS_OPEN = text("points_left > 0")


class PointsLotRow(SQLModel, table=True):
    """Points that came by one entry and run out together.

    `points_left` is moved by the database itself, when a use is added; any other change of it is refused. All lots of a customer
    together never hold more than the balance. The database refuses to delete a lot, or to change what it was.
    """

    __tablename__ = "points_lot"
    __table_args__ = (
        CheckConstraint("points > 0", name="points_lot_points"),
        CheckConstraint("points_left BETWEEN 0 AND points", name="points_lot_points_left"),
        CheckConstraint("ends IS NOT NULL OR policy_id IS NOT NULL", name="points_lot_ends_some_day"),
        # A customer's lots that hold something.
        Index("points_lot_of_customer", "customer_id", sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    customer_id: int = Field(foreign_key="points_customer.id", sa_type=BigId)
    # The entry that made it.
    entry_id: int = Field(foreign_key="points_entry.id", index=True, sa_type=BigId)
    # The entry that first brought its points, to whichever customer: the same after a move, and after they were spent and came
    # back.
    origin_id: int = Field(foreign_key="points_entry.id", index=True, sa_type=BigId)
    # The policy that gave the day. Empty where an import said it.
    policy_id: int | None = Field(default=None, foreign_key="points_policy.id", sa_type=BigId)
    # When it runs out. Empty where that depends on what the customer does: see `active_at` of the customer.
    ends: datetime | None = Field(default=None, sa_type=UtcTime)
    points: int
    points_left: int
    # Never written: what customers were told stands in `points_notice`. The version before reads this column.
    announced_at: datetime | None = Field(default=None, sa_type=UtcTime)


class PointsLotUseRow(SQLModel, table=True):
    """What an entry took from a lot, with a minus, or gave back to it. The database refuses to change or delete one.

    Those of one entry stand in the order in which the lots were used.
    """

    __tablename__ = "points_lot_use"
    __table_args__ = (CheckConstraint("points <> 0", name="points_lot_use_points"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    entry_id: int = Field(foreign_key="points_entry.id", index=True, sa_type=BigId)
    lot_id: int = Field(foreign_key="points_lot.id", index=True, sa_type=BigId)
    points: int
