"""A customer whom Saleor deleted."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime


class DeletedCustomerRow(SQLModel, table=True):
    """A customer whom Saleor deleted at `deleted_at`, by its clock. The grace of the store begins then.

    While `kept_at` is none, the customer is erased here when the grace is over. It is set when staff keep the
    customer (`kept_by` names who), or when the customer came back (`kept_by` is empty). The row goes with the customer.
    """

    __tablename__ = "deleted_customer"
    __table_args__ = (
        UniqueConstraint("store_id", "email_key", name="deleted_customer_once"),
        CheckConstraint("kept_by IS NULL OR kept_at IS NOT NULL", name="deleted_customer_kept_by"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    email: str = Field(max_length=320)
    email_key: str = Field(max_length=320)
    deleted_at: datetime = Field(sa_type=UtcTime)
    kept_at: datetime | None = Field(default=None, sa_type=UtcTime)
    kept_by: str | None = Field(default=None, max_length=256)
    # Where the erasure could not be done: when it is tried again.
    not_before: datetime | None = Field(default=None, sa_type=UtcTime)
