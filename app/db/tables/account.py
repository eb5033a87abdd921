"""Where a store's points live."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime, one_of
from app.domain.email import nobodys_address
from app.domain.store import AccountKind


class AccountRow(SQLModel, table=True):
    """A store's points at a provider. A store has one of today, and keeps older ones for what was granted there."""

    __tablename__ = "account"
    __table_args__ = (
        one_of("kind", AccountKind, name="account_kind"),
        CheckConstraint("kind <> 'coggins' OR (url IS NOT NULL AND key_sealed IS NOT NULL)", name="account_coggins_has_key"),
        Index("account_of_today", "store_id", unique=True, sqlite_where=text("is_current"), postgresql_where=text("is_current")),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", index=True, sa_type=BigId)
    kind: str = Field(max_length=16)
    is_current: bool = True
    url: str | None = Field(default=None, max_length=512)
    key_sealed: str | None = None
    # Two stores may share one account at a provider: the same mark means the same balances.
    lane_mark: str = Field(max_length=64)
    honours_idempotency: bool = False
    # When it was asked for the balance of somebody who is nobody's customer, and when it last answered that with zeros.
    asked_of_nobody_at: datetime | None = Field(default=None, sa_type=UtcTime)
    zeros_for_nobody_at: datetime | None = Field(default=None, sa_type=UtcTime)
    paused_until: datetime | None = Field(default=None, sa_type=UtcTime)
    failures: int = 0
    # The first of these failures. It counts only while there are any.
    failing_since: datetime | None = Field(default=None, sa_type=UtcTime)
    problem: str | None = Field(default=None, max_length=1024)
    created_at: datetime = Field(sa_type=UtcTime)

    @property
    def nobody(self) -> str:
        """The address to ask this account about that is nobody's."""
        return nobodys_address(self.lane_mark[:16])
