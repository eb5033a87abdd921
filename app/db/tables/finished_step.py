"""Steps of an upgrade that wait until no older version runs."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from app.db.columns import UtcTime


class UpgradeStep(StrEnum):
    """EMAIL_KEYS: people are found by `email_key` of domain/email.py, and no longer by the key of versions before."""

    EMAIL_KEYS = "email_keys"


class FinishedStepRow(SQLModel, table=True):
    """A step of an upgrade that is done. There is no way back."""

    __tablename__ = "finished_step"

    name: str = Field(primary_key=True, max_length=32)
    finished_at: datetime = Field(sa_type=UtcTime)
