"""The tables, one noun a file. Their invariants are constraints, so that no code can break them."""

from app.db.tables.account import AccountRow
from app.db.tables.adjustment import AdjustmentRow
from app.db.tables.api_answer import ApiAnswerRow
from app.db.tables.api_key import ApiKeyRow
from app.db.tables.approval_request import ApprovalRequestRow
from app.db.tables.change_batch import BatchChangeRow, ChangeBatchRow
from app.db.tables.claim import ClaimRow
from app.db.tables.customer_move import CustomerMoveRow
from app.db.tables.deleted_customer import DeletedCustomerRow
from app.db.tables.event import EventRow
from app.db.tables.finished_step import FinishedStepRow
from app.db.tables.gone_points import GoneRow
from app.db.tables.known_customer import CustomerChangeRow, CustomerWordRow, KnownCustomerRow
from app.db.tables.log_entry import LogEntryRow
from app.db.tables.mail import MailAddressRow, MailRefusalRow, MailRow
from app.db.tables.mail_setup import MailKindRow, MailServerRow, MailTextRow
from app.db.tables.merchant_action import MerchantActionRow
from app.db.tables.movement import MovementRow
from app.db.tables.order import OrderRow
from app.db.tables.points_claim import PointsClaimRow
from app.db.tables.points_customer import PointsCustomerRow
from app.db.tables.points_day import PointsDayRow
from app.db.tables.points_entry import PointsEntryRow
from app.db.tables.points_lot import PointsLotRow, PointsLotUseRow
from app.db.tables.points_notice import PointsNoticeRow
from app.db.tables.points_policy import PointsPolicyRow
from app.db.tables.points_spend import PointsSpendRow
from app.db.tables.process import ProcessRow
from app.db.tables.redemption import RedemptionRefundRow, RedemptionReturnRow, RedemptionRow, RedemptionUseRow
from app.db.tables.reward import RewardAmountRow, RewardRow, RewardVersionRow
from app.db.tables.rule import RuleRow
from app.db.tables.running_total import RunningTotalRow
from app.db.tables.sign_in_code import SignInCodeRow
from app.db.tables.spend import SpendRow
from app.db.tables.spend_return import SpendReturnRow
from app.db.tables.spend_rule import SpendRuleRow
from app.db.tables.split_customer import SplitCustomerRow
from app.db.tables.staff_day import StaffDayRow
from app.db.tables.staff_user import StaffUserRow
from app.db.tables.store import StoreLogoRow, StoreRow
from app.db.tables.total_change import TotalChangeRow
from app.db.tables.wallet_session import WalletSessionRow

__all__ = [
    "AccountRow",
    "AdjustmentRow",
    "ApiAnswerRow",
    "ApiKeyRow",
    "ApprovalRequestRow",
    "BatchChangeRow",
    "ChangeBatchRow",
    "ClaimRow",
    "CustomerChangeRow",
    "CustomerMoveRow",
    "CustomerWordRow",
    "DeletedCustomerRow",
    "EventRow",
    "FinishedStepRow",
    "GoneRow",
    "KnownCustomerRow",
    "LogEntryRow",
    "MailAddressRow",
    "MailKindRow",
    "MailRefusalRow",
    "MailRow",
    "MailServerRow",
    "MailTextRow",
    "MerchantActionRow",
    "MovementRow",
    "OrderRow",
    "PointsClaimRow",
    "PointsCustomerRow",
    "PointsDayRow",
    "PointsEntryRow",
    "PointsLotRow",
    "PointsLotUseRow",
    "PointsNoticeRow",
    "PointsPolicyRow",
    "PointsSpendRow",
    "ProcessRow",
    "RedemptionRefundRow",
    "RedemptionReturnRow",
    "RedemptionRow",
    "RedemptionUseRow",
    "RewardAmountRow",
    "RewardRow",
    "RewardVersionRow",
    "RuleRow",
    "RunningTotalRow",
    "SignInCodeRow",
    "SpendReturnRow",
    "SpendRow",
    "SpendRuleRow",
    "SplitCustomerRow",
    "StaffDayRow",
    "StaffUserRow",
    "StoreLogoRow",
    "StoreRow",
    "TotalChangeRow",
    "WalletSessionRow",
]
