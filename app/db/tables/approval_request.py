"""A change by hand that exceeds a limit, and what somebody decided about it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime, one_of
from app.domain.staff_limits import Limit, RequestState, Wanted

_WAITS = text("state = 'waiting'")


class ApprovalRequestRow(SQLModel, table=True):
    """A change that staff asked for. It is made when somebody else approves it, and never before.

    It is of an order, or of the customer with this address. `exceeds` is the limit that it would have exceeded.
    """

    __tablename__ = "approval_request"
    __table_args__ = (
        one_of("wanted", Wanted, name="approval_request_wanted"),
        one_of("exceeds", Limit, name="approval_request_exceeds"),
        one_of("state", RequestState, name="approval_request_state"),
        CheckConstraint("points <> 0", name="approval_request_points"),
        CheckConstraint("(order_id IS NULL) = (email IS NOT NULL AND email_key IS NOT NULL)", name="approval_request_subject"),
        CheckConstraint("wanted <> 'write_off' OR (order_id IS NOT NULL AND points > 0)", name="approval_request_write_off"),
        CheckConstraint(
            "(state = 'waiting') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)"
            " AND (decided_by IS NULL) = (decision_reason IS NULL)",
            name="approval_request_decided",
        ),
        CheckConstraint("state <> 'approved' OR decided_by <> asked_by", name="approval_request_by_another"),
        Index("approval_request_waits", "store_id", "id", sqlite_where=_WAITS, postgresql_where=_WAITS),
        Index("approval_request_by_time", "store_id", "id"),
        Index("approval_request_of_customer", "store_id", "email_key"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    order_id: int | None = Field(default=None, foreign_key="order.id", index=True, sa_type=BigId)
    email: str | None = Field(default=None, max_length=320)
    email_key: str | None = Field(default=None, max_length=320)
    wanted: str = Field(max_length=16)
    points: int
    reason: str = Field(max_length=1024)
    exceeds: str = Field(max_length=16)
    asked_by: str = Field(max_length=256)
    asked_at: datetime = Field(sa_type=UtcTime)
    state: str = Field(default=RequestState.WAITING, max_length=16)
    decided_by: str | None = Field(default=None, max_length=256)
    decided_at: datetime | None = Field(default=None, sa_type=UtcTime)
    decision_reason: str | None = Field(default=None, max_length=1024)
