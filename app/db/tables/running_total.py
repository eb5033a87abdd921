"""A running total of a store: pages read it instead of adding up a million rows."""

from enum import StrEnum

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, one_of


class TotalKind(StrEnum):
    """What is added up, and by which part.

    `balances`: points that customers have; one part. `open_claims`: points of claims that nobody has taken, by the moment at
    which they run out, as `part_of_moment` writes it; empty where they never do. `problems`: orders that have a problem, by its
    code.
    """

    BALANCES = "balances"
    OPEN_CLAIMS = "open_claims"
    PROBLEMS = "problems"


class RunningTotalRow(SQLModel, table=True):
    """A store's sum of one part, but for the changes that still stand in `total_change`."""

    __tablename__ = "running_total"
    __table_args__ = (
        one_of("kind", TotalKind, name="running_total_kind"),
        # A balance may be a debt; a claim is worth something, and there are no fewer orders than none.
        CheckConstraint("kind = 'balances' OR amount >= 0", name="running_total_is_not_negative"),
    )

    store_id: int = Field(primary_key=True, foreign_key="store.id", sa_type=BigId)
    kind: str = Field(primary_key=True, max_length=16)
    part: str = Field(primary_key=True, max_length=64)
    amount: int = Field(sa_type=BigId)
