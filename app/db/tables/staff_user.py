"""An e-mail address that a staff user of a Saleor has, or had."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime


class StaffUserRow(SQLModel, table=True):
    """A staff user's id in Saleor, with an address that the user had when a form was first sent with it."""

    __tablename__ = "staff_user"
    __table_args__ = (Index("staff_user_by_email", "store_id", "email"),)

    store_id: int = Field(primary_key=True, foreign_key="store.id", sa_type=BigId)
    user_id: str = Field(primary_key=True, max_length=128)
    email: str = Field(primary_key=True, max_length=256)
    seen_at: datetime = Field(sa_type=UtcTime)
