"""The words of rewards: what one says, why it cannot be taken, and where one that was taken stands."""

from types import MappingProxyType

from app.domain.redemptions import RedemptionStage
from app.domain.rewards import RewardAmount, RewardKind, RewardRefusal, RewardTerms
from app.web.merchant.words import money, number

KIND_WORDS = MappingProxyType({RewardKind.AMOUNT: "Gift card", RewardKind.VOUCHER: "Voucher"})
CLOSED_WORDS = MappingProxyType(
    {
        RewardRefusal.ENDED: ("Off", "warning"),
        RewardRefusal.NOT_YET: ("Not begun", "info"),
        RewardRefusal.OVER: ("Over", ""),
        RewardRefusal.ALL_TAKEN: ("All taken", "warning"),
    }
)
REDEMPTION_WORDS = MappingProxyType(
    {
        RedemptionStage.ASKED: ("Points being taken", "info"),
        RedemptionStage.REFUSED: ("Not taken", ""),
        RedemptionStage.TAKEN: ("Code being made", "info"),
        RedemptionStage.GIVEN: ("Given", "success"),
        RedemptionStage.WITHDRAWING: ("Being withdrawn", "info"),
        RedemptionStage.RETURNING: ("Points going back", "info"),
        RedemptionStage.USED: ("Used", "success"),
        RedemptionStage.EXPIRED: ("Expired", ""),
        RedemptionStage.WITHDRAWN: ("Withdrawn", ""),
        RedemptionStage.NOT_MADE: ("Saleor made no code", "warning"),
    }
)
VOUCHER_KINDS = MappingProxyType(
    {"SHIPPING": "shipping", "ENTIRE_ORDER": "entire order", "SPECIFIC_PRODUCT": "specific products"}
)


def words_of_amount(one: RewardAmount) -> str:
    """Say what a gift card holds: 10.00 USD; any amount up to 50.00 USD, 100 points for 1.00."""
    held = money(one.amount, one.currency)
    if one.points_per_unit is None:
        return held
    return f"any amount up to {held}, {number(one.points_per_unit)} points for 1.00"


def words_of_reward(terms: RewardTerms) -> str:
    """Say in a line what a customer gets, and for how many points."""
    if terms.kind is RewardKind.VOUCHER:
        got = f"a code of the voucher {terms.voucher_name}".strip()
    else:
        got = "a gift card of " + " or ".join(words_of_amount(one) for one in terms.amounts)
    return _begun(got if terms.points is None else f"{number(terms.points)} points: {got}")


def words_of_limits(terms: RewardTerms) -> str:
    """Say for whom, how often and how long."""
    said = []
    if terms.limit_in_all is not None:
        said.append(f"{number(terms.limit_in_all)} in all")
    if terms.limit_each is not None:
        said.append(f"{number(terms.limit_each)} for each customer")
    if terms.channels:
        said.append(f"in the channels {', '.join(terms.channels)}")
    if terms.days_valid is None:
        said.append("a code is good for ever")
    else:
        comes_back = "what is unused comes back as points" if terms.return_on_expiry else "what is unused is lost"
        said.append(f"a code is good for {number(terms.days_valid)} days, then {comes_back}")
    if not terms.return_on_refund:
        return _begun(f"{', '.join(said)}; nothing comes back when an order is cancelled or refunded")
    return _begun(f"{', '.join(said)}; points come back when an order that used it is cancelled or refunded")


def _begun(text: str) -> str:
    """Begin a sentence: the names in it stay as they are."""
    return text[:1].upper() + text[1:]
