"""The tables. Their invariants are constraints, so that no code can break them."""

from app.db.tables.api import ApiAnswerRow, ApiKeyRow
from app.db.tables.event import EventRow
from app.db.tables.merchant import LogEntryRow, LogLevel, MerchantActionRow, PointsDayRow
from app.db.tables.movement import AdjustmentRow, CauseKind, ClaimRow, MovementRow, MovementState
from app.db.tables.order import OrderRow
from app.db.tables.points import PointsClaimRow, PointsCustomerRow, PointsEntryRow
from app.db.tables.store import AccountKind, AccountRow, ClaimLink, DebtPolicy, RuleRow, StoreLogoRow, StoreRow, StoreState

__all__ = [
    "AccountKind",
    "AccountRow",
    "AdjustmentRow",
    "ApiAnswerRow",
    "ApiKeyRow",
    "CauseKind",
    "ClaimLink",
    "ClaimRow",
    "DebtPolicy",
    "EventRow",
    "LogEntryRow",
    "LogLevel",
    "MerchantActionRow",
    "MovementRow",
    "MovementState",
    "OrderRow",
    "PointsClaimRow",
    "PointsCustomerRow",
    "PointsDayRow",
    "PointsEntryRow",
    "RuleRow",
    "StoreLogoRow",
    "StoreRow",
    "StoreState",
]
