"""How orders earn."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Index, false
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, ExactDecimal, UtcTime, one_of
from app.domain.earning import Award, Moment


class RuleRow(SQLModel, table=True):
    """A version of an earning rule: the store's default, or one channel's. Append-only."""

    __tablename__ = "rule"
    __table_args__ = (
        one_of("award", Award, name="rule_award"),
        one_of("award_when", Moment, name="rule_award_when"),
        CheckConstraint("hold_days BETWEEN 0 AND 3650", name="rule_hold_days"),
        CheckConstraint("expires_days IS NULL OR expires_days BETWEEN 0 AND 36500", name="rule_expires_days"),
        CheckConstraint("maximum_points IS NULL OR maximum_points >= 0", name="rule_maximum_points"),
        Index("rule_in_force", "store_id", "channel", "in_force_from"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    channel: str | None = Field(default=None, max_length=256)
    in_force_from: datetime = Field(sa_type=UtcTime)
    points_per_unit: Decimal = Field(default=Decimal(1), sa_type=ExactDecimal)
    include_tax: bool = True
    include_shipping: bool = False
    minimum_total: Decimal = Field(default=Decimal(0), sa_type=ExactDecimal)
    maximum_points: int | None = None
    award: str = Field(default=Award.CLAIM, max_length=16)
    award_when: str = Field(default=Moment.PAID, max_length=16)
    hold_days: int = 0
    expires_days: int | None = None
    bind_email: bool = True
    customer_type: str | None = Field(default=None, max_length=128)
    is_active: bool = True
    # What gift cards paid earns nothing; goods that came back count as refunded.
    exclude_gift_cards: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    count_returned: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    # What points paid earns like money.
    points_earn: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    # A channel's rule that ends there: from then on the channel follows the default again.
    follows_default: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    created_by: str = Field(default="installation", max_length=256)
