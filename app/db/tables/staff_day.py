"""How many points a staff user changed on a day."""

from datetime import date

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from app.db.columns import BigId


class StaffDayRow(SQLModel, table=True):
    """What one person changed by hand on one day of the store: gifts, takings and write-offs, each by its size.

    What somebody approved is not counted. `points_max` is the limit that was in force at the last change.
    """

    __tablename__ = "staff_day"
    __table_args__ = (
        CheckConstraint("points > 0", name="staff_day_counts_up"),
        CheckConstraint("points <= points_max", name="staff_day_within_limit"),
    )

    store_id: int = Field(primary_key=True, foreign_key="store.id", sa_type=BigId)
    made_by: str = Field(primary_key=True, max_length=256)
    day: date = Field(primary_key=True)
    points: int = Field(sa_type=BigId)
    points_max: int | None = Field(default=None, sa_type=BigId)
