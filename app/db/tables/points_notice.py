"""The embedded points: what customers were told of points that run out."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime
from app.domain.ending_notices import NOTICES

_KNOWN_DAYS = ", ".join(str(notice.days) for notice in NOTICES)


class PointsNoticeRow(SQLModel, table=True):
    """That a customer was told, so many days before, of points that run out.

    The points are named by the entry that first brought them and by their end. So one who was moved to another address is not
    told again. Points whose end has moved, because their customer did something, are told of anew.
    """

    __tablename__ = "points_notice"
    __table_args__ = (
        CheckConstraint(f"days IN ({_KNOWN_DAYS})", name="points_notice_days"),
        CheckConstraint("told_at < ends", name="points_notice_comes_before_the_end"),
    )

    # The key: no notice is given twice.
    origin_id: int = Field(primary_key=True, foreign_key="points_entry.id", sa_type=BigId)
    ends: datetime = Field(primary_key=True, sa_type=UtcTime)
    days: int = Field(primary_key=True)
    told_at: datetime = Field(sa_type=UtcTime)
    # The mail that tells of it. The outbox forgets mails, so this is no foreign key.
    mail_reference: UUID = Field(index=True)
