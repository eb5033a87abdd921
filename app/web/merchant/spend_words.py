"""The words of paying with points: what a spend rule says, where a payment stands, and why a part of it went back."""

from decimal import Decimal
from types import MappingProxyType

from app.domain.spending import ReturnReason, SpendStage
from app.usecases.merchants.change_spend_rule import SpendDraft
from app.web.merchant.words import number

LABELS = MappingProxyType(
    {
        "channel": "Channel",
        "points_per_unit": "Points that pay 1.00",
        "least_points": "Fewest points of one payment",
        "greatest_share": "Greatest share of the total (%)",
        "hold_hours": "Hours until an abandoned checkout gives points back",
    }
)
STAGE_WORDS = MappingProxyType(
    {
        SpendStage.ASKED: ("Being taken", "info"),
        SpendStage.REFUSED: ("Not taken", ""),
        SpendStage.TAKEN: ("Paid", "success"),
        SpendStage.CHECKING: ("Being checked", "info"),
        SpendStage.CONFIRMED: ("Paid, checkout open", "success"),
        SpendStage.ON_ORDER: ("Paid", "success"),
        SpendStage.RETURNED: ("Given back", ""),
    }
)
RETURN_WORDS = MappingProxyType(
    {
        ReturnReason.REFUND: "Refunded",
        ReturnReason.CANCEL: "Payment cancelled",
        ReturnReason.ABANDONED: "Checkout abandoned",
        ReturnReason.CANCELLED: "Order cancelled",
        ReturnReason.OVERCHARGED: "More paid than the order costs",
        ReturnReason.NOT_BOOKED: "Saleor did not record it",
        ReturnReason.STAFF: "Released by staff",
    }
)
# The sum that explains a rate.
_EXAMPLE_POINTS = 500


def words_of_spend_rule(says: SpendDraft) -> str:
    """Say in a line what a version says."""
    if not says.is_active:
        return "points cannot pay"
    worth = (Decimal(_EXAMPLE_POINTS) / says.points_per_unit).quantize(Decimal("0.01"))
    share = "up to the whole total" if says.greatest_share == 1 else f"up to {number(says.greatest_share * 100)} % of the total"
    parts = [f"{number(says.points_per_unit)} points pay 1.00 ({_EXAMPLE_POINTS} points pay {number(worth)})", share]
    if says.least_points > 1:
        parts.append(f"from {number(says.least_points)} points on")
    parts.append(f"an abandoned checkout gives points back after {number(says.hold_hours)} hours")
    parts.append("a cancelled order gives points back" if says.return_on_cancel else "a cancelled order keeps the points")
    if says.unpaid_orders:
        parts.append("points can also pay unpaid orders")
    return ", ".join(parts)
