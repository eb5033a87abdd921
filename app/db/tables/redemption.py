"""Rewards that customers took."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime, one_of
from app.domain.redemptions import BackReason, RedemptionStage

_IS_TO_BE_LOOKED_AT = text("look_at IS NOT NULL")
_IS_IN_SALEOR = text("saleor_id IS NOT NULL")
# Those that do not end by themselves. Queries repeat these very words, so that the index serves them.
REDEMPTION_NEEDS_A_PERSON = text(
    "(problem_code = 'not_returned' OR (problem_code IN ('permission', 'deleted', 'unclear', 'rejected', 'voucher_gone')"
    " AND stage NOT IN ('refused', 'used', 'expired', 'withdrawn', 'not_made')))"
)


class RedemptionRow(SQLModel, table=True):
    """A reward that a customer took: points for a code.

    Amounts are counted in the smallest unit of their currency; a voucher counts as 1. The database refuses to take one beyond the
    reward's limits, to note points as taken without an accepted debit, to delete one, or to change what it cost. It moves
    `returned_points` itself, with the rows of `redemption_return`, and `refunded_points` with those of `redemption_refund`.
    """

    __tablename__ = "redemption"
    __table_args__ = (
        one_of("stage", RedemptionStage, name="redemption_stage"),
        CheckConstraint(
            f"back_reason IN ({', '.join(repr(one.value) for one in BackReason)})",
            name="redemption_back_reason",
        ),
        CheckConstraint("points > 0", name="redemption_points"),
        CheckConstraint("amount_units > 0", name="redemption_amount"),
        CheckConstraint("used_units BETWEEN 0 AND amount_units", name="redemption_used"),
        CheckConstraint("returned_points BETWEEN 0 AND points", name="redemption_returned"),
        CheckConstraint("refunded_points BETWEEN 0 AND points - returned_points", name="redemption_refunded"),
        CheckConstraint("(taken_at IS NULL) = (debit_id IS NULL)", name="redemption_taken_by_debit"),
        CheckConstraint("(taken_at IS NULL) = (stage IN ('asked', 'refused'))", name="redemption_taken_is_timed"),
        CheckConstraint("given_at IS NULL OR taken_at IS NOT NULL", name="redemption_given_after_taken"),
        CheckConstraint("stage NOT IN ('given', 'used') OR given_at IS NOT NULL", name="redemption_given_is_timed"),
        CheckConstraint(
            "stage NOT IN ('withdrawing', 'returning', 'withdrawn', 'expired', 'not_made') OR back_reason IS NOT NULL",
            name="redemption_back_has_reason",
        ),
        CheckConstraint("stage <> 'used' OR used_units = amount_units", name="redemption_used_up"),
        CheckConstraint("(lease_token IS NULL) = (lease_until IS NULL)", name="redemption_lease"),
        Index("redemption_to_look_at", "look_at", sqlite_where=_IS_TO_BE_LOOKED_AT, postgresql_where=_IS_TO_BE_LOOKED_AT),
        Index("redemption_of_customer", "store_id", "email_key", "id"),
        Index("redemption_by_number", "store_id", "id"),
        Index("redemption_of_reward", "reward_id", "id"),
        Index("redemption_by_code", "store_id", "saleor_id", sqlite_where=_IS_IN_SALEOR, postgresql_where=_IS_IN_SALEOR),
        Index(
            "redemption_needs_a_person",
            "store_id",
            "id",
            sqlite_where=REDEMPTION_NEEDS_A_PERSON,
            postgresql_where=REDEMPTION_NEEDS_A_PERSON,
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    reward_id: int = Field(foreign_key="reward.id", sa_type=BigId)
    version_id: int = Field(foreign_key="reward_version.id", sa_type=BigId)
    # Its name outside, and the request id in the ledger of embedded points.
    reference: UUID = Field(unique=True)
    email: str = Field(max_length=320)
    email_key: str = Field(max_length=320)
    # The account that the points were taken from, and the movement that took them.
    account_id: int = Field(foreign_key="account.id", sa_type=BigId)
    debit_id: UUID | None = Field(default=None, foreign_key="movement.id")
    points: int
    currency: str = Field(default="", max_length=3)
    amount_units: int = Field(sa_type=BigId)
    # Chosen before Saleor is asked for it: whoever has it can use it. The mark finds it.
    code_sealed: str = Field(max_length=1024)
    code_mark: str = Field(max_length=64, unique=True)
    # The gift card, or the voucher's code, in Saleor.
    saleor_id: str | None = Field(default=None, max_length=128)
    stage: str = Field(default=RedemptionStage.ASKED, max_length=16)
    asked_at: datetime = Field(sa_type=UtcTime)
    taken_at: datetime | None = Field(default=None, sa_type=UtcTime)
    given_at: datetime | None = Field(default=None, sa_type=UtcTime)
    # When its time is over; empty: never.
    over_at: datetime | None = Field(default=None, sa_type=UtcTime)
    # Saleor was asked to make the code, and its answer was lost.
    lost_at: datetime | None = Field(default=None, sa_type=UtcTime)
    # Why it goes back, or is over; and since when nobody can use the code any more.
    back_reason: str | None = Field(default=None, max_length=16)
    blocked_at: datetime | None = Field(default=None, sa_type=UtcTime)
    used_units: int = Field(default=0, sa_type=BigId)
    # What came back of what no order used, and because orders that used it were cancelled or refunded.
    returned_points: int = 0
    refunded_points: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)
    # When the worker looks at it next; empty: nothing is to be done.
    look_at: datetime | None = Field(default=None, sa_type=UtcTime)
    lease_token: str | None = Field(default=None, max_length=64)
    lease_until: datetime | None = Field(default=None, sa_type=UtcTime)
    failures: int = 0
    problem_code: str | None = Field(default=None, max_length=64)
    problem: str | None = Field(default=None, max_length=1024)
    # Why it ended as it did, where that does not show: what staff said when they settled it, or why there was no code.
    because: str | None = Field(default=None, max_length=1024)


class RedemptionUseRow(SQLModel, table=True):
    """What one order used of a code: of a gift card an amount in its smallest unit, of a voucher's code 1.

    `went_back` of `of_charged` is the share of the order's money that was refunded, as an exact fraction; 1 of 1 where the order
    was cancelled.
    """

    __tablename__ = "redemption_use"
    __table_args__ = (
        UniqueConstraint("redemption_id", "saleor_order_id", name="redemption_use_of_order"),
        CheckConstraint("amount_units > 0", name="redemption_use_amount"),
        CheckConstraint("of_charged > 0 AND went_back BETWEEN 0 AND of_charged", name="redemption_use_share"),
        Index("redemption_use_by_order", "saleor_order_id"),
        Index("redemption_use_to_look_at", "look_at", sqlite_where=_IS_TO_BE_LOOKED_AT, postgresql_where=_IS_TO_BE_LOOKED_AT),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    redemption_id: int = Field(foreign_key="redemption.id", sa_type=BigId)
    saleor_order_id: str = Field(max_length=128)
    amount_units: int = Field(sa_type=BigId)
    seen_at: datetime = Field(sa_type=UtcTime)
    went_back: int = Field(default=0, sa_type=BigId, sa_column_kwargs={"server_default": "0"})
    of_charged: int = Field(default=1, sa_type=BigId, sa_column_kwargs={"server_default": "1"})
    # When the worker gives points back for it; empty: nothing is to be given.
    look_at: datetime | None = Field(default=None, sa_type=UtcTime)


class RedemptionReturnRow(SQLModel, table=True):
    """Points of a redemption that go back. The database refuses to return more than it cost, and to end it twice."""

    __tablename__ = "redemption_return"
    __table_args__ = (
        one_of("why", BackReason, name="redemption_return_why"),
        CheckConstraint("points > 0", name="redemption_return_points"),
        UniqueConstraint("redemption_id", name="redemption_return_once"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    redemption_id: int = Field(foreign_key="redemption.id", sa_type=BigId)
    # Its name among movements: a credit has it as its target.
    reference: UUID = Field(unique=True)
    why: str = Field(max_length=16)
    points: int
    written_at: datetime = Field(sa_type=UtcTime)
    # The customer has the points again, or there is nobody to give them to.
    credited_at: datetime | None = Field(default=None, sa_type=UtcTime)
    problem: str | None = Field(default=None, max_length=1024)
    made_by: str | None = Field(default=None, max_length=256)


class RedemptionRefundRow(SQLModel, table=True):
    """Points of a redemption that come back because an order that used it was cancelled or refunded, one row for each step.

    The database refuses to change or delete one, and to give back more than the redemption cost.
    """

    __tablename__ = "redemption_refund"
    __table_args__ = (
        CheckConstraint("points > 0", name="redemption_refund_points"),
        CheckConstraint("step > 0", name="redemption_refund_step_is_counted"),
        UniqueConstraint("redemption_id", "saleor_order_id", "step", name="redemption_refund_step"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    redemption_id: int = Field(foreign_key="redemption.id", sa_type=BigId)
    saleor_order_id: str = Field(max_length=128)
    step: int
    # Its name among movements: a credit has it as its target.
    reference: UUID = Field(unique=True)
    points: int
    written_at: datetime = Field(sa_type=UtcTime)
    # The customer has the points again, or there is nobody to give them to.
    credited_at: datetime | None = Field(default=None, sa_type=UtcTime)
    problem: str | None = Field(default=None, max_length=1024)
