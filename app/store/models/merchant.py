"""What the merchant's pages stand on: what happened, in words, and what was done once already."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from app.store.columns import BigId, UtcTime, one_of


class LogLevel(StrEnum):
    """How much a log entry asks of the merchant: nothing, a look, or to act."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


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
    # The staff user who did it, where somebody did.
    made_by: str | None = Field(default=None, max_length=256)


class MerchantActionRow(SQLModel, table=True):
    """A form that was sent and done. Its token is in the form, so a double click does the thing once."""

    __tablename__ = "merchant_action"

    token: str = Field(primary_key=True, max_length=64)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    made_by: str = Field(max_length=256)
    made_at: datetime = Field(index=True, sa_type=UtcTime)
