"""The embedded points: one change of one balance."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime, one_of


class EntryKind(StrEnum):
    """What changed a balance: a claim that was taken, an INSTANT, a balance brought in from elsewhere, or a moved customer."""

    CLAIM = "claim"
    INSTANT = "instant"
    IMPORT = "import"
    MOVE = "move"


class PointsEntryRow(SQLModel, table=True):
    """One change of one balance, with the balance after it. The database refuses to change or delete an entry.

    `amount` is the change of what is available, `used` that of what is used: only one brought in, or moved, has any.
    """

    __tablename__ = "points_entry"
    __table_args__ = (
        one_of("kind", EntryKind, name="points_entry_kind"),
        CheckConstraint("(kind = 'claim') = (claim_id IS NOT NULL)", name="points_entry_claim"),
        CheckConstraint("used = 0 OR kind IN ('import', 'move')", name="points_entry_used"),
        CheckConstraint("(kind = 'move') = (move_id IS NOT NULL)", name="points_entry_move"),
        # A customer's entries, newest first, paged by id.
        Index("points_entry_of_customer", "customer_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    customer_id: int = Field(foreign_key="points_customer.id", sa_type=BigId)
    kind: str = Field(max_length=16)
    amount: int
    used: int = Field(default=0, sa_type=BigId, sa_column_kwargs={"server_default": "0"})
    # Empty in entries of the first version, which did not write it.
    available_after: int | None = Field(default=None, sa_type=BigId)
    used_after: int | None = Field(default=None, sa_type=BigId)
    claim_id: int | None = Field(default=None, foreign_key="points_claim.id", unique=True, sa_type=BigId)
    # Who asked for it, so that asking twice is asking once.
    request_id: UUID | None = Field(default=None, unique=True)
    # The move of a customer that it is a half of: what one balance loses the other gains.
    move_id: int | None = Field(default=None, foreign_key="customer_move.id", index=True, sa_type=BigId)
    # The key of the Points API that asked for it. Empty in entries of versions before.
    api_key_id: int | None = Field(default=None, foreign_key="api_key.id", sa_type=BigId)
    created_at: datetime = Field(sa_type=UtcTime)
