"""The embedded points: points that a customer paid with."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime


class PointsSpendRow(SQLModel, table=True):
    """Points that a customer paid with, and how many of them were given back.

    `given_back` is moved by the database itself, when an entry gives points back. It never exceeds `points`. The database
    refuses to delete a spend, or to change what it was.
    """

    __tablename__ = "points_spend"
    __table_args__ = (
        CheckConstraint("points > 0", name="points_spend_points"),
        CheckConstraint("given_back BETWEEN 0 AND points", name="points_spend_given_back"),
        Index("points_spend_of_customer", "customer_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", index=True, sa_type=BigId)
    # Who paid. What is given back goes to whoever holds this customer's points by then.
    customer_id: int = Field(foreign_key="points_customer.id", sa_type=BigId)
    # The name of the spend outside. Asking twice is asking once.
    request_id: UUID = Field(unique=True)
    points: int
    given_back: int = Field(default=0)
    # What it paid for, in the words of whoever asked: the number of a receipt.
    reference: str = Field(default="", max_length=128)
    # The key of the Points API that asked for it.
    api_key_id: int | None = Field(default=None, foreign_key="api_key.id", sa_type=BigId)
    created_at: datetime = Field(sa_type=UtcTime)
