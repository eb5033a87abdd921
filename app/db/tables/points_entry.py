"""The embedded points: one change of one balance."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime, one_of

_IS_SPEND = text("kind = 'spend'")
_HAS_SPEND = text("spend_id IS NOT NULL")
_UNDOES = text("undoes_id IS NOT NULL")


class EntryKind(StrEnum):
    """What changed a balance.

    A claim that was taken, an INSTANT, a balance brought in from elsewhere, a moved customer, points that the customer paid with,
    such points given back, or points that ran out.
    """

    CLAIM = "claim"
    INSTANT = "instant"
    IMPORT = "import"
    MOVE = "move"
    SPEND = "spend"
    GIVE_BACK = "give_back"
    EXPIRE = "expire"


class PointsEntryRow(SQLModel, table=True):
    """One change of one balance, with the balance after it. The database refuses to change or delete an entry.

    `amount` is the change of what is available, `used` that of what is used. Only spends and what is given back of them change
    `used`, and balances that are brought in or moved.
    """

    __tablename__ = "points_entry"
    __table_args__ = (
        one_of("kind", EntryKind, name="points_entry_kind"),
        CheckConstraint("(kind = 'claim') = (claim_id IS NOT NULL)", name="points_entry_claim"),
        CheckConstraint("used = 0 OR kind IN ('import', 'move', 'spend', 'give_back')", name="points_entry_used"),
        CheckConstraint("(kind = 'move') = (move_id IS NOT NULL)", name="points_entry_move"),
        CheckConstraint("(kind IN ('spend', 'give_back')) = (spend_id IS NOT NULL)", name="points_entry_spend"),
        CheckConstraint("kind <> 'spend' OR (amount < 0 AND used = -amount)", name="points_entry_spends"),
        CheckConstraint("kind <> 'give_back' OR (amount > 0 AND used = -amount)", name="points_entry_gives_back"),
        CheckConstraint("kind <> 'expire' OR amount < 0", name="points_entry_expires"),
        # A customer's entries, newest first, paged by id.
        Index("points_entry_of_customer", "customer_id", "id"),
        # A spend is paid once.
        Index("points_entry_pays", "spend_id", unique=True, sqlite_where=_IS_SPEND, postgresql_where=_IS_SPEND),
        Index("points_entry_of_spend", "spend_id", sqlite_where=_HAS_SPEND, postgresql_where=_HAS_SPEND),
        Index("points_entry_undoes", "undoes_id", sqlite_where=_UNDOES, postgresql_where=_UNDOES),
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
    # The spend that it pays, or gives back in part.
    spend_id: int | None = Field(default=None, foreign_key="points_spend.id", sa_type=BigId)
    # The entry whose points it takes back for an order, or gives again. Written only where points run out.
    undoes_id: int | None = Field(default=None, foreign_key="points_entry.id", sa_type=BigId)
    # The key of the Points API that asked for it. Empty in entries of versions before.
    api_key_id: int | None = Field(default=None, foreign_key="api_key.id", sa_type=BigId)
    created_at: datetime = Field(sa_type=UtcTime)
