"""What arrived, in brief."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime


class EventRow(SQLModel, table=True):
    """How often, and when, one type of event arrived for one order. No payload is kept."""

    __tablename__ = "event"
    __table_args__ = (Index("event_of_store", "store_id", "last_at"),)

    store_id: int = Field(primary_key=True, foreign_key="store.id", sa_type=BigId)
    saleor_order_id: str = Field(primary_key=True, max_length=128)
    type: str = Field(primary_key=True, max_length=64)
    count: int = 1
    first_at: datetime = Field(sa_type=UtcTime)
    last_at: datetime = Field(sa_type=UtcTime)
