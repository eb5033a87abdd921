"""A form that staff sent, so that it acts once."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime


class MerchantActionRow(SQLModel, table=True):
    """A form that was sent and done. Its token is in the form, so a double click does the thing once."""

    __tablename__ = "merchant_action"

    token: str = Field(primary_key=True, max_length=64)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    made_by: str = Field(max_length=256)
    made_at: datetime = Field(index=True, sa_type=UtcTime)
