"""Browsers that are signed in to a store's wallet."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime


class WalletSessionRow(SQLModel, table=True):
    """A browser in which one customer of one store is signed in. The browser has the token, and the table its mark only.

    Signing out deletes the row.
    """

    __tablename__ = "wallet_session"
    __table_args__ = (
        CheckConstraint("ends_at > made_at", name="wallet_session_ends"),
        Index("wallet_session_of_customer", "store_id", "email_key"),
        Index("wallet_session_to_let_go", "ends_at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    token_mark: str = Field(max_length=64, unique=True)
    email: str = Field(max_length=320)
    email_key: str = Field(max_length=320)
    made_at: datetime = Field(sa_type=UtcTime)
    ends_at: datetime = Field(sa_type=UtcTime)
