"""A key of the served Points API."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime


class ApiKeyRow(SQLModel, table=True):
    """A key of the Points API, stored hashed."""

    __tablename__ = "api_key"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", index=True, sa_type=BigId)
    key_mark: str = Field(max_length=64, unique=True)
    name: str = Field(default="", max_length=128)
    created_at: datetime = Field(sa_type=UtcTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcTime)
