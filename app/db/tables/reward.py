"""What a merchant gives for points."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, false
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, ExactDecimal, UtcTime, one_of
from app.domain.reward_faults import DAYS_VALID_MAX, NAME_LENGTH_MAX, TEXT_LENGTH_MAX
from app.domain.rewards import RewardKind


class RewardRow(SQLModel, table=True):
    """A reward. What it says stands in its versions. The database counts `taken` itself, with the rows of `redemption`."""

    __tablename__ = "reward"
    __table_args__ = (
        one_of("kind", RewardKind, name="reward_kind"),
        CheckConstraint("taken >= 0", name="reward_taken"),
        Index("reward_of_store", "store_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    kind: str = Field(max_length=16)
    made_at: datetime = Field(sa_type=UtcTime)
    made_by: str = Field(max_length=256)
    # How many customers have it or had it, as far as that counts for the limits.
    taken: int = 0


class RewardVersionRow(SQLModel, table=True):
    """What a reward says; the newest version is in force. The database refuses to change or delete one."""

    __tablename__ = "reward_version"
    __table_args__ = (
        CheckConstraint("points IS NULL OR points > 0", name="reward_version_points"),
        CheckConstraint("limit_in_all IS NULL OR limit_in_all > 0", name="reward_version_limit_in_all"),
        CheckConstraint("limit_each IS NULL OR limit_each > 0", name="reward_version_limit_each"),
        CheckConstraint(f"days_valid IS NULL OR days_valid BETWEEN 1 AND {DAYS_VALID_MAX}", name="reward_version_days_valid"),
        CheckConstraint("starts_at IS NULL OR ends_at IS NULL OR starts_at < ends_at", name="reward_version_times"),
        Index("reward_version_of_reward", "reward_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    reward_id: int = Field(foreign_key="reward.id", sa_type=BigId)
    in_force_from: datetime = Field(sa_type=UtcTime)
    name: str = Field(max_length=NAME_LENGTH_MAX)
    text: str = Field(default="", max_length=TEXT_LENGTH_MAX)
    picture_url: str = Field(default="", max_length=1024)
    # Empty where the customer chooses the amount.
    points: int | None = None
    voucher_id: str | None = Field(default=None, max_length=128)
    voucher_name: str = Field(default="", max_length=256)
    starts_at: datetime | None = Field(default=None, sa_type=UtcTime)
    ends_at: datetime | None = Field(default=None, sa_type=UtcTime)
    limit_in_all: int | None = None
    limit_each: int | None = None
    # The slugs of the channels it is for, with a blank between; empty: for all.
    channels: str = Field(default="", max_length=4096)
    days_valid: int | None = None
    return_on_expiry: bool = True
    # Versions from before there was a choice say no.
    return_on_refund: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    is_active: bool = True
    created_by: str = Field(max_length=256)


class RewardAmountRow(SQLModel, table=True):
    """What a version's gift card holds in one currency, in its smallest unit. The database refuses to change or delete one."""

    __tablename__ = "reward_amount"
    __table_args__ = (
        UniqueConstraint("version_id", "currency", name="reward_amount_of_currency"),
        CheckConstraint("amount_units > 0", name="reward_amount_units"),
        CheckConstraint("points_per_unit IS NULL OR CAST(points_per_unit AS NUMERIC) > 0", name="reward_amount_points_per_unit"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    version_id: int = Field(foreign_key="reward_version.id", sa_type=BigId)
    currency: str = Field(max_length=3)
    amount_units: int = Field(sa_type=BigId)
    # Set where the customer chooses an amount up to this one.
    points_per_unit: Decimal | None = Field(default=None, sa_type=ExactDecimal)
