"""How points pay."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Index, false
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, ExactDecimal, UtcTime
from app.domain.spend_rule import HOLD_HOURS, HOLD_HOURS_MAX, LEAST_POINTS_MAX


class SpendRuleRow(SQLModel, table=True):
    """A version of a spend rule: the store's default, or one channel's. The database refuses to change or delete one.

    A store without any has never let points pay.
    """

    __tablename__ = "spend_rule"
    __table_args__ = (
        CheckConstraint("CAST(points_per_unit AS NUMERIC) > 0", name="spend_rule_points_per_unit"),
        CheckConstraint(f"least_points BETWEEN 1 AND {LEAST_POINTS_MAX}", name="spend_rule_least_points"),
        CheckConstraint(
            "CAST(greatest_share AS NUMERIC) > 0 AND CAST(greatest_share AS NUMERIC) <= 1", name="spend_rule_greatest_share"
        ),
        CheckConstraint(f"hold_hours BETWEEN 1 AND {HOLD_HOURS_MAX}", name="spend_rule_hold_hours"),
        Index("spend_rule_in_force", "store_id", "channel", "in_force_from"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    channel: str | None = Field(default=None, max_length=256)
    in_force_from: datetime = Field(sa_type=UtcTime)
    points_per_unit: Decimal = Field(sa_type=ExactDecimal)
    least_points: int = 1
    greatest_share: Decimal = Field(default=Decimal(1), sa_type=ExactDecimal)
    return_on_cancel: bool = True
    hold_hours: int = HOLD_HOURS
    unpaid_orders: bool = False
    is_active: bool = True
    # A channel's rule that ends there: from then on the channel follows the default again.
    follows_default: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    created_by: str = Field(max_length=256)
