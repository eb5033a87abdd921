"""Rewards in JSON, in the words that the Points API and the storefront API share."""

from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from app.domain.bounds import POINTS_MAX
from app.domain.rewards import RewardAmount, RewardRefusal, Wish
from app.errors import BadRequest
from app.usecases.rewards.offer_rewards import OfferedReward
from app.usecases.rewards.see_redemption import Redemption

NO_REWARD = "This store has no such reward."
# An amount of money has no more digits than this.
AMOUNT_LENGTH_MAX = 20
TEXT_LENGTH_MAX = 256
# The largest number that the table can hold.
ID_MAX = 2**63 - 1

# Why a reward was not taken, for whoever writes the storefront.
REFUSALS = MappingProxyType(
    {
        RewardRefusal.ENDED: "This reward has ended.",
        RewardRefusal.NOT_YET: "This reward cannot be taken yet.",
        RewardRefusal.OVER: "The time of this reward is over.",
        RewardRefusal.CHANNEL: "This reward is for other channels. Name the shopper's channel.",
        RewardRefusal.CURRENCY: "This reward has no amount in this currency. Name the currency.",
        RewardRefusal.AMOUNT: "This amount cannot be taken: it is missing, not above 0, above the most, or has too many digits.",
        RewardRefusal.ALL_TAKEN: "This reward was taken as often as the shop gives it out.",
        RewardRefusal.YOURS_TAKEN: "This customer has taken this reward as often as each may.",
        RewardRefusal.PRICE: "This reward costs something else by now. Show the customer the new price.",
        RewardRefusal.NO_POINTS: "The customer has fewer points than that. Nothing was taken.",
        RewardRefusal.BUSY: "Another change of this customer's points is under way. Try again in some minutes.",
        RewardRefusal.TRY_AGAIN: "The points cannot be asked for at present. Try again in some minutes.",
    }
)


def wish_in(raw: dict[str, Any]) -> Wish:
    """Read what a customer asks for. Raises BadRequest with what is wrong."""
    points = raw.get("points")
    if points is not None and (type(points) is not int or not 0 < points <= POINTS_MAX):
        raise BadRequest(f"points must be a whole number from 1 to {POINTS_MAX}: what the customer was told that it costs.")
    return Wish(_text_in(raw, "currency").upper(), _amount_in(raw), _text_in(raw, "channel"), points)


def reward_json(one: OfferedReward) -> dict[str, Any]:
    """Describe a reward that can be taken now."""
    terms = one.terms
    return {
        "id": terms.reward_id,
        "kind": terms.kind.value,
        "name": terms.name,
        "text": terms.text,
        "pictureUrl": terms.picture_url or None,
        "points": terms.points,
        "amounts": [_amount(amount) for amount in terms.amounts],
        "channels": list(terms.channels),
        "startsAt": terms.starts_at.isoformat() if terms.starts_at is not None else None,
        "endsAt": terms.ends_at.isoformat() if terms.ends_at is not None else None,
        "daysValid": terms.days_valid,
        "left": one.left,
        "limitForEach": terms.limit_each,
    }


def redemption_json(one: Redemption) -> dict[str, Any]:
    """Describe a reward that a customer took, with its code where it can be used."""
    return {
        "id": str(one.reference),
        "rewardId": one.reward_id,
        "name": one.name,
        "points": one.points,
        "stage": one.stage.value,
        "code": one.code or None,
        "currency": one.currency or None,
        "amount": f"{one.amount:f}" if one.amount is not None else None,
        "used": f"{one.used:f}" if one.used is not None else None,
        "returnedPoints": one.returned_points,
        "takenAt": one.taken_at.isoformat(),
        "goodUntil": one.over_at.isoformat() if one.over_at is not None else None,
    }


def _text_in(raw: dict[str, Any], name: str) -> str:
    text = raw.get(name, "")
    if not isinstance(text, str) or len(text) > TEXT_LENGTH_MAX or not text.isprintable():
        raise BadRequest(f"{name} must be printable text of at most {TEXT_LENGTH_MAX} characters.")
    return text.strip()


def _amount_in(raw: dict[str, Any]) -> Decimal | None:
    """Read an amount. It is a text, because a number of JSON may lose digits on its way."""
    text = raw.get("amount")
    if text is None:
        return None
    wrong = BadRequest('amount must be a text of digits, such as "12.50".')
    if not isinstance(text, str) or not 0 < len(text) <= AMOUNT_LENGTH_MAX or not text.isascii():
        raise wrong
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise wrong from None
    if not amount.is_finite():
        raise wrong
    return amount


def _amount(one: RewardAmount) -> dict[str, Any]:
    """Describe an amount. With `pointsPerUnit` the customer chooses one up to it, and 1.00 costs so many points."""
    per_unit = f"{one.points_per_unit:f}" if one.points_per_unit is not None else None
    return {"currency": one.currency, "amount": f"{one.amount:f}", "pointsPerUnit": per_unit}
