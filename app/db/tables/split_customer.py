"""Two people whom the key of versions before took for one."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime


class SplitCustomerRow(SQLModel, table=True):
    """One balance held the points of two people. It stays with `email`; `other_email` begins with nothing. Staff decide."""

    __tablename__ = "split_customer"
    __table_args__ = (UniqueConstraint("store_id", "email", "other_email", name="split_customer_once"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    email: str = Field(max_length=320)
    other_email: str = Field(max_length=320)
    found_at: datetime = Field(sa_type=UtcTime)
