"""A running process of this installation."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from app.db.columns import UtcTime, one_of
from app.domain.signs_of_life import ProcessKind


class ProcessRow(SQLModel, table=True):
    """A web or worker process, and when it last wrote down that it lives. The row stays after its end: it says when that was."""

    __tablename__ = "process"
    __table_args__ = (one_of("kind", ProcessKind, name="process_kind"),)

    # Chosen by the process at its start.
    id: str = Field(primary_key=True, max_length=32)
    kind: str = Field(max_length=16)
    started_at: datetime = Field(sa_type=UtcTime)
    seen_at: datetime = Field(sa_type=UtcTime)
