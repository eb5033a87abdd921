"""The calls of a storefront about rewards: which there are, take one, look at it, give it back."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, abort, jsonify, request

from app.domain.bounds import EMAIL_LENGTH_MAX
from app.domain.rewards import RewardRefusal
from app.errors import BadRequest
from app.usecases.api.find_caller import Caller
from app.usecases.api.idempotency import IdempotentRequest, mark_of
from app.usecases.api.reward_once import RewardOnce
from app.usecases.rewards.offer_rewards import offer_rewards
from app.usecases.rewards.redeem import RewardWish, redeem
from app.usecases.rewards.see_redemption import Redemption, see_redemption
from app.usecases.rewards.withdraw import withdraw
from app.usecases.services import Services
from app.web.points_api.arrays import is_customer
from app.web.points_api.till_calls import object_in_body, required
from app.web.reward_json import ID_MAX, NO_REWARD, REFUSALS, redemption_json, reward_json, wish_in

CONFLICT = 409
NO_REDEMPTION = "This store has no such redemption."


def add_routes(
    routes: Blueprint, services: Services, caller: Callable[[], Caller], once: Callable[[str], IdempotentRequest | None]
) -> None:
    """Add the routes. `caller` finds out who calls, `once` reads the Idempotency-Key."""

    @routes.get("/rewards")
    def rewards() -> Response:
        offered = offer_rewards(services, caller().store_id, channel=request.args.get("channel", ""))
        return jsonify(rewards=[reward_json(one) for one in offered])

    @routes.post("/rewards/<int:reward_id>/redeem")
    def take(reward_id: int) -> Response:
        who, key = caller(), required(once(f"redeem {reward_id}"))
        if reward_id > ID_MAX:
            abort(404, NO_REWARD)
        raw = object_in_body()
        asked = RewardWish(who.store_id, reward_id, _email_in(raw), wish_in(raw))
        keeping = RewardOnce(services.sealer, who.store_id, mark_of(who, key), key.body_mark)
        # It asks a Saleor for the code: few at once may wait for it.
        with services.bulkheads.programs.place(f"store {who.store_id}"):
            outcome = redeem(services, asked, once=keeping)
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


def _redemption(one: Redemption, *, status: int = 200) -> Response:
    answer = jsonify(redemption_json(one))
    answer.status_code = status
    return answer


def _refused(why: RewardRefusal) -> Response:
    return _error(why.name, REFUSALS[why])


def _error(code: str, message: str) -> Response:
    answer = jsonify(error={"code": code, "message": message})
    answer.status_code = CONFLICT
    return answer
