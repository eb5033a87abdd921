"""What goes back of a payment by points."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, and_, text
from sqlmodel import Field, SQLModel, col

from app.db.columns import BigId, UtcTime, one_of
from app.domain.spending import ReturnReason

_HAS_REQUEST = text("request_event_id IS NOT NULL")
_HAS_REST = text("rest_of IS NOT NULL")
# Its points went back and are to be taken again.
_IS_OWED = text("cancelled_at IS NOT NULL AND credited_at IS NOT NULL AND taken_again_points + let_go_points < points")


class SpendReturnRow(SQLModel, table=True):
    """A return: a part of a spend, or all of it, goes back.

    It counts from the moment that it is written, unless it is cancelled. The database refuses to delete one, or to change its
    amounts, and refuses returns that come to more than the spend.
    """

    __tablename__ = "spend_return"
    __table_args__ = (
        one_of("why", ReturnReason, name="spend_return_why"),
        CheckConstraint("amount_units > 0", name="spend_return_amount"),
        # A small part of an amount may be worth less than one point.
        CheckConstraint("points >= 0", name="spend_return_points"),
        # What is taken again, or let go, was given before, by a return that counts no more.
        CheckConstraint(
            "taken_again_points >= 0 AND let_go_points >= 0 AND taken_again_points + let_go_points <= points",
            name="spend_return_taken_again",
        ),
        CheckConstraint(
            "taken_again_points + let_go_points = 0 OR (cancelled_at IS NOT NULL AND credited_at IS NOT NULL)",
            name="spend_return_taken_again_after",
        ),
        # Saleor has what is left of a refund under the name of the whole one.
        CheckConstraint("rest_of IS NULL OR reported_at IS NOT NULL", name="spend_return_rest_is_told"),
        # A refund is reversed once.
        Index("spend_return_rest", "rest_of", unique=True, sqlite_where=_HAS_REST, postgresql_where=_HAS_REST),
        Index("spend_return_owed", "spend_id", sqlite_where=_IS_OWED, postgresql_where=_IS_OWED),
        # A request of Saleor is answered by one return.
        Index(
            "spend_return_of_request",
            "spend_id",
            "request_event_id",
            unique=True,
            sqlite_where=_HAS_REQUEST,
            postgresql_where=_HAS_REQUEST,
        ),
        Index("spend_return_of_spend", "spend_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    spend_id: int = Field(foreign_key="spend.id", sa_type=BigId)
    # Its name outside: the pspReference of the refund in Saleor.
    reference: UUID = Field(unique=True)
    # The event in Saleor that asked for it, where one did.
    request_event_id: str | None = Field(default=None, max_length=128)
    # Saleor reversed a part of that return, which counts no more; this one is what is left of it.
    rest_of: int | None = Field(default=None, foreign_key="spend_return.id", sa_type=BigId)
    why: str = Field(max_length=16)
    amount_units: int = Field(sa_type=BigId)
    points: int
    written_at: datetime = Field(sa_type=UtcTime)
    # Saleor was told that the money went back.
    reported_at: datetime | None = Field(default=None, sa_type=UtcTime)
    # The customer has the points again, or there is nobody to give them to.
    credited_at: datetime | None = Field(default=None, sa_type=UtcTime)
    # It does not count any more: Saleor has it that the money did not go back.
    cancelled_at: datetime | None = Field(default=None, sa_type=UtcTime)
    # For a cancelled return that had given its points: how many were taken again, and how many were let go for good.
    taken_again_points: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    let_go_points: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    problem: str | None = Field(default=None, max_length=1024)
    made_by: str | None = Field(default=None, max_length=256)

    @property
    def owed(self) -> int:
        """The points that are still to be taken again."""
        is_owed = self.cancelled_at is not None and self.credited_at is not None
        return self.points - self.taken_again_points - self.let_go_points if is_owed else 0


# The same as a condition, for queries.
RETURN_IS_OWED = and_(
    col(SpendReturnRow.cancelled_at).is_not(None),
    col(SpendReturnRow.credited_at).is_not(None),
    col(SpendReturnRow.taken_again_points) + col(SpendReturnRow.let_go_points) < col(SpendReturnRow.points),
)
