"""When a store's points run out."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, false
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime, one_of
from app.domain.expiry_policy import GRACE_DAYS, GRACE_DAYS_MAX, MONTHS_MAX, PolicyKind


class PointsPolicyRow(SQLModel, table=True):
    """A version of a store's policy. The database refuses to change or delete one; points keep the version that they came under.

    A store without any has points that never run out.
    """

    __tablename__ = "points_policy"
    __table_args__ = (
        one_of("kind", PolicyKind, name="points_policy_kind"),
        CheckConstraint("(kind IN ('rolling', 'inactive')) = (months IS NOT NULL)", name="points_policy_has_months"),
        CheckConstraint(f"months BETWEEN 1 AND {MONTHS_MAX}", name="points_policy_months"),
        CheckConstraint("NOT to_month_end OR kind = 'rolling'", name="points_policy_to_month_end"),
        CheckConstraint(
            "(kind = 'calendar') = (month IS NOT NULL) AND (month IS NULL) = (day IS NULL)", name="points_policy_has_day"
        ),
        CheckConstraint("month BETWEEN 1 AND 12 AND day BETWEEN 1 AND 31", name="points_policy_day"),
        CheckConstraint(f"grace_days BETWEEN 0 AND {GRACE_DAYS_MAX}", name="points_policy_grace_days"),
        Index("points_policy_of_store", "store_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    kind: str = Field(max_length=16)
    months: int | None = None
    to_month_end: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    month: int | None = None
    day: int | None = None
    grace_days: int = GRACE_DAYS
    # In which days end: a store that changes its time zone gets another version.
    time_zone: str = Field(max_length=64)
    in_force_from: datetime = Field(sa_type=UtcTime)
    created_by: str = Field(max_length=256)
