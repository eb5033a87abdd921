"""What the merchant reads in the log."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime, one_of
from app.domain.log_level import LogLevel


class LogEntryRow(SQLModel, table=True):
    """One thing that happened in a store, as a sentence for its merchant. Kept for 90 days. No secret, e-mails masked."""

    __tablename__ = "log_entry"
    __table_args__ = (
        one_of("level", LogLevel, name="log_entry_level"),
        Index("log_entry_of_store", "store_id", "id"),
        Index("log_entry_of_level", "store_id", "level", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    at: datetime = Field(index=True, sa_type=UtcTime)
    level: str = Field(default=LogLevel.INFO, max_length=16)
    # What it is about, for whoever reads many: `installed`, `paused`, `settled`, …
    code: str = Field(max_length=64)
    message: str = Field(max_length=1024)
    # What one entry sums up: batches that were settled one after the other make one entry, until this moment.
    until: datetime | None = Field(default=None, sa_type=UtcTime)
    orders: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    granted: int = Field(default=0, sa_type=BigId, sa_column_kwargs={"server_default": "0"})
    taken_back: int = Field(default=0, sa_type=BigId, sa_column_kwargs={"server_default": "0"})
    # The staff user who did it, where somebody did.
    made_by: str | None = Field(default=None, max_length=256)
