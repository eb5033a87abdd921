"""The tables. Their invariants are constraints, so that no code can break them."""

from app.store.models.api import ApiAnswerRow, ApiKeyRow
from app.store.models.inbox import EventRow
from app.store.models.ledger import PointsClaimRow, PointsCustomerRow, PointsEntryRow
from app.store.models.merchant import LogEntryRow, LogLevel, MerchantActionRow, PointsDayRow
from app.store.models.movements import AdjustmentRow, ClaimRow, MovementRow, MovementState
from app.store.models.orders import OrderRow
from app.store.models.stores import AccountKind, AccountRow, ClaimLink, DebtPolicy, RuleRow, StoreLogoRow, StoreRow, StoreState

__all__ = [
    "AccountKind",
    "AccountRow",
    "AdjustmentRow",
    "ApiAnswerRow",
    "ApiKeyRow",
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
