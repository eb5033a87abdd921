"""The tables. Their invariants are constraints, so that no code can break them."""

from app.db.tables.api import ApiAnswerRow, ApiKeyRow
from app.db.tables.event import EventRow
from app.db.tables.merchant import LogEntryRow, MerchantActionRow, PointsDayRow
from app.db.tables.movement import AdjustmentRow, ClaimRow, MovementRow
from app.db.tables.order import OrderRow
from app.db.tables.points import PointsClaimRow, PointsCustomerRow, PointsEntryRow
from app.db.tables.store import AccountRow, RuleRow, StoreLogoRow, StoreRow

__all__ = [
    "AccountRow",
    "AdjustmentRow",
    "ApiAnswerRow",
    "ApiKeyRow",
    "ClaimRow",
    "EventRow",
    "LogEntryRow",
    "MerchantActionRow",
    "MovementRow",
    "OrderRow",
    "PointsClaimRow",
    "PointsCustomerRow",
    "PointsDayRow",
    "PointsEntryRow",
    "RuleRow",
    "StoreLogoRow",
    "StoreRow",
]
