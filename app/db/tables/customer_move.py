"""A customer who was moved: from one address to another."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime, one_of


class MoveState(StrEnum):
    """How far a move of a customer has come.

    TAKING      the points are being taken from the old address
    IN_TRANSIT  they were taken, and are not given to the new address yet
    RETURNING   the new address was refused for good; they go back to the old one
    DONE        the new address has them
    REFUSED     nothing was moved, or all went back
    """

    TAKING = "taking"
    IN_TRANSIT = "in_transit"
    RETURNING = "returning"
    DONE = "done"
    REFUSED = "refused"


UNDER_WAY = frozenset({MoveState.TAKING, MoveState.IN_TRANSIT, MoveState.RETURNING})
_UNDER_WAY = text("state IN ('taking', 'in_transit', 'returning')")


class CustomerMoveRow(SQLModel, table=True):
    """One move. From `moved_at` on, what the old address had or waited for until then is the new one's.

    The row redirects the old key to the new one. `points` are those taken from the old address.
    """

    __tablename__ = "customer_move"
    __table_args__ = (
        one_of("state", MoveState, name="customer_move_state"),
        CheckConstraint("from_key <> to_key", name="customer_move_goes_elsewhere"),
        CheckConstraint("(state IN ('in_transit', 'done')) = (moved_at IS NOT NULL)", name="customer_move_is_timed"),
        Index(
            "customer_move_under_way",
            "store_id",
            "from_key",
            unique=True,
            sqlite_where=_UNDER_WAY,
            postgresql_where=_UNDER_WAY,
        ),
        Index("customer_move_from", "store_id", "from_key"),
        Index("customer_move_to", "store_id", "to_key"),
        # Newest first: everybody's, and one staff user's.
        Index("customer_move_by_moment", "store_id", "made_at", "id"),
        Index("customer_move_by_staff", "store_id", "made_by", "made_at", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    account_id: int = Field(foreign_key="account.id", sa_type=BigId)
    from_email: str = Field(max_length=320)
    from_key: str = Field(max_length=320)
    to_email: str = Field(max_length=320)
    to_key: str = Field(max_length=320)
    state: str = Field(max_length=16)
    points: int = Field(default=0, sa_type=BigId)
    reason: str = Field(max_length=1024)
    made_by: str = Field(max_length=256)
    made_at: datetime = Field(sa_type=UtcTime)
    moved_at: datetime | None = Field(default=None, sa_type=UtcTime)
    # Why the points wait, or why they were not moved: the provider's sentence.
    problem: str | None = Field(default=None, max_length=1024)
