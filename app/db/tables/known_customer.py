"""Customers whom a store knows, and the words by which they are found."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, SearchWord, UtcTime


class KnownCustomerRow(SQLModel, table=True):
    """A customer of a store: somebody whose address stands on an order, a balance or a claim.

    The app writes these rows from `customer_change`, some seconds after the rows that name the customer.
    """

    __tablename__ = "known_customer"
    __table_args__ = (
        UniqueConstraint("store_id", "email_key", name="known_customer_email"),
        # What the list of customers is sorted by. The columns behind the id are those that it filters by.
        Index("known_customer_by_balance", "store_id", "available", "id", "last_at", "customer_type"),
        Index("known_customer_by_waiting", "store_id", "waiting", "id", "available", "last_at", "customer_type"),
        Index("known_customer_by_activity", "store_id", "last_at", "id", "available", "customer_type"),
        # A type that few have, or nobody: most customers have none.
        Index(
            "known_customer_of_type",
            "store_id",
            "customer_type",
            "id",
            sqlite_where=text("customer_type IS NOT NULL"),
            postgresql_where=text("customer_type IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    email_key: str = Field(max_length=320)
    # The address as it was spelt, and what the rows that name the customer come to. Empty until housekeeping has added it up.
    email: str | None = Field(default=None, max_length=320)
    available: int = Field(default=0, sa_type=BigId, sa_column_kwargs={"server_default": "0"})
    waiting: int = Field(default=0, sa_type=BigId, sa_column_kwargs={"server_default": "0"})
    customer_type: str | None = Field(default=None, max_length=128)
    last_at: datetime | None = Field(default=None, sa_type=UtcTime)


class CustomerWordRow(SQLModel, table=True):
    """A customer's address from the beginning of one of its words on, as `domain/search_words.py` gives it."""

    __tablename__ = "customer_word"
    # A table of its own beside its key would double what SQLite stores.
    __table_args__ = ({"sqlite_with_rowid": False},)

    store_id: int = Field(primary_key=True, sa_type=BigId)
    word: str = Field(primary_key=True, sa_type=SearchWord)
    customer_id: int = Field(primary_key=True, foreign_key="known_customer.id", index=True, sa_type=BigId)


class CustomerChangeRow(SQLModel, table=True):
    """An address that came to a row or left one, or whose points changed. The database appends it itself.

    It only says: compare this customer with the rows that name them.

    It has no foreign key: the row that changed has one, and checking another for each change costs time.
    """

    __tablename__ = "customer_change"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(sa_type=BigId)
    email_key: str = Field(max_length=320)
