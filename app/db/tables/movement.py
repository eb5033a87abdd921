"""One change asked of an account."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime, one_of
from app.domain.settlement import CauseKind, MovementKind, MovementState

_IS_OPEN = "(state IN ('planned', 'sending') OR (state = 'unknown' AND kind IN ('credit', 'debit')))"
_ORDER_IS_OPEN = text(f"order_id IS NOT NULL AND {_IS_OPEN}")
_CUSTOMER_IS_OPEN = text(f"order_id IS NULL AND {_IS_OPEN}")
# Each open movement is one of these. A query that repeats these very words is served by their partial indexes.
OPEN_ONES = (_ORDER_IS_OPEN, _CUSTOMER_IS_OPEN)
_CAUSE_IS_OPEN = text(f"cause_id IS NOT NULL AND {_IS_OPEN}")
_IS_FOR_STAFF = text("state = 'unknown' AND kind IN ('credit', 'debit') AND is_for_staff")
_HAS_CALL = text("call_id IS NOT NULL")
_LET_GO_BY_STAFF = text("kind = 'write_off' AND decided_by IS NOT NULL")
_LANE_IS_OPEN = text(f"kind IN ('credit', 'debit') AND {_IS_OPEN}")


class MovementRow(SQLModel, table=True):
    """One change asked of an account: written before it is asked for, never deleted, never rewritten after its outcome.

    `points` is the effect on what is granted: positive for claim and credit, negative for debit and void.
    """

    __tablename__ = "movement"
    __table_args__ = (
        one_of("kind", MovementKind, name="movement_kind"),
        one_of("state", MovementState, name="movement_state"),
        CheckConstraint(
            "(kind IN ('claim', 'credit') AND points > 0) OR (kind IN ('debit', 'void') AND points < 0)"
            " OR (kind = 'write_off' AND points <> 0)",
            name="movement_sign",
        ),
        CheckConstraint("state <> 'sending' OR sent_at IS NOT NULL", name="movement_sending_is_timed"),
        CheckConstraint("state NOT IN ('rejected', 'unknown') OR reason IS NOT NULL", name="movement_has_reason"),
        Index("movement_open_of_order", "order_id", unique=True, sqlite_where=_ORDER_IS_OPEN, postgresql_where=_ORDER_IS_OPEN),
        Index(
            "movement_open_of_cause",
            "cause_kind",
            "cause_id",
            unique=True,
            sqlite_where=_CAUSE_IS_OPEN,
            postgresql_where=_CAUSE_IS_OPEN,
        ),
        Index("movement_open_in_lane", "lane", unique=True, sqlite_where=_LANE_IS_OPEN, postgresql_where=_LANE_IS_OPEN),
        Index("movement_of_order", "order_id", "planned_at"),
        # What staff asked for a customer: the few that are not done yet.
        Index("movement_open_of_customers", "planned_at", sqlite_where=_CUSTOMER_IS_OPEN, postgresql_where=_CUSTOMER_IS_OPEN),
        Index("movement_of_lane", "lane", "ended_at"),
        Index("movement_for_staff", "store_id", "sent_at", sqlite_where=_IS_FOR_STAFF, postgresql_where=_IS_FOR_STAFF),
        # Write-offs, newest first: everybody's, and one staff user's.
        Index(
            "movement_written_off",
            "store_id",
            "planned_at",
            "id",
            sqlite_where=_LET_GO_BY_STAFF,
            postgresql_where=_LET_GO_BY_STAFF,
        ),
        Index(
            "movement_written_off_by",
            "store_id",
            "decided_by",
            "planned_at",
            "id",
            sqlite_where=_LET_GO_BY_STAFF,
            postgresql_where=_LET_GO_BY_STAFF,
        ),
        Index("movement_of_call", "call_id", sqlite_where=_HAS_CALL, postgresql_where=_HAS_CALL),
    )

    id: UUID = Field(primary_key=True)
    store_id: int = Field(foreign_key="store.id", index=True, sa_type=BigId)
    order_id: int | None = Field(default=None, foreign_key="order.id", sa_type=BigId)
    # What it is for, other than an order: the kind, and the id of that row. An order stands in order_id.
    cause_kind: str | None = Field(default=None, max_length=16)
    cause_id: int | None = Field(default=None, sa_type=BigId)
    account_id: int = Field(foreign_key="account.id", sa_type=BigId)
    kind: str = Field(max_length=16)
    state: str = Field(default=MovementState.PLANNED, max_length=16)
    points: int
    email: str = Field(default="", max_length=320)
    # Account and customer, as one mark: INSTANTs of one lane go one after the other.
    lane: str = Field(max_length=64)
    # The claim, grant or debit that this one changes, undoes or gives back.
    target_id: UUID | None = None
    customer_type: str | None = Field(default=None, max_length=128)
    expires_days: int | None = None
    call_id: UUID | None = None
    position: int | None = None
    asks: int = 0
    # When the engine goes on with it, where its cause has no queue of its own; empty: at once.
    look_at: datetime | None = Field(default=None, sa_type=UtcTime)
    planned_at: datetime = Field(sa_type=UtcTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)
    available_before: int | None = None
    used_before: int | None = None
    # The first of two looks at an INSTANT whose answer was lost; and whether looking told nothing, so that staff decide.
    looked_at: datetime | None = Field(default=None, sa_type=UtcTime)
    looked_available: int | None = None
    looked_used: int | None = None
    is_for_staff: bool = False
    reason: str | None = Field(default=None, max_length=1024)
    decided_by: str | None = Field(default=None, max_length=256)

    @property
    def cause(self) -> tuple[str, int | None]:
        """What it is for: the kind of cause, and its id. Versions before wrote neither; what had no order was for a customer."""
        if self.order_id is not None:
            return CauseKind.ORDER, self.order_id
        return self.cause_kind or CauseKind.CUSTOMER, self.cause_id
