"""A store's points of one day."""

from datetime import date

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from app.db.columns import BigId


class PointsDayRow(SQLModel, table=True):
    """What one day, in the store's time zone, did to its customers' points: kept with each outcome, so nobody adds up history.

    `granted`: claims and credits that the provider accepted. `taken`: claims that were taken, and credits. `taken_back`: debits,
    and open claims that were voided or shrunk.
    """

    __tablename__ = "points_day"
    __table_args__ = (CheckConstraint("granted >= 0 AND taken >= 0 AND taken_back >= 0", name="points_day_counts_up"),)

    store_id: int = Field(primary_key=True, foreign_key="store.id", sa_type=BigId)
    day: date = Field(primary_key=True)
    granted: int = Field(default=0, sa_type=BigId)
    taken: int = Field(default=0, sa_type=BigId)
    taken_back: int = Field(default=0, sa_type=BigId)
