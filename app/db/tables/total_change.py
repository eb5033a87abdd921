"""What changed of a store's sums, and is not added to them yet."""

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, one_of
from app.db.tables.running_total import TotalKind


class TotalChangeRow(SQLModel, table=True):
    """A change of a running total. The database appends it itself, when a balance, a claim or an order changes.

    It is appended, and added to the total later, so that transactions do not wait for each other at the row of the total. It
    has no foreign key: the row that changed has one, and checking another for each change costs time.
    """

    __tablename__ = "total_change"
    __table_args__ = (
        one_of("kind", TotalKind, name="total_change_kind"),
        CheckConstraint("amount <> 0", name="total_change_is_one"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(index=True, sa_type=BigId)
    kind: str = Field(max_length=16)
    part: str = Field(max_length=64)
    amount: int = Field(sa_type=BigId)
