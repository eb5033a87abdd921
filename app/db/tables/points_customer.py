"""The embedded points: a customer and the balance."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime

_HAS_SOMETHING_THAT_ENDS = text("ends_next IS NOT NULL")


class PointsCustomerRow(SQLModel, table=True):
    """A customer of a store's points, and the sum of the customer's entries.

    `available` and `used` are moved by the database itself, when an entry is added; any other change of them is refused.
    """

    __tablename__ = "points_customer"
    __table_args__ = (
        UniqueConstraint("store_id", "email_key", name="points_customer_email"),
        # Only customers with something that runs out are in it: the daily run finds those whose time has come.
        Index(
            "points_customer_ends_next",
            "ends_next",
            sqlite_where=_HAS_SOMETHING_THAT_ENDS,
            postgresql_where=_HAS_SOMETHING_THAT_ENDS,
        ),
    )

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
    # When points of the customer run out next; empty where none do.
    ends_next: datetime | None = Field(default=None, sa_type=UtcTime)
    # Since the first points with a day: when the customer last earned points, and when last earned or spent. A payment whose
    # points all came back is none.
    earned_at: datetime | None = Field(default=None, sa_type=UtcTime)
    active_at: datetime | None = Field(default=None, sa_type=UtcTime)
