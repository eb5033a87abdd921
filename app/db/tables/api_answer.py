"""An answer of the served Points API, kept so that asking twice is asking once."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime


class ApiAnswerRow(SQLModel, table=True):
    """What a request under an Idempotency-Key brought. The outcomes are sealed: they hold claim tokens."""

    __tablename__ = "api_answer"
    __table_args__ = (UniqueConstraint("store_id", "request_mark", name="api_answer_request"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    # Fingerprints of the Idempotency-Key, and of what was asked for under it.
    request_mark: str = Field(max_length=64)
    body_mark: str = Field(max_length=64)
    # Empty only inside the transaction that does the work.
    outcomes_sealed: str | None = None
    created_at: datetime = Field(index=True, sa_type=UtcTime)
