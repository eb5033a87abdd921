"""The calls of a storefront about rewards: which there are, take one, look at it, give it back."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, abort, jsonify, request

from app.domain.bounds import EMAIL_LENGTH_MAX, POINTS_MAX
from app.domain.rewards import RewardAmount, RewardRefusal, Wish
from app.errors import BadRequest
from app.usecases.api.find_caller import Caller
from app.usecases.api.idempotency import IdempotentRequest
from app.usecases.api.reward_once import RewardOnce
from app.usecases.rewards.offer_rewards import OfferedReward, offer_rewards
from app.usecases.rewards.redeem import RewardWish, redeem
from app.usecases.rewards.see_redemption import Redemption, see_redemption
from app.usecases.rewards.withdraw import withdraw
from app.usecases.services import Services
from app.web.points_api.arrays import is_customer
from app.web.points_api.till_calls import object_in_body, required

CONFLICT = 409
NO_REWARD = "This store has no such reward."
NO_REDEMPTION = "This store has no such redemption."
# An amount of money has no more digits than this.
AMOUNT_LENGTH_MAX = 20
TEXT_LENGTH_MAX = 256
# The largest number that the table can hold.
ID_MAX = 2**63 - 1

_SENTENCES = MappingProxyType(
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


def add_routes(
    routes: Blueprint, services: Services, caller: Callable[[], Caller], once: Callable[[str], IdempotentRequest | None]
) -> None:
    """Add the routes. `caller` finds out who calls, `once` reads the Idempotency-Key."""

    @routes.get("/rewards")
    def rewards() -> Response:
        offered = offer_rewards(services, caller().store_id, channel=request.args.get("channel", ""))
        return jsonify(rewards=[_offered(one) for one in offered])

    @routes.post("/rewards/<int:reward_id>/redeem")
    def take(reward_id: int) -> Response:
        who, key = caller(), required(once(f"redeem {reward_id}"))
        if reward_id > ID_MAX:
            abort(404, NO_REWARD)
        raw = object_in_body()
        asked = RewardWish(who.store_id, reward_id, _email_in(raw), _wish_in(raw))
        outcome = redeem(services, asked, once=RewardOnce(services.sealer, who, key))
        if outcome is None:
            abort(404, NO_REWARD)
        return _refused(outcome) if isinstance(outcome, RewardRefusal) else _redemption(outcome, status=201)

    @routes.get("/redemptions/<uuid:redemption_id>")
    def look_at_redemption(redemption_id: UUID) -> Response:
        found = see_redemption(services, caller().store_id, redemption_id)
        if found is None:
            abort(404, NO_REDEMPTION)
        return _redemption(found)

    @routes.post("/redemptions/<uuid:redemption_id>/withdraw")
    def take_back(redemption_id: UUID) -> Response:
        who = caller()
        if see_redemption(services, who.store_id, redemption_id) is None:
            abort(404, NO_REDEMPTION)
        try:
            withdraw(services, who.store_id, redemption_id, who=f"API key {who.key_id}")
        except BadRequest as refused:
            return _error("NOT_WITHDRAWN", refused.message)
        found = see_redemption(services, who.store_id, redemption_id)
        return _redemption(found) if found is not None else abort(404, NO_REDEMPTION)


def _email_in(raw: dict[str, Any]) -> str:
    email = raw.get("email")
    if not isinstance(email, str) or not is_customer(email.strip()):
        raise BadRequest(f"email must be an e-mail address of at most {EMAIL_LENGTH_MAX} characters.")
    return email.strip()


def _wish_in(raw: dict[str, Any]) -> Wish:
    points = raw.get("points")
    if points is not None and (type(points) is not int or not 0 < points <= POINTS_MAX):
        raise BadRequest(f"points must be a whole number from 1 to {POINTS_MAX}: what the customer was told that it costs.")
    return Wish(_text_in(raw, "currency").upper(), _amount_in(raw), _text_in(raw, "channel"), points)


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


def _offered(one: OfferedReward) -> dict[str, Any]:
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


def _amount(one: RewardAmount) -> dict[str, Any]:
    """Describe an amount. With `pointsPerUnit` the customer chooses one up to it, and 1.00 costs so many points."""
    per_unit = f"{one.points_per_unit:f}" if one.points_per_unit is not None else None
    return {"currency": one.currency, "amount": f"{one.amount:f}", "pointsPerUnit": per_unit}


def _redemption(one: Redemption, *, status: int = 200) -> Response:
    answer = jsonify(
        id=str(one.reference),
        rewardId=one.reward_id,
        name=one.name,
        points=one.points,
        stage=one.stage.value,
        code=one.code or None,
        currency=one.currency or None,
        amount=f"{one.amount:f}" if one.amount is not None else None,
        used=f"{one.used:f}" if one.used is not None else None,
        returnedPoints=one.returned_points,
        takenAt=one.taken_at.isoformat(),
        goodUntil=one.over_at.isoformat() if one.over_at is not None else None,
    )
    answer.status_code = status
    return answer


def _refused(why: RewardRefusal) -> Response:
    return _error(why.name, _SENTENCES[why])


def _error(code: str, message: str) -> Response:
    answer = jsonify(error={"code": code, "message": message})
    answer.status_code = CONFLICT
    return answer
