"""Points that pay for a part of a checkout or an order in Saleor."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime, one_of
from app.domain.spending import SpendStage

_IS_NOT_OVER = text("stage NOT IN ('refused', 'returned')")
_IS_TO_BE_LOOKED_AT = text("look_at IS NOT NULL")
_IS_OF_CHECKOUT = text("saleor_checkout_id IS NOT NULL")
_IS_OF_ORDER = text("saleor_order_id IS NOT NULL")
# Those that do not end by themselves. Queries repeat these very words, so that the index serves them.
# What is owed stays so after the rest of the payment went back.
PAYMENT_NEEDS_A_PERSON = text(
    "(problem_code = 'owed'"
    " OR (problem_code IN ('permission', 'missing', 'other_amount', 'refused') AND stage NOT IN ('refused', 'returned')))"
)


class SpendRow(SQLModel, table=True):
    """One payment by points: one transaction in Saleor, in our books.

    Amounts are counted in the smallest unit of their currency: 1550 of USD is 15.50. The database moves `returned_points` and
    `returned_units` itself, with the rows of `spend_return`. It refuses to delete a spend, or to change what it paid.
    """

    __tablename__ = "spend"
    __table_args__ = (
        one_of("stage", SpendStage, name="spend_stage"),
        CheckConstraint("points > 0", name="spend_points"),
        CheckConstraint("amount_units > 0", name="spend_amount"),
        CheckConstraint("returned_points BETWEEN 0 AND points", name="spend_returned_points"),
        CheckConstraint("returned_units BETWEEN 0 AND amount_units", name="spend_returned_units"),
        CheckConstraint("stage <> 'returned' OR returned_units = amount_units", name="spend_returned_whole"),
        CheckConstraint("stage IN ('asked', 'refused') OR taken_at IS NOT NULL", name="spend_taken_is_timed"),
        CheckConstraint("stage <> 'on_order' OR saleor_order_id IS NOT NULL", name="spend_on_order_has_order"),
        CheckConstraint("(lease_token IS NULL) = (lease_until IS NULL)", name="spend_lease"),
        # A call that is repeated finds the spend. One that comes after all went back makes a new one.
        Index(
            "spend_of_transaction",
            "store_id",
            "saleor_transaction_id",
            unique=True,
            sqlite_where=_IS_NOT_OVER,
            postgresql_where=_IS_NOT_OVER,
        ),
        Index("spend_to_look_at", "look_at", sqlite_where=_IS_TO_BE_LOOKED_AT, postgresql_where=_IS_TO_BE_LOOKED_AT),
        Index(
            "spend_of_checkout",
            "store_id",
            "saleor_checkout_id",
            sqlite_where=_IS_OF_CHECKOUT,
            postgresql_where=_IS_OF_CHECKOUT,
        ),
        Index("spend_of_order", "store_id", "saleor_order_id", sqlite_where=_IS_OF_ORDER, postgresql_where=_IS_OF_ORDER),
        Index("spend_of_customer", "store_id", "email_key", "id"),
        # The payments that are transactions of an order: an order earns nothing on what they hold.
        Index("spend_by_transaction", "store_id", "saleor_transaction_id"),
        # Newest first, and those that are not over.
        Index("spend_by_number", "store_id", "id"),
        Index("spend_open", "store_id", "id", sqlite_where=_IS_NOT_OVER, postgresql_where=_IS_NOT_OVER),
        Index(
            "spend_needs_a_person",
            "store_id",
            "id",
            sqlite_where=PAYMENT_NEEDS_A_PERSON,
            postgresql_where=PAYMENT_NEEDS_A_PERSON,
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    # Its name outside: the pspReference in Saleor, and the request id in the ledger of embedded points.
    reference: UUID = Field(unique=True)
    saleor_transaction_id: str = Field(max_length=128)
    # What it pays: Saleor's own ids. A checkout that was completed has an order, too.
    saleor_checkout_id: str | None = Field(default=None, max_length=128)
    saleor_order_id: str | None = Field(default=None, max_length=128)
    channel: str = Field(max_length=256)
    # Who pays: the signed-in customer's address, never that of the checkout.
    email: str = Field(max_length=320)
    email_key: str = Field(max_length=320)
    # The account that the points were taken from.
    account_id: int = Field(foreign_key="account.id", sa_type=BigId)
    rule_id: int = Field(foreign_key="spend_rule.id", sa_type=BigId)
    currency: str = Field(max_length=3)
    amount_units: int = Field(sa_type=BigId)
    points: int
    returned_units: int = Field(default=0, sa_type=BigId)
    returned_points: int = 0
    stage: str = Field(default=SpendStage.ASKED, max_length=16)
    asked_at: datetime = Field(sa_type=UtcTime)
    taken_at: datetime | None = Field(default=None, sa_type=UtcTime)
    # When Saleor was last told: what is not booked some minutes later never will be.
    answered_at: datetime | None = Field(default=None, sa_type=UtcTime)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)
    # When the worker looks at it next; empty: nothing is to be done.
    look_at: datetime | None = Field(default=None, sa_type=UtcTime)
    lease_token: str | None = Field(default=None, max_length=64)
    lease_until: datetime | None = Field(default=None, sa_type=UtcTime)
    # Since when its order is seen to be paid above its total.
    overcharged_since: datetime | None = Field(default=None, sa_type=UtcTime)
    failures: int = 0
    # Why it waits, or why it was refused: a code for lists, and a sentence for the merchant.
    problem_code: str | None = Field(default=None, max_length=64)
    problem: str | None = Field(default=None, max_length=1024)
